//! The log of the real binary, after requests with secrets in every place.

use crate::support::client::Client;
use crate::support::{PASSWORD, PATIENCE};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Must not be in any log, wherever it was sent.
const SECRET: &str = "S3cret-canary-77";

struct Running {
    child: Child,
    client: Client,
    token: String,
}

/// Starts the binary with the log in a file; reads address and set-up token off its console.
fn start(dir: &Path) -> Running {
    let config = dir.join("indusmind.toml");
    let log = dir.join("indusmind.log");
    let text = format!("listen = \"127.0.0.1:0\"\nlog = \"debug\"\nlog_file = {log:?}\n");
    std::fs::write(&config, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_indusmind"))
        .args(["run", "--config"])
        .arg(&config)
        .arg("--data-dir")
        .arg(dir.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut after = |start: &str| {
        let line = lines.find_map(|line| Some(line.ok()?.strip_prefix(start)?.to_owned()));
        line.unwrap_or_else(|| panic!("the console never said {start:?}"))
    };
    let address = after("Listening on http://").parse().unwrap();
    let token = after("Set-up token: ");
    Running {
        child,
        client: Client::new(address),
        token,
    }
}

/// Stops it as systemd does; what it said on the console.
fn stop(mut child: Child) -> String {
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    let mut console = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut console).unwrap();
    assert!(child.wait().unwrap().success());
    console
}

async fn send(client: &Client, method: &str, path: &str) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = client
        .request(method, path)
        .header("cookie", format!("indusmind_refresh={SECRET}"))
        .header("user-agent", format!("agent {SECRET}"))
        .header("x-request-id", format!("<{SECRET}>"))
        .header("referer", format!("http://x/?token={SECRET}"));
    let request = request.json(&json!({ "email": SECRET, "password": SECRET,
        "token": SECRET, "code": SECRET }));
    request.timeout(PATIENCE).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_reaches_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path());
    let request = json!({ "token": running.token,
        "site": { "name": "Plant", "time_zone": "Africa/Tunis", "currency": "TND" },
        "administrator": { "email": "chief@plant.example", "name": "A", "password": PASSWORD } });
    running.client.post("/api/setup", &request).await.created();
    let chief = running.client.login("chief@plant.example", PASSWORD).await;
    for client in [&running.client, &chief, &chief.with_token(SECRET)] {
        for path in [
            "/api/auth/login",
            "/api/auth/refresh",
            "/api/auth/activate",
            "/api/auth/reset-password",
            "/api/setup",
            "/api/sites",
            "/ws",
            "/health",
            "/",
        ] {
            for method in ["GET", "POST"] {
                let path = format!("{path}?token={SECRET}&ticket={SECRET}&p={SECRET}");
                send(client, method, &path).await;
            }
        }
        send(
            client,
            "POST",
            &format!("/api/readings/devices/{SECRET}/readings"),
        )
        .await;
        send(client, "GET", &format!("/activate/{SECRET}")).await;
        send(client, "GET", &format!("/api/{SECRET}")).await;
        send(client, SECRET, "/api/sites").await;
    }
    let me = chief.get("/api/auth/me").await.data();
    let console = stop(running.child);
    let log = std::fs::read_to_string(dir.path().join("indusmind.log")).unwrap();
    for (name, text) in [("log", &log), ("console", &console)] {
        for secret in [
            SECRET,
            PASSWORD,
            &chief.token,
            &chief.refresh_token,
            &running.token,
        ] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is in the {name}");
        }
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let access: Vec<&Value> = lines
        .iter()
        .filter(|line| line["target"] == "access")
        .collect();
    let found = |route: &str, status: u16| {
        let mut access = access.iter().map(|line| &line["fields"]);
        access
            .find(|line| line["route"] == route && line["status"] == status)
            .unwrap_or_else(|| panic!("no line of {route} {status}"))
    };
    let line = found("/api/auth/me", 200);
    assert_eq!((&line["method"], &line["user"]), (&json!("GET"), &me["id"]));
    assert_eq!(line["address"], "127.0.0.1");
    assert!(line["bytes"].as_u64().unwrap() > 50 && line["ms"].is_u64());
    assert!(line["request_id"].as_str().unwrap().len() >= 8);
    found("/api/readings/devices/{serial}/readings", 401);
    assert!(
        access
            .iter()
            .any(|line| line["fields"]["method"] == "other")
    );
    // The console is for what happens to the plant.
    assert!(!console.contains("request_id"), "{console}");
    assert!(access.len() > 60, "{}", access.len());
}

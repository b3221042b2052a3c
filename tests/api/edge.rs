//! The edge of every request: ids, headers, limits, origins, and the second name of the API.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD, keys};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn with_header(client: &Client, path: &str, name: &str, value: &str) -> Reply {
    Reply::to(client.request(Method::GET, path).header(name, value)).await
}

#[tokio::test]
async fn an_unknown_path_of_the_api_is_refused_in_the_one_shape() {
    let (_appliance, chief) = Appliance::furnished().await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/v1/nothing",
        "/api/v2/equipment",
        "/ws/",
    ] {
        let refusal = chief.get(path).await.refused(404);
        assert!(refusal["details"].is_null(), "{path}");
        chief.post(path, &json!({})).await.refused(404);
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_changes_nothing() {
    let (_appliance, chief) = Appliance::furnished().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/equipment", "GET,HEAD,POST"),
        (Method::PUT, "/api/auth/me", "GET,HEAD"),
        (Method::GET, "/api/auth/login", "POST"),
        (Method::POST, "/", "GET, HEAD"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::DELETE, "/ws", "GET,HEAD"),
        (Method::GET, "/write", "POST"),
        (Method::PATCH, "/api/v1/equipment", "GET,HEAD,POST"),
    ] {
        let reply = Reply::to(chief.request(method, path)).await;
        reply.refused(405);
        assert_eq!(reply.header("allow"), allowed, "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_sane_request_id_is_echoed_and_any_other_replaced() {
    let (_appliance, chief) = Appliance::furnished().await;
    let longest = "a".repeat(64);
    for name in ["x-request-id", "x-correlation-id"] {
        for sane in ["12345678", "a-b_c.D-9", &longest] {
            for path in ["/api/sites", "/api/nothing", "/health", "/"] {
                let reply = with_header(&chief, path, name, sane).await;
                assert_eq!(reply.header(name), sane, "{path}");
            }
        }
        for odd in [
            "",
            "1234567",
            &"a".repeat(65),
            "with blank",
            "<script>",
            "a;b=c;d=e",
        ] {
            let reply = with_header(&chief, "/api/sites", name, odd).await;
            let made = reply.header(name);
            assert!(made.len() == 32 && made != odd, "{odd:?} became {made:?}");
        }
    }
    let (one, other) = (chief.get("/api/sites").await, chief.get("/api/sites").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    assert_eq!(one.header("x-request-id"), one.header("x-correlation-id"));
    let refusal = with_header(&chief, "/api/nothing", "x-request-id", "find-me-1").await;
    assert_eq!(refusal.refused(404)["request_id"], "find-me-1");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let (appliance, chief) = Appliance::furnished().await;
    let page = "default-src 'none'; script-src 'self'; style-src 'self'; \
        img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
        base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'";
    let stranger = appliance.client();
    for (client, path) in [
        (&chief, "/"),
        (&chief, "/index.html"),
        (&chief, "/equipment/7"),
        (&chief, "/assets/missing.js"),
        (&chief, "/api/equipment"),
        (&chief, "/api/nothing"),
        (&chief, "/health"),
        (&chief, "/openapi.json"),
        (&chief, "/api/auth/login"),
        (&chief, "/api/historical/consumption"),
        (&chief, "/ca.crt"),
        (&stranger, "/api/equipment"),
        (&stranger, "/ws"),
    ] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("content-security-policy"), page, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{path} {name}");
        }
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
    let docs = chief.get("/docs/").await;
    let policy = docs.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    for path in ["/api/equipment", "/api/setup", "/health", "/api/nothing"] {
        assert_eq!(
            chief.get(path).await.header("cache-control"),
            "no-store",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_has_at_most_a_megabyte() {
    let (appliance, chief) = Appliance::furnished().await;
    let padded = |length: usize| {
        let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
            "install_date": "2024-05-01" });
        let body = body.to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let post = async |client: &Client, path: &str, body: String| {
        let request = client.request(Method::POST, path).body(body);
        Reply::to(request.header("content-type", "application/json")).await
    };
    post(&chief, "/api/equipment", padded(1 << 20))
        .await
        .created();
    post(&chief, "/api/equipment", padded((1 << 20) + 1))
        .await
        .refused(413);
    for path in ["/api/setup", "/api/auth/login", "/api/auth/refresh"] {
        post(&appliance.client(), path, padded((1 << 20) + 1))
            .await
            .refused(413);
    }
    // Who is not signed in is refused before his body is read.
    post(&appliance.client(), "/api/equipment", padded(1 << 20))
        .await
        .refused(401);
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 1);
}

/// Sends the head of a question with a JSON body and these bytes behind it, and reads all that is
/// answered until the other side ends.
async fn converse(to: &Appliance, token: &str, length: &str, body: &[u8]) -> String {
    let stream = tokio::net::TcpStream::connect(to.address()).await.unwrap();
    let (mut from, mut into) = stream.into_split();
    let head = format!(
        "POST /api/equipment HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{length}\r\n\r\n",
        to.address()
    );
    into.write_all(head.as_bytes()).await.unwrap();
    // All of it is taken from who sends it, though it is refused.
    into.write_all(body).await.unwrap();
    let mut answer = String::new();
    from.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_comes() {
    let (appliance, chief) = Appliance::furnished().await;
    let long = 9 << 20;
    let said = format!("Content-Length: {long}");
    let piece = [b' '; 64 << 10];
    let chunk = [b"10000\r\n".as_slice(), &piece, b"\r\n"].concat();
    for (length, body) in [
        // Nothing of it ever comes.
        (said.as_str(), Vec::new()),
        // The sender goes on all the same, and reads the answer when he is done.
        (&said, vec![b' '; long]),
        // It does not say how long it is, and has no end.
        ("Transfer-Encoding: chunked", chunk.repeat(100)),
    ] {
        let answer = converse(&appliance, &chief.token, length, &body).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");
        let head = answer.to_ascii_lowercase();
        assert!(head.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    // Somebody who asks first whether he may send is told no, and no more.
    let asks = format!("{said}\r\nExpect: 100-continue");
    let answer = converse(&appliance, &chief.token, &asks, b"").await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn an_answer_comes_whole_though_nobody_needs_the_body_that_comes_late() {
    let (appliance, chief) = Appliance::furnished().await;
    let stream = tokio::net::TcpStream::connect(appliance.address()).await;
    let mut stream = stream.unwrap();
    let head = format!(
        "POST /api/system/support-bundle HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
        appliance.address(),
        chief.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The answer is made and sent; only then the body comes, and the client reads after that.
    stream.readable().await.unwrap();
    stream.write_all(b"{}").await.unwrap();
    stream.writable().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.eq_ignore_ascii_case("content-length")).then(|| value.trim().parse::<usize>().ok())?
    });
    assert_eq!(length, Some(body.len()), "{head}");
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let (_appliance, chief) = Appliance::furnished().await;
    let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
    let post = async |content_type: Option<&str>| {
        let mut request = chief
            .request(Method::POST, "/api/auth/login")
            .body(body.clone());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        Reply::to(request).await
    };
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "json",
    ] {
        post(Some(other)).await.refused(415);
    }
    post(None).await.refused(415);
    for json in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        post(Some(json)).await.data();
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_change_anything() {
    let (appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let from = async |origin: &str, method: Method| {
        let request = chief.request(method, "/api/equipment").json(&body);
        Reply::to(request.header("origin", origin)).await
    };
    let port = appliance.address().port();
    for other in [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        format!("http://127.0.0.1:{}", port ^ 1),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        String::new(),
    ] {
        from(&other, Method::POST).await.refused(403);
        // It may ask; the browser does not let it see the answer.
        from(&other, Method::GET).await.data();
    }
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 0);
    from(&format!("http://127.0.0.1:{port}"), Method::POST)
        .await
        .created();
}

#[tokio::test]
async fn the_api_has_a_second_name() {
    let (appliance, chief) = Appliance::furnished().await;
    let request = json!({ "email": EMAIL, "password": PASSWORD });
    let session = appliance
        .client()
        .post("/api/v1/auth/login", &request)
        .await
        .data();
    let twin = appliance.client().with_session(&session);
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let made = twin.post("/api/v1/equipment", &body).await.created();
    let id = made["id"].as_str().unwrap();
    for path in [
        "sites",
        "equipment",
        &format!("equipment/{id}"),
        "realtime/meters",
        "auth/me",
    ] {
        let (one, two) = tokio::join!(
            async { chief.get(&format!("/api/{path}")).await.data() },
            async { chief.get(&format!("/api/v1/{path}")).await.data() }
        );
        assert_eq!(keys(&one), keys(&two), "{path}");
        if path != "auth/me" {
            assert_eq!(one, two, "{path}");
        }
    }
    appliance
        .client()
        .get("/api/v1/equipment")
        .await
        .refused(401);
}

#[tokio::test]
async fn a_large_answer_is_compressed_when_asked() {
    let (_appliance, chief) = Appliance::furnished().await;
    let zipped = with_header(&chief, "/api/profiles", "accept-encoding", "gzip").await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert!(
        zipped
            .header("vary")
            .to_lowercase()
            .contains("accept-encoding")
    );
    assert_eq!(
        chief.get("/api/profiles").await.header("content-encoding"),
        ""
    );
}

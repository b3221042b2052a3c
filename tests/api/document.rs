//! The API document: true, committed, and readable without internet.

use crate::support::Appliance;
use crate::support::client::{Client, Reply};
use crate::support::forms::{jpg, pdf, png, send_file};
use reqwest::Method;
use serde_json::{Value, json};

/// What the page's types are made from.
const COMMITTED: &str = include_str!("../../frontend/openapi.json");

/// Method, path and operation of every route.
fn operations(document: &Value) -> Vec<(Method, String, &Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push((
                method,
                path.replace("{id}", "01a1fc32-7959-7208-9b0d-bfecd1744b85"),
                operation,
            ));
        }
    }
    assert!(all.len() >= 20, "{} routes are few", all.len());
    all
}

#[tokio::test]
async fn the_committed_document_is_what_is_spoken() {
    let spoken = indusmind::web::document().unwrap();
    assert!(
        COMMITTED == spoken,
        "frontend/openapi.json is not what the server speaks. Make it anew with `make api` (the \
         document is what `indusmind openapi` prints) and commit it with the types of the page."
    );
    let appliance = Appliance::new().await;
    let served = appliance.client().get("/openapi.json").await;
    assert_eq!(served.status, 200);
    let committed: Value = serde_json::from_str(COMMITTED).unwrap();
    assert_eq!(served.json(), committed);
    assert!(committed["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(committed["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        // Types that are generated for a client have one name per operation.
        assert!(
            seen.insert(name.clone()),
            "{method} {path}: {name} is taken, set operation_id"
        );
    }
}

/// What stands beside a closed part is a field too many for it: such a schema allows nothing.
#[test]
fn no_part_of_a_schema_is_closed_to_the_fields_beside_it() {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut parts = 0;
    for (name, schema) in schemas {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let Some(reference) = part["$ref"].as_str() else {
                continue;
            };
            let of = &schemas[reference.rsplit('/').next().unwrap()];
            parts += 1;
            assert_ne!(of["additionalProperties"], false, "{reference} in {name}");
        }
    }
    assert!(parts > 8, "{parts}");
}

#[tokio::test]
async fn every_protected_route_asks_for_a_token() {
    let (appliance, chief) = Appliance::furnished().await;
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let stranger = appliance.client();
    let forger = chief.with_token("x.y.z");
    let mut public = Vec::new();
    for (method, path, operation) in operations(&document) {
        if operation["security"] == json!([{}]) {
            public.push(format!("{method} {path}"));
            continue;
        }
        for base in ["/api", "/api/v1"] {
            for client in [&stranger, &forger] {
                let request = client.request(method.clone(), &format!("{base}{path}"));
                Reply::to(request.json(&json!({}))).await.refused(401);
            }
        }
    }
    public.sort();
    let expected = [
        "GET /setup",
        "POST /auth/2fa/login",
        "POST /auth/activate",
        "POST /auth/forgot-password",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/request-reset",
        "POST /auth/reset-password",
        "POST /kiosk/pairing",
        "POST /kiosk/session",
        "POST /setup",
        "POST /setup/backups",
        "POST /setup/restore",
    ];
    assert_eq!(
        public, expected,
        "the document has a route that asks for nothing"
    );
}

#[tokio::test]
async fn every_documented_route_exists() {
    let (_appliance, chief) = Appliance::furnished().await;
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    // The sign-out comes last: it ends the session that asks.
    let (mut all, last): (Vec<_>, Vec<_>) = operations(&document)
        .into_iter()
        .partition(|(_, path, _)| path != "/auth/logout");
    assert_eq!(last.len(), 1);
    all.extend(last);
    for (method, path, operation) in all {
        let request = chief.request(method.clone(), &format!("/api{path}"));
        let reply = Reply::to(request.json(&json!({}))).await;
        assert_ne!(reply.status, 405, "{method} {path}");
        assert!(
            reply.status < 500 || reply.status == 503,
            "{method} {path}: {}",
            reply.text
        );
        let unknown = reply.text.contains("There is no API path");
        assert!(!unknown, "{method} {path}: {}", reply.text);
        let told = &operation["responses"];
        let described = told.get(reply.status.to_string()).is_some();
        assert!(described, "{method} {path}: {}", reply.status);
    }
}

/// The relative files that the reader of the document consists of.
async fn parts_of_docs(client: &Client) -> Vec<(String, String)> {
    let page = client.get("/docs/").await;
    assert_eq!(page.status, 200);
    let mut parts = vec![("/docs/".to_owned(), page.text.clone())];
    for name in ["src=\"", "href=\""] {
        for part in page.text.split(name).skip(1) {
            let link = part.split('"').next().unwrap();
            let outside = link.contains("//") || link.starts_with("data:");
            assert!(!outside, "{link} leads outside");
            let path = format!("/docs/{}", link.trim_start_matches("./"));
            let file = client.get(&path).await;
            assert_eq!(file.status, 200, "{path}");
            parts.push((path, file.text));
        }
    }
    parts
}

#[tokio::test]
async fn the_document_is_readable_without_internet() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let short = client.get("/docs").await;
    assert!(
        [200, 303, 307, 308].contains(&short.status),
        "{}",
        short.status
    );
    let parts = parts_of_docs(&client).await;
    assert!(
        parts.len() >= 4,
        "{:?}",
        parts.iter().map(|(path, _)| path).collect::<Vec<_>>()
    );
    let (_, start) = parts
        .iter()
        .find(|(path, _)| path.ends_with("start.js"))
        .expect("the reader is told what to read");
    assert!(start.contains("url: \"/openapi.json\""), "{start}");
    assert!(
        start.contains("validatorUrl: null"),
        "it asks a service on the internet"
    );
    // The bundle names its licences and name spaces; it loads nothing.
    let own = parts
        .iter()
        .filter(|(path, _)| !path.contains("swagger-ui-"));
    for (path, text) in own {
        // The name space of a drawing is an address that nobody opens.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http://", "https://", "url(//", "src=\"//"] {
            assert!(!text.contains(outside), "{path} names an outside address");
        }
    }
    // It is kept packed, and goes out packed only to who can read that.
    for (asks, packed) in [
        ("gzip, br", true),
        ("gzip;q=0.5", true),
        ("gzip;q=0", false),
        ("identity", false),
    ] {
        let request = client.request(Method::GET, "/docs/swagger-ui.css");
        let reply = Reply::to(request.header("accept-encoding", asks)).await;
        assert_eq!(reply.status, 200, "{asks}");
        let coding = reply.headers.get("content-encoding");
        assert_eq!(
            coding.is_some_and(|coding| coding == "gzip"),
            packed,
            "{asks}"
        );
        assert_eq!(reply.text.contains(".swagger-ui"), !packed, "{asks}");
    }
    // What the bundle might still try, the browser forbids.
    let policy = client.get("/docs/").await;
    let policy = policy.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src 'self' data:",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
}

/// A write may be refused line by line or as a whole, in two shapes: programs are told of both.
#[tokio::test]
async fn a_write_that_is_refused_answers_in_a_shape_of_the_document() {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let said = &document["paths"]["/v2/write"]["post"]["responses"]["400"]["content"];
    let named = said["application/json"]["schema"]["$ref"].as_str().unwrap();
    let shapes = &document["components"]["schemas"][named.rsplit('/').next().unwrap()]["oneOf"];
    let required = |shape: &Value| {
        let name = shape["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        document["components"]["schemas"][name]["required"].clone()
    };
    let shapes: Vec<Value> = shapes.as_array().unwrap().iter().map(required).collect();
    assert_eq!(shapes.len(), 2);
    let (_appliance, chief) = Appliance::furnished().await;
    for (query, body) in [("interval=", "m f=1"), ("", "no line at all")] {
        let path = format!("/api/v2/write?{query}");
        let reply = Reply::to(chief.request(Method::POST, &path).body(body)).await;
        assert_eq!(reply.status, 400, "{}", reply.text);
        let told = reply.json();
        let fits = |required: &&Value| {
            let mut names = required.as_array().unwrap().iter();
            names.all(|name| told.get(name.as_str().unwrap()).is_some())
        };
        assert_eq!(shapes.iter().filter(fits).count(), 1, "{told}");
    }
}

/// Whoever generates a client from the document is told each type in which a file may come.
#[tokio::test]
async fn a_file_is_of_a_type_that_the_document_names() {
    let document: Value = serde_json::from_str(COMMITTED).unwrap();
    let named = |route: &str| -> Vec<String> {
        let content = &document["paths"][route]["get"]["responses"]["200"]["content"];
        content.as_object().unwrap().keys().cloned().collect()
    };
    let (_appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let id = chief.add_equipment(&body).await;
    let documents = format!("/api/equipment/{id}/documents");
    let photo = format!("/api/equipment/{id}/photo");
    let mut files = Vec::new();
    let sent = [
        ("a.pdf", pdf("a")),
        ("a.png", png(9, 9, b"")),
        ("a.jpg", jpg(9, 9, b"")),
        ("a.txt", b"Text.".to_vec()),
        ("a.csv", b"a,b\n1,2\n".to_vec()),
    ];
    for (name, content) in sent {
        let made = send_file(&chief, &documents, name, &content).await;
        let document = made.created()["id"].as_str().unwrap().to_owned();
        let route = "/equipment/{id}/documents/{document}";
        files.push((route, format!("{documents}/{document}")));
    }
    let day = "/api/historical/export?from=2026-11-17&to=2026-11-18&resolution=1hour&format=";
    files.push(("/historical/export", format!("{day}xlsx")));
    files.push(("/historical/export", format!("{day}csv")));
    let asked = json!({ "template": "data_quality" });
    let made = crate::reports::made_of(&chief, asked).await;
    let report = crate::reports::id_of(&made["report"]);
    for format in ["pdf", "xlsx", "csv", "html"] {
        let path = format!("/api/reports/export/{report}?format={format}");
        files.push(("/reports/export/{id}", path));
    }
    for format in ["csv", "json"] {
        files.push((
            "/audit/export",
            format!("/api/audit/export?format={format}"),
        ));
    }
    let is_named = async |route: &str, path: &str| {
        let answer = chief.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let kind = answer.headers()["content-type"].to_str().unwrap();
        let kind = kind.split(';').next().unwrap().to_owned();
        assert!(named(route).contains(&kind), "{path}: {kind}");
    };
    for (route, path) in &files {
        is_named(route, path).await;
    }
    for content in [png(9, 9, b""), jpg(9, 9, b"")] {
        send_file(&chief, &photo, "p", &content).await.data();
        is_named("/equipment/{id}/photo", &photo).await;
    }
}

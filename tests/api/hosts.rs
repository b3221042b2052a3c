//! Under which names the appliance answers, and which pages of others may ask.

use crate::support::client::{Client, Reply};
use crate::support::https::{ask, get};
use crate::support::{Appliance, EMAIL, PASSWORD, START};
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpStream;

const WALL: &str = "https://wall.example";

async fn as_host(appliance: &Appliance, path: &str, host: &str) -> u16 {
    let io = TcpStream::connect(appliance.address()).await.unwrap();
    ask(io, &get(path, host)).await.status
}

#[tokio::test]
async fn a_stranger_whose_name_points_here_gets_nothing() {
    let ours = |config: &mut indusmind::config::Config| {
        assert!(config.edge.names.add("meters.example"));
    };
    let appliance = Appliance::with(START, ours).await;
    let port = appliance.address().port();
    for path in ["/", "/api/setup", "/health", "/ca.crt", "/openapi.json"] {
        for other in [
            "evil.example",
            &format!("evil.example:{port}"),
            "localhost.evil.example",
        ] {
            assert_eq!(
                as_host(&appliance, path, other).await,
                403,
                "{path} {other}"
            );
        }
    }
    for host in [
        "localhost",
        "meters.example",
        "10.9.8.7:80",
        "[::1]",
        "METERS.example.",
    ] {
        assert_eq!(as_host(&appliance, "/api/setup", host).await, 200, "{host}");
    }
    for head in [
        "GET /api/setup HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /api/setup HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ] {
        let io = TcpStream::connect(appliance.address()).await.unwrap();
        assert_eq!(ask(io, head).await.status, 400, "{head}");
    }
    let absolute = "GET http://evil.example/api/setup HTTP/1.1\r\nHost: localhost\r\n\
                    Connection: close\r\n\r\n";
    let io = TcpStream::connect(appliance.address()).await.unwrap();
    assert_eq!(ask(io, absolute).await.status, 403);
}

async fn from(client: &Client, origin: &str, method: Method, path: &str) -> Reply {
    let request = client.request(method, path).header("origin", origin);
    Reply::to(request.header("access-control-request-method", "POST")).await
}

#[tokio::test]
async fn a_listed_page_may_use_the_api_and_no_other_may() {
    let listed = |config: &mut indusmind::config::Config| {
        config.edge.cors_origins = vec![WALL.to_owned()];
    };
    let appliance = Appliance::with(START, listed).await;
    appliance.set_up().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let asked = from(&chief, WALL, Method::OPTIONS, "/api/equipment").await;
    assert_eq!(asked.status, 204);
    assert_eq!(asked.header("access-control-allow-origin"), WALL);
    assert!(
        asked
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    assert_eq!(asked.header("access-control-allow-credentials"), "");
    let read = from(&chief, WALL, Method::GET, "/api/sites").await;
    read.data();
    assert_eq!(read.header("access-control-allow-origin"), WALL);
    assert!(read.headers("vary").join(",").contains("Origin"));
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let change = chief.request(Method::POST, "/api/equipment").json(&body);
    Reply::to(change.header("origin", WALL)).await.created();
    // Its page gets tokens in bodies, never by the cookie of ours.
    let refresh = json!({ "cookie": true });
    let refresh = chief
        .request(Method::POST, "/api/auth/refresh")
        .json(&refresh);
    Reply::to(refresh.header("origin", WALL)).await.refused(403);
    from(&chief, WALL, Method::GET, "/ws").await.refused(403);
    for other in ["https://other.example", "http://wall.example", "null"] {
        let asked = from(&chief, other, Method::OPTIONS, "/api/equipment").await;
        asked.refused(405);
        assert_eq!(asked.header("access-control-allow-origin"), "", "{other}");
        let read = from(&chief, other, Method::GET, "/api/sites").await;
        assert_eq!(read.header("access-control-allow-origin"), "", "{other}");
        from(&chief, other, Method::POST, "/api/equipment")
            .await
            .refused(403);
    }
}

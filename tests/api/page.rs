//! The embedded page: its files, and the page itself for every path of its own.

use crate::support::Appliance;
use crate::support::client::{Client, Reply};
use reqwest::Method;

/// The files that a page links to.
fn links(html: &str) -> Vec<String> {
    let quoted = |name: &str| {
        let start = format!("{name}=\"");
        let parts = html.split(start.as_str()).skip(1);
        let target = |part: &str| part.split('"').next().unwrap().to_owned();
        parts.map(target).collect::<Vec<_>>()
    };
    let mut all = quoted("src");
    all.extend(quoted("href"));
    all
}

async fn if_none_match(client: &Client, path: &str, tag: &str) -> Reply {
    Reply::to(
        client
            .request(Method::GET, path)
            .header("if-none-match", tag),
    )
    .await
}

#[tokio::test]
async fn every_path_of_the_page_is_the_page() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let page = client.get("/").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(page.text.contains("<div id=\"app\">"), "{}", page.text);
    for path in [
        "/index.html",
        "/login",
        "/setup",
        "/equipment",
        "/equipment/7/edit",
        "/apiary",
    ] {
        let reply = client.get(path).await;
        assert_eq!((reply.status, &reply.text), (200, &page.text), "{path}");
        assert_eq!(reply.header("cache-control"), "no-cache", "{path}");
    }
    let head = Reply::to(client.request(Method::HEAD, "/equipment")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn what_the_page_links_to_is_there_with_its_type() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let page = client.get("/").await;
    let links = links(&page.text);
    assert!(links.len() >= 3, "{links:?}");
    for link in links {
        assert!(
            link.starts_with('/') && !link.starts_with("//"),
            "{link} leads outside"
        );
        let file = client.get(&link).await;
        assert_eq!(file.status, 200, "{link}");
        let expected = match link.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "webmanifest" => "application/manifest+json",
            other => panic!("{link}: which type is .{other}?"),
        };
        assert_eq!(file.header("content-type"), expected, "{link}");
        assert!(!file.text.is_empty(), "{link}");
    }
}

#[tokio::test]
async fn a_missing_file_is_missing_and_not_the_page() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    for path in [
        "/assets/index-00000000.js",
        "/missing.css",
        "/favicon.ico",
        "/.env",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/assets/..%2f..%2fCargo.toml",
    ] {
        let reply = client.get(path).await;
        reply.refused(404);
        assert!(!reply.text.contains("[package]"), "{path}");
    }
}

#[tokio::test]
async fn a_file_is_sent_once_and_then_remembered() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let page = client.get("/").await;
    let script = links(&page.text)
        .into_iter()
        .find(|link| link.starts_with("/assets/"));
    let script = script.expect("the page has a script of its own");
    for (path, cache) in [
        (script.as_str(), "public, max-age=31536000, immutable"),
        ("/", "no-cache"),
        ("/favicon.svg", "no-cache"),
    ] {
        let first = client.get(path).await;
        assert_eq!(first.header("cache-control"), cache, "{path}");
        let tag = first.header("etag").to_owned();
        assert!(
            tag.len() > 8 && tag.starts_with('"') && tag.ends_with('"'),
            "{path}: {tag}"
        );
        let again = if_none_match(&client, path, &tag).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
        assert_eq!(
            (again.header("etag"), again.header("cache-control")),
            (tag.as_str(), cache)
        );
        let other = if_none_match(&client, path, "\"0123456789abcdef\"").await;
        assert_eq!((other.status, &other.text), (200, &first.text), "{path}");
    }
}

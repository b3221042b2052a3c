//! API tokens: shown once, reaching what their scopes name, and nothing after their end.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, keys};
use indusmind::base::Timestamp;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

/// Makes a token; its secret and what is shown of it.
pub async fn make(chief: &Client, scopes: &[&str]) -> (String, Value) {
    let request = json!({ "name": "Telegraf in hall 2", "scopes": scopes });
    let made = chief.post("/api/api-tokens", &request).await.created();
    (made["token"].as_str().unwrap().to_owned(), made)
}

const HISTORY: &str = "/api/historical/consumption?from=2026-11-20&to=2026-11-21&resolution=1hour";

#[tokio::test]
async fn the_secret_is_shown_once_and_not_kept() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let (secret, made) = make(&chief, &["readings:write"]).await;
    // 256 bits in base64url.
    assert!(
        secret.starts_with("imt_") && secret.len() == 4 + 43,
        "{secret}"
    );
    let year = appliance.now().plus_ms(365 * DAY_MS);
    assert_eq!(made["expires_at"], json!(year));
    assert_eq!(
        (&made["site"], &made["created_by"]),
        (&json!("site_a"), &json!("chief@plant.example"))
    );
    assert!(made["last_used_at"].is_null());

    let list = chief.get("/api/api-tokens").await;
    assert!(!list.text.contains(&secret[8..]), "{}", list.text);
    let listed = list.data()["items"][0].clone();
    assert_eq!(made["prefix"], secret[..8]);
    let shown = [
        "addresses",
        "created_at",
        "created_by",
        "expires_at",
        "id",
        "last_used_at",
        "last_used_from",
        "name",
        "places",
        "prefix",
        "scopes",
        "site",
    ];
    assert_eq!(keys(&listed), shown);
    let entry = chief.audit().await.remove(0);
    assert_eq!(entry["action"], "api_token.create");
    assert_eq!(
        entry["resource"],
        format!("api_token/{}", listed["id"].as_str().unwrap())
    );
    assert!(!entry.to_string().contains(&secret[4..8]));
    appliance.stop().await;
    let file = std::fs::read(appliance.data_file()).unwrap();
    let found = file
        .windows(secret.len() - 4)
        .any(|part| part == &secret.as_bytes()[4..]);
    assert!(!found, "the data file holds a usable token");
    appliance.start().await;
    let program = appliance.client().with_token(&secret);
    assert_eq!(
        program_writes(&program).await.status,
        204,
        "it survives a restart"
    );
}

/// Writes nothing, which is allowed to whoever may write.
async fn program_writes(program: &Client) -> Reply {
    Reply::to(program.request(Method::POST, "/api/v2/write")).await
}

#[tokio::test]
async fn a_token_reaches_what_its_scopes_name_and_no_more() {
    let (appliance, chief) = Appliance::furnished().await;
    let stranger = appliance.client();
    let writer = stranger.with_token(&make(&chief, &["readings:write"]).await.0);
    let reader = stranger.with_token(&make(&chief, &["readings:read"]).await.0);
    let both = stranger.with_token(&make(&chief, &["readings:read", "readings:write"]).await.0);
    for (program, writes, reads) in [(&writer, 204, 403), (&reader, 403, 200), (&both, 204, 200)] {
        assert_eq!(program_writes(program).await.status, writes);
        assert_eq!(program.get(HISTORY).await.status, reads);
    }
    // Everything else is closed to it, said so, and done by nobody.
    let log = chief.audit().await.len();
    for path in [
        "/api/equipment",
        "/api/sites",
        "/api/audit",
        "/api/api-tokens",
        "/api/auth/me",
    ] {
        for program in [&both, &writer] {
            program.get(path).await.refused(403);
        }
    }
    let more = json!({ "name": "x", "scopes": ["readings:read"] });
    both.post("/api/api-tokens", &more).await.refused(403);
    both.post("/api/auth/ws-ticket", &json!({}))
        .await
        .refused(403);
    assert_eq!(chief.audit().await.len(), log);
}

#[tokio::test]
async fn both_schemes_are_read_and_no_secret_in_an_address() {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = make(&chief, &["readings:write"]).await;
    let stranger = appliance.client();
    for (scheme, status) in [
        ("Token", 204),
        ("token", 204),
        ("Bearer", 204),
        ("Basic", 401),
    ] {
        for path in [
            "/api/v2/write?org=o&bucket=b",
            "/api/v1/v2/write",
            "/write?db=plant",
        ] {
            let request = stranger.request(Method::POST, path);
            let request = request.header(AUTHORIZATION, format!("{scheme} {secret}"));
            assert_eq!(Reply::to(request).await.status, status, "{scheme} {path}");
        }
    }
    let session = stranger.request(Method::POST, "/api/v2/write");
    let session = session.header(AUTHORIZATION, format!("Token {}", chief.token));
    Reply::to(session).await.refused(401);
    for query in [
        format!("u=telegraf&p={secret}"),
        format!("token={secret}"),
        "p=".to_owned(),
    ] {
        for client in [&stranger, &chief] {
            let request = client.request(Method::POST, &format!("/write?db=plant&{query}"));
            let refusal = Reply::to(request).await.refused(400);
            let sentence = refusal["error"].as_str().unwrap();
            assert!(
                sentence.contains("Authorization") && !sentence.contains(&secret),
                "{sentence}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_that_ended_or_was_deleted_is_worth_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let soon = appliance.now().plus_ms(60_000);
    let request = json!({ "name": "short", "scopes": ["readings:write"], "expires_at": soon });
    let made = chief.post("/api/api-tokens", &request).await.created();
    let short = appliance
        .client()
        .with_token(made["token"].as_str().unwrap());
    assert_eq!(program_writes(&short).await.status, 204);
    appliance.advance(60_000);
    short.get(HISTORY).await.refused(401);
    program_writes(&short).await.refused(401);

    let (secret, made) = make(&chief, &["readings:write"]).await;
    let program = appliance.client().with_token(&secret);
    assert_eq!(program_writes(&program).await.status, 204);
    let path = format!("/api/api-tokens/{}", made["id"].as_str().unwrap());
    chief.delete(&path).await.data();
    program_writes(&program).await.refused(401);
    chief.delete(&path).await.refused(404);
    chief.delete("/api/api-tokens/7").await.refused(404);
    assert_eq!(chief.audit().await[0]["action"], "api_token.delete");
    let nearly = program.with_token(&format!("imt_{}", "A".repeat(43)));
    program_writes(&nearly).await.refused(401);
}

#[tokio::test]
async fn the_last_use_is_told_by_the_hour() {
    let (appliance, chief) = Appliance::furnished().await;
    let (secret, _) = make(&chief, &["readings:write"]).await;
    let program = appliance.client().with_token(&secret);
    let last =
        || async { chief.get("/api/api-tokens").await.data()["items"][0]["last_used_at"].clone() };
    assert!(last().await.is_null());
    for (minutes, hour) in [
        (0, "2026-11-21T08:00:00Z"),
        (20, "2026-11-21T08:00:00Z"),
        (15, "2026-11-21T09:00:00Z"),
    ] {
        appliance.advance(minutes * 60_000);
        program_writes(&program).await;
        assert_eq!(last().await, json!(hour.parse::<Timestamp>().unwrap()));
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let (appliance, chief) = Appliance::furnished().await;
    let now = appliance.now();
    let with = |name: &str, value: Value| {
        let mut request = json!({ "name": "x", "scopes": ["readings:read"] });
        request[name] = value;
        request
    };
    for (request, path) in [
        (with("name", json!(" ")), "name"),
        (with("name", json!("x".repeat(121))), "name"),
        (with("scopes", json!([])), "scopes"),
        (with("scopes", json!(["everything"])), "scopes[0]"),
        (with("expires_at", json!(now)), "expires_at"),
        (
            with("expires_at", json!(now.plus_ms(732 * DAY_MS))),
            "expires_at",
        ),
        (with("site", json!("site_z")), "site"),
        (with("secret", json!("mine")), "secret"),
    ] {
        let reply = chief.post("/api/api-tokens", &request).await;
        assert_eq!(reply.bad_fields(), [path], "{request}");
    }
    assert_eq!(chief.get("/api/api-tokens").await.data()["total"], 0);
    for odd in ["plant", "10.0.0.0/33"] {
        let request = with("addresses", json!(["10.0.0.1", odd]));
        let reply = chief.post("/api/api-tokens", &request).await;
        assert_eq!(reply.bad_fields(), ["addresses"], "{odd}");
    }
    assert_eq!(chief.get("/api/api-tokens").await.data()["total"], 0);
    let two_years = with("expires_at", json!(now.plus_ms(730 * DAY_MS)));
    chief.post("/api/api-tokens", &two_years).await.created();
}

#[tokio::test]
async fn a_token_works_from_its_addresses_only_and_tells_from_where() {
    let (appliance, chief) = Appliance::furnished().await;
    for (addresses, status) in [
        (json!(["127.0.0.0/8"]), 204),
        (json!(["10.0.3.17", "::1", "127.0.0.1"]), 204),
        (json!(["10.0.3.17", "192.168.0.0/16"]), 403),
    ] {
        let request = json!({ "name": "x", "scopes": ["readings:write"], "addresses": addresses });
        let made = chief.post("/api/api-tokens", &request).await.created();
        assert_eq!(made["addresses"], addresses);
        let program = appliance
            .client()
            .with_token(made["token"].as_str().unwrap());
        assert_eq!(program_writes(&program).await.status, status, "{addresses}");
    }
    let list = chief.get("/api/api-tokens").await.data();
    let from: Vec<_> = (0..3)
        .map(|n| &list["items"][n]["last_used_from"])
        .collect();
    assert_eq!(
        from,
        [&json!("127.0.0.1"), &json!("127.0.0.1"), &Value::Null]
    );
}

#[tokio::test]
async fn a_program_may_see_the_equipment_of_its_site() {
    let (appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let mine = chief.add_equipment(&body).await;
    let registry = &appliance.context().registry;
    let input = serde_json::from_value(body).unwrap();
    let console = indusmind::store::audit::Actor::console();
    let theirs = registry.create(input, "site_b", console).await.unwrap().id;
    let program = appliance.client();
    let program = program.with_token(&make(&chief, &["equipment:read"]).await.0);
    assert_eq!(program.get("/api/equipment").await.data()["total"], 1);
    program.get(&format!("/api/equipment/{mine}")).await.data();
    program
        .get(&format!("/api/equipment/{theirs}"))
        .await
        .refused(404);
    // What is measured there is another scope, and changing it is none.
    program
        .get(&format!("/api/equipment/{mine}/live"))
        .await
        .refused(403);
    program
        .delete(&format!("/api/equipment/{mine}"))
        .await
        .refused(403);
}

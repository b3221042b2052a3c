//! Dangerous actions want a fresh proof of who is at the screen.

use crate::permissions::{ADMIN, TABLE};
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, PASSWORD};
use indusmind::auth::{Role, access};
use indusmind::base::EquipmentId;
use reqwest::Method;
use serde_json::json;

/// What only administrators change, and needs no proof: it lets nobody in.
const LETS_NOBODY_IN: &[&str] = &[
    "/api/admin/users/{user}/unlock",
    "/api/v2/write",
    "/api/security/log",
    "/api/kiosks/{kiosk}",
    "/api/notifications/policies",
    "/api/notifications/policies/{policy}",
    "/api/notifications/log/{letter}/retry",
    "/api/notifications/settings",
    "/api/backups",
    "/api/sites",
    "/api/system/support-bundle",
    "/api/backups/{id}/verify",
    "/api/jobs/{id}/cancel",
    "/api/update/bundle",
    "/api/update/check",
];

#[test]
fn what_only_administrators_change_wants_a_proof_or_lets_nobody_in() {
    let changes = TABLE.iter().filter(|(method, ..)| *method != "GET");
    for (method, path, _) in changes.filter(|(.., allowed)| *allowed == ADMIN) {
        let route = path.strip_prefix("/api").unwrap();
        let route = route.replace("{user}", "{id}").replace("{guest}", "{id}");
        let route = route.replace("{outlet}", "{kind}");
        let wants = access::wants_proof(method, &route).is_some();
        assert!(wants != LETS_NOBODY_IN.contains(path), "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_dangerous_wants_a_fresh_proof() {
    let (appliance, chief) = Appliance::furnished().await;
    let operator = appliance.client_as(Role::Operator).await;
    let nobody = EquipmentId::new().to_string();
    let dangerous = || access::PROOF_WANTED.iter();
    let path = |route: &str| format!("/api{}", route.replace("{id}", &nobody));
    let ask = async |client: &Client, method: &str, route: &str| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = client.request(method, &path(route)).json(&json!({}));
        Reply::to(request).await
    };
    // The sign-in was a proof.
    for (method, route, _) in dangerous() {
        let status = ask(&chief, method, route).await.status;
        assert!(
            [200, 400, 404, 409].contains(&status),
            "{method} {route}: {status}"
        );
    }
    appliance.advance(300_001);
    for (method, route, permission) in dangerous() {
        ask(&chief, method, route).await.wants_proof();
        let version = format!("/v1{route}");
        ask(&chief, method, &version).await.wants_proof();
        let refused = ask(&operator, method, route).await;
        // Who may not do it anyway is not asked for a proof.
        if permission.is_none() {
            refused.wants_proof();
            continue;
        }
        assert!([400, 403].contains(&refused.status), "{method} {route}");
        assert_ne!(refused.json()["error_code"], "STEP_UP_REQUIRED");
    }
    chief.get("/api/users").await.data();
    let wrong = json!({ "password": "Wrong-guess-1" });
    let step_up = "/api/auth/step-up";
    assert_eq!(chief.post(step_up, &wrong).await.bad_fields(), ["password"]);
    chief.post(step_up, &json!({})).await.refused(400);
    chief
        .post("/api/users/invite", &json!({}))
        .await
        .wants_proof();
    chief.prove().await;
    chief
        .post("/api/users/invite", &json!({}))
        .await
        .refused(400);
    appliance.advance(300_000);
    chief
        .post("/api/users/invite", &json!({}))
        .await
        .refused(400);
    // Another session of the same user has not proved anything.
    let other = appliance
        .client()
        .login(crate::support::EMAIL, PASSWORD)
        .await;
    appliance.advance(300_001);
    chief.prove().await;
    other
        .post("/api/users/invite", &json!({}))
        .await
        .wants_proof();
    for _ in 0..5 {
        other.post(step_up, &wrong).await.refused(400);
    }
    other
        .post(step_up, &json!({ "password": PASSWORD }))
        .await
        .refused(429);
    chief.prove().await;
    let log = json!(chief.audit().await).to_string();
    for action in [
        "auth.step_up\"",
        "auth.password_refused",
        "auth.session_locked",
    ] {
        assert!(log.contains(action), "{action}");
    }
}

//! Nobody learns from a refused sign-in whether an account exists: the words are the same, and so is
//! the work, which is what takes the time.

use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD};
use indusmind::auth::Role;
use serde_json::{Value, json};

/// A refusal without what is different for everybody.
fn plain(mut answer: Value) -> Value {
    for name in ["request_id", "timestamp"] {
        assert!(!answer[name].take().is_null());
    }
    answer
}

#[tokio::test]
async fn a_refused_sign_in_says_the_same_after_the_same_work() {
    let (appliance, chief) = Appliance::furnished().await;
    let viewer = appliance.client_as(Role::Viewer).await;
    let gone = viewer.get("/api/auth/me").await.data()["id"].clone();
    let path = format!("/api/users/{}", gone.as_str().unwrap());
    chief.put(&path, &json!({ "active": false })).await.data();
    let guest = json!({ "email": "amina@plant.example", "name": "Amina", "role": "viewer" });
    chief.post("/api/users/invite", &guest).await.created();
    appliance.client_as(Role::Operator).await;
    let client: Client = appliance.client();
    for _ in 0..5 {
        let wrong = json!({ "email": "operator@plant.example", "password": "Wrong-guess-1" });
        client.post("/api/auth/login", &wrong).await.refused(401);
    }
    let hashed = || appliance.context().auth.passwords_hashed();
    let mut answers = Vec::new();
    for (what, login, password) in [
        ("a name that is not there", "nobody@plant.example", PASSWORD),
        ("no name at all", "", PASSWORD),
        ("a wrong password", EMAIL, "Wrong-guess-1"),
        ("no password", EMAIL, ""),
        ("a very long password", EMAIL, &"Aa1!".repeat(32)),
        (
            "an account that is deactivated",
            "viewer@plant.example",
            PASSWORD,
        ),
        (
            "an account without a password yet",
            "amina@plant.example",
            PASSWORD,
        ),
        (
            "an account that is locked",
            "operator@plant.example",
            PASSWORD,
        ),
    ] {
        let before = hashed();
        let request = json!({ "email": login, "password": password });
        let reply = client.post("/api/auth/login", &request).await;
        assert_eq!(hashed() - before, 1, "{what}: hashes");
        answers.push((what, plain(reply.refused(401))));
    }
    let (_, first) = answers[0].clone();
    assert_eq!(first["error"], "Invalid email or password");
    for (what, answer) in answers {
        assert_eq!(answer, first, "{what}");
    }
}

#[tokio::test]
async fn who_forgot_his_password_learns_nothing_about_others() {
    let (appliance, _chief) = Appliance::furnished().await;
    let client = appliance.client();
    let ask = async |login: &str| {
        let before = appliance.context().auth.passwords_hashed();
        let reply = client
            .post("/api/auth/forgot-password", &json!({ "email": login }))
            .await;
        let worked = appliance.context().auth.passwords_hashed() - before;
        (reply.data(), worked)
    };
    assert_eq!(ask(EMAIL).await, ask("nobody@plant.example").await);
}

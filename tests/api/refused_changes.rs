//! Who may not do something changes nothing by trying.

use crate::permissions::WRITE;
use crate::support::Appliance;
use crate::support::forms::{png, send_file};
use indusmind::auth::Role;
use serde_json::json;

#[tokio::test]
async fn who_is_refused_changes_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let body = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let path = format!("/api/equipment/{}", chief.add_equipment(&body).await);
    let before = chief.get(&path).await.data();
    let log = chief.audit().await.len();
    let readers = Role::ALL.into_iter().filter(|role| !WRITE.contains(role));
    for (number, role) in readers.enumerate() {
        let client = appliance.client_as(role).await;
        client
            .put(&path, &json!({ "name": "Mine" }))
            .await
            .refused(403);
        client.delete(&path).await.refused(403);
        let photo = format!("{path}/photo");
        let picture = png(9, 9, b"");
        send_file(&client, &photo, "p.png", &picture)
            .await
            .refused(403);
        client.post("/api/equipment", &body).await.refused(403);
        // The user and his sign-in, and nothing of what he tried.
        assert_eq!(chief.audit().await.len(), log + 2 * (number + 1));
    }
    assert_eq!(chief.get(&path).await.data(), before);
    assert_eq!(chief.get("/api/equipment").await.data()["total"], 1);
}

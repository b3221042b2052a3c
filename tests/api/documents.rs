//! Documents of equipment: added, listed, saved, deleted, refused.

use crate::support::Appliance;
use crate::support::client::Client;
use crate::support::forms::{form, jpg, pdf, png, send_file, send_form};
use indusmind::auth::Role;
use indusmind::store::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};

const MB: usize = 1 << 20;

fn plain(name: &str) -> Value {
    json!({ "name": name, "type": "Chiller", "model": "X1", "install_date": "2024-05-01" })
}

/// The address of the documents of new equipment.
async fn shelf(chief: &Client) -> String {
    let id = chief.add_equipment(&plain("Chiller")).await;
    format!("/api/equipment/{id}/documents")
}

#[tokio::test]
async fn a_document_of_each_kind_is_kept_and_saved_under_its_name() {
    let (appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    let range = "from=2026-11-20&to=2026-11-21&resolution=1hour&format=excel";
    let export = format!("/api/historical/export?{range}");
    let workbook = chief.request(Method::GET, &export).send().await.unwrap();
    let workbook = workbook.bytes().await.unwrap().to_vec();
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let kinds = [
        ("Manuel é.PDF", "pdf", pdf("wiring"), "application/pdf"),
        ("plate.jpeg", "jpg", jpg(64, 48, &[]), "image/jpeg"),
        ("plan.png", "png", png(64, 48, &[]), "image/png"),
        (
            "دليل.txt",
            "txt",
            "اقرأ\n".into(),
            "text/plain; charset=utf-8",
        ),
        (
            "limits.csv",
            "csv",
            b"a;b\r\n1;2\r\n".to_vec(),
            "text/csv; charset=utf-8",
        ),
        ("loads.xlsx", "xlsx", workbook, sheet),
    ];
    let viewer = appliance.client_as(Role::Viewer).await;
    for (name, kind, content, media_type) in &kinds {
        let made = send_file(&chief, &path, name, content).await.created();
        assert_eq!(
            (&made["name"], &made["type"], &made["bytes"]),
            (&json!(name), &json!(kind), &json!(content.len()))
        );
        assert_eq!(made["uploaded_by"], crate::support::EMAIL);
        let url = made["url"].as_str().unwrap();
        let got = viewer.request(Method::GET, url).send().await.unwrap();
        assert_eq!(got.status(), 200);
        let header = |name: &str| got.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), *media_type);
        assert!(header("content-disposition").starts_with("attachment; filename=\""));
        assert!(header("content-security-policy").contains("sandbox"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(got.bytes().await.unwrap(), *content, "{name}");
    }
    let list = viewer.get(&path).await.data();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names.iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, kinds.map(|(name, ..)| name));
    let first = chief.get(&format!("{path}?page_size=2")).await.data();
    assert_eq!(
        (&first["total"], &first["has_more"]),
        (&json!(6), &json!(true))
    );
}

#[tokio::test]
async fn text_is_packed_for_who_asks_and_the_connection_goes_on() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    let text = "limit;value\r\n".repeat(50_000);
    let made = send_file(&chief, &path, "a.txt", text.as_bytes()).await;
    let url = made.created()["url"].as_str().unwrap().to_owned();
    // What breaks after the last byte spoils the connection, which the next request finds.
    for _ in 0..3 {
        let request = chief.request(Method::GET, &url);
        let got = request
            .header("accept-encoding", "gzip")
            .send()
            .await
            .unwrap();
        assert_eq!(got.headers()["content-encoding"], "gzip");
        let packed = got.bytes().await.unwrap();
        let mut plain = String::new();
        let mut unpack = flate2::read::GzDecoder::new(&packed[..]);
        std::io::Read::read_to_string(&mut unpack, &mut plain).unwrap();
        assert!(plain == text);
    }
}

#[tokio::test]
async fn the_same_document_twice_is_one() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    let content = pdf("wiring");
    let log = chief.audit().await.len();
    let sends = (0..8).map(|_| {
        let (chief, path, content) = (chief.clone(), path.clone(), content.clone());
        tokio::spawn(async move { send_file(&chief, &path, "a.pdf", &content).await })
    });
    let mut statuses = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        statuses.push(send.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    assert_eq!(chief.audit().await.len(), log + 1);
    // Under another name it is another.
    send_file(&chief, &path, "b.pdf", &content).await.created();
    assert_eq!(chief.get(&path).await.data()["total"], 2);
}

#[tokio::test]
async fn what_is_not_kept_is_refused_by_kind_content_and_size() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    for name in ["run.exe", "page.html", "plan.svg", "book.xlsm", "none"] {
        send_file(&chief, &path, name, &pdf("x")).await.refused(415);
    }
    for (name, content) in [
        ("plan.png", pdf("x")),
        ("plan.pdf", b"MZ\x90\0".to_vec()),
        ("table.xlsx", b"PK\x03\x04 and no more".to_vec()),
        ("notes.txt", vec![0, 1, 2]),
        ("", pdf("x")),
        ("..", pdf("x")),
    ] {
        let refused = send_file(&chief, &path, name, &content).await;
        assert_eq!(refused.bad_fields(), ["file"], "{name}");
    }
    let two = [
        ("file", "a.pdf", &pdf("a")[..]),
        ("document", "b.pdf", &pdf("b")),
    ];
    let refused = send_form(&chief, &path, form(&two)).await;
    assert_eq!(refused.bad_fields(), ["file"]);
    let largest = vec![b'x'; 20 * MB];
    send_file(&chief, &path, "a.txt", &largest).await.created();
    let larger = vec![b'x'; 20 * MB + 1];
    let refusal = send_file(&chief, &path, "b.txt", &larger)
        .await
        .refused(413);
    assert_eq!(refusal["details"]["max_bytes"], 20 * MB);
    assert_eq!(chief.get(&path).await.data()["total"], 1);
}

#[tokio::test]
async fn a_name_brings_no_path_and_no_header_along() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    for (sent, kept) in [
        ("../../indusmind.txt", "indusmind.txt"),
        ("C:\\plans\\hall.txt", "hall.txt"),
        ("a;b=c'd%22.txt", "a;b=c'd%22.txt"),
    ] {
        let made = send_file(&chief, &path, sent, sent.as_bytes()).await;
        let made = made.created();
        assert_eq!(made["name"], kept);
        let got = chief.get(made["url"].as_str().unwrap()).await;
        let line = got.header("content-disposition").to_owned();
        assert_eq!(line.matches('"').count(), 2, "{line}");
        assert!(!line.contains('/') && !line.contains('\\'), "{line}");
    }
}

#[tokio::test]
async fn fifty_are_enough() {
    let (_appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    let mut urls = Vec::new();
    for number in 0..50 {
        let text = format!("note {number}");
        let made = send_file(&chief, &path, "note.txt", text.as_bytes()).await;
        urls.push(made.created()["url"].as_str().unwrap().to_owned());
    }
    let more = || send_file(&chief, &path, "note.txt", b"one more");
    more().await.refused(409);
    chief.delete(&urls[7]).await.data();
    chief.delete(&urls[7]).await.refused(404);
    chief.get(&urls[7]).await.refused(404);
    more().await.created();
    let log = chief.audit().await;
    let deleted = log
        .iter()
        .find(|e| e["action"] == "equipment.document_delete");
    assert_eq!(deleted.unwrap()["details"]["name"], "note.txt");
}

#[tokio::test]
async fn documents_belong_to_one_piece_of_equipment_of_one_site() {
    let (appliance, chief) = Appliance::furnished().await;
    let (mine, neighbour) = (shelf(&chief).await, shelf(&chief).await);
    let made = send_file(&chief, &mine, "a.pdf", &pdf("a")).await.created();
    let id = made["id"].as_str().unwrap();
    let other = serde_json::from_value(plain("Theirs")).unwrap();
    let registry = &appliance.context().registry;
    let other = registry.create(other, "site_b", Actor::console()).await;
    let other = format!("/api/equipment/{}/documents", other.unwrap().id);
    // An administrator reaches every site; a technician his own.
    let chief = appliance.client_as(indusmind::auth::Role::Technician).await;
    for path in [&neighbour, &other] {
        chief.get(&format!("{path}/{id}")).await.refused(404);
        chief.delete(&format!("{path}/{id}")).await.refused(404);
    }
    chief.get(&other).await.refused(404);
    send_file(&chief, &other, "a.pdf", &pdf("a"))
        .await
        .refused(404);
    chief.get(&format!("{mine}/x'--")).await.refused(404);
    assert_eq!(chief.get(&neighbour).await.data()["total"], 0);
    assert_eq!(chief.get(&mine).await.data()["total"], 1);
}

#[tokio::test]
async fn documents_outlive_a_restart_and_go_with_their_equipment() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let path = shelf(&chief).await;
    let made = send_file(&chief, &path, "a.pdf", &pdf("a")).await.created();
    let url = made["url"].as_str().unwrap();
    let before = chief.get(&path).await.data();
    appliance.stop().await;
    appliance.start().await;
    let chief = appliance.client().with_token(&chief.token);
    assert_eq!(chief.get(&path).await.data(), before);
    assert_eq!(chief.get(url).await.text.as_bytes(), pdf("a"));
    let equipment = path.strip_suffix("/documents").unwrap();
    chief.delete(equipment).await.data();
    chief.get(&path).await.refused(404);
    chief.get(url).await.refused(404);
    let named = indusmind::equipment::files_named(&appliance.context().store);
    assert!(named.unwrap().is_empty());
}

//! The photo of equipment: taken, shown, replaced, refused, and what lies on disk.

use crate::support::forms::{BOUNDARY, form, jpg, pdf, png, send_file, send_form};
use crate::support::{Appliance, eventually};
use indusmind::auth::Role;
use indusmind::store::audit::Actor;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const MB: usize = 1 << 20;

fn plain(name: &str) -> Value {
    json!({ "name": name, "type": "Chiller", "model": "X1", "install_date": "2024-05-01" })
}

/// The folder of the files.
fn folder(appliance: &Appliance) -> PathBuf {
    appliance.data_file().with_file_name("blobs")
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    paths.flat_map(below).collect()
}

/// Makes files look as if they were written long ago.
fn age(paths: &[PathBuf]) {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    for path in paths {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_modified(then).unwrap();
    }
}

#[tokio::test]
async fn a_photo_is_taken_shown_replaced_and_deleted() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let (path, photo) = (
        format!("/api/equipment/{id}"),
        format!("/api/equipment/{id}/photo"),
    );
    chief.get(&photo).await.refused(404);
    chief.delete(&photo).await.refused(404);

    let first = jpg(640, 480, &[7; 70_000]);
    // The name means nothing; the field has either name.
    let sent = send_form(&chief, &photo, form(&[("photo", "x.txt", &first)])).await;
    let answer = sent.data();
    let url = answer["photo_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{photo}?v=")), "{url}");
    let shown = chief.get(&path).await.data();
    assert_eq!(
        (&shown["photo_url"], &shown["revision"]),
        (&answer["photo_url"], &json!(2))
    );
    let list = chief.get("/api/equipment").await.data();
    assert_eq!(list["items"][0]["photo_url"], answer["photo_url"]);

    let viewer = appliance.client_as(Role::Viewer).await;
    let got = viewer.request(Method::GET, url).send().await.unwrap();
    assert_eq!(got.status(), 200);
    let header = |name: &str| got.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("cache-control"), "private, no-cache");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(
        header("content-disposition"),
        "inline; filename=\"photo.jpg\""
    );
    assert_eq!(header("content-length"), first.len().to_string());
    assert!(header("content-security-policy").contains("sandbox"));
    let tag = header("etag");
    assert_eq!(got.bytes().await.unwrap(), first);
    let held = viewer
        .request(Method::GET, url)
        .header("if-none-match", &tag);
    assert_eq!(held.send().await.unwrap().status(), 304);

    let second = png(32, 32, b"...");
    let replaced = send_file(&chief, &photo, "new.png", &second).await.data();
    assert_ne!(replaced["photo_url"], answer["photo_url"]);
    let stale = viewer
        .request(Method::GET, url)
        .header("if-none-match", &tag);
    let got = stale.send().await.unwrap();
    assert_eq!(got.headers()["content-type"], "image/png");
    assert_eq!(got.bytes().await.unwrap(), second);

    chief.delete(&photo).await.data();
    assert!(chief.get(&path).await.data()["photo_url"].is_null());
    chief.get(&photo).await.refused(404);
    let log = chief.audit().await;
    let actions: Vec<_> = log.iter().map(|entry| &entry["action"]).collect();
    let at = |action: &str| actions.iter().filter(|a| ***a == action).count();
    assert_eq!(
        (at("equipment.photo"), at("equipment.photo_delete")),
        (2, 1)
    );
    assert_eq!(log[0]["resource"], format!("equipment/{id}"));
    assert_eq!(log[0]["details"]["before"]["bytes"], second.len());
}

#[tokio::test]
async fn the_same_photo_twice_changes_nothing_and_lies_there_once() {
    let (appliance, chief) = Appliance::furnished().await;
    let photo = png(9, 9, b"one");
    let mut urls = Vec::new();
    for name in ["A", "B"] {
        let id = chief.add_equipment(&plain(name)).await;
        let path = format!("/api/equipment/{id}/photo");
        for _ in 0..2 {
            urls.push(send_file(&chief, &path, "p.png", &photo).await.data());
        }
        let shown = chief.get(&format!("/api/equipment/{id}")).await.data();
        assert_eq!(shown["revision"], 2);
    }
    assert_eq!((&urls[0], &urls[2]), (&urls[1], &urls[3]));
    assert_eq!(files(&folder(&appliance)).len(), 1);
}

#[tokio::test]
async fn what_is_no_photo_is_refused_and_leaves_nothing() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}/photo");
    let send = |content: Vec<u8>| {
        let (chief, path) = (&chief, &path);
        async move { send_file(chief, path, "photo.jpg", &content).await }
    };
    for other in [
        pdf("a plan"),
        b"GIF89a".to_vec(),
        b"<svg/>".to_vec(),
        vec![],
    ] {
        send(other).await.refused(415);
    }
    let whole = jpg(640, 480, &[]);
    for broken in [
        whole[..12].to_vec(),
        png(0, 10, &[]),
        png(60_000, 60_000, &[]),
        [
            b"\x89PNG\r\n\x1a\n".as_slice(),
            b"<script>alert(1)</script>",
        ]
        .concat(),
    ] {
        assert_eq!(send(broken).await.bad_fields(), ["photo"]);
    }
    let form_of = |fields: &[(&str, &str, &[u8])]| {
        let body = form(fields);
        let (chief, path) = (&chief, &path);
        async move { send_form(chief, path, body).await }
    };
    let twice = [("photo", "a", whole.as_slice()), ("file", "b", &whole)];
    assert_eq!(form_of(&twice).await.bad_fields(), ["photo"]);
    let none = form_of(&[("picture", "a.jpg", &whole)]).await;
    assert_eq!(none.bad_fields(), ["photo"]);
    let many = [("note", "", b"x".as_slice()); 40];
    assert_eq!(form_of(&many).await.bad_fields(), ["body"]);
    let mut cut = form(&[("photo", "a.jpg", &whole)]);
    cut.truncate(cut.len() - 30);
    let cut = send_form(&chief, &path, cut).await;
    assert_eq!(cut.bad_fields(), ["body"]);
    chief.post(&path, &json!({})).await.refused(415);

    let shown = chief.get(&format!("/api/equipment/{id}")).await.data();
    assert!(shown["photo_url"].is_null() && shown["revision"] == 1);
    assert!(files(&folder(&appliance)).is_empty());
}

#[tokio::test]
async fn five_megabytes_are_taken_and_one_byte_more_is_not() {
    let (_appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}/photo");
    let head = jpg(640, 480, &[]);
    let largest = jpg(640, 480, &vec![0; 5 * MB - head.len()]);
    send_file(&chief, &path, "a.jpg", &largest).await.data();
    for more in [1, 10 * MB] {
        let larger = [largest.clone(), vec![0; more]].concat();
        let refusal = send_file(&chief, &path, "a.jpg", &larger)
            .await
            .refused(413);
        assert_eq!(refusal["details"]["max_bytes"], 5 * MB);
    }
}

#[tokio::test]
async fn a_stream_without_an_end_is_refused_while_it_runs() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let stream = tokio::net::TcpStream::connect(appliance.address());
    let (mut from, mut to) = stream.await.unwrap().into_split();
    let answer = tokio::spawn(async move {
        let mut answer = Vec::new();
        // A connection that is reset after the answer is no fault.
        while from
            .read_buf(&mut answer)
            .await
            .is_ok_and(|bytes| bytes > 0)
        {}
        String::from_utf8_lossy(&answer).into_owned()
    });
    let head = format!(
        "POST /api/equipment/{id}/photo HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        appliance.address(),
        chief.token
    );
    to.write_all(head.as_bytes()).await.unwrap();
    let start = form(&[("photo", "a.jpg", &jpg(640, 480, &[]))]);
    let start = &start[..start.len() - BOUNDARY.len() - 8];
    let mut piece = start.to_vec();
    let most = 200 * MB;
    let mut sent = 0;
    while sent < most {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
        if to.write_all(&chunk).await.is_err() {
            break;
        }
        sent += piece.len();
        piece = vec![0; 256 << 10];
    }
    let answer = answer.await.unwrap();
    assert!(sent < most, "all {sent} bytes were taken");
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("larger than 5 MB"), "{answer}");
    assert!(files(&folder(&appliance)).is_empty());
}

#[tokio::test]
async fn equipment_of_another_site_has_no_photo_for_us() {
    let (appliance, _) = Appliance::furnished().await;
    let other = serde_json::from_value(plain("Theirs")).unwrap();
    let registry = &appliance.context().registry;
    let other = registry.create(other, "site_b", Actor::console()).await;
    let other = other.unwrap().id.to_string();
    let photo = png(9, 9, &[]);
    // An administrator reaches every site; a technician his own.
    let chief = appliance.client_as(indusmind::auth::Role::Technician).await;
    for id in [
        other.as_str(),
        "01a1fc32-7959-7208-9b0d-bfecd1744b85",
        "x'--",
    ] {
        let path = format!("/api/equipment/{id}/photo");
        send_file(&chief, &path, "p.png", &photo).await.refused(404);
        chief.get(&path).await.refused(404);
        chief.delete(&path).await.refused(404);
    }
    assert!(files(&folder(&appliance)).is_empty());
}

#[tokio::test]
async fn a_photo_is_there_after_a_restart_and_what_nobody_names_is_not() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}/photo");
    let (old, new) = (png(9, 9, b"old"), png(9, 9, b"new"));
    let shown = send_file(&chief, &path, "p.png", &new).await.data();
    let kept = files(&folder(&appliance));
    let gone = chief.add_equipment(&plain("Gone")).await;
    let gone = format!("/api/equipment/{gone}");
    let to_go = format!("{gone}/photo");
    send_file(&chief, &to_go, "p.png", &old).await.data();
    // Its photo goes with it.
    chief.delete(&gone).await.data();
    let unfinished = folder(&appliance).join("1.new");
    std::fs::write(&unfinished, b"half").unwrap();
    let all = files(&folder(&appliance));
    assert_eq!(all.len(), 3);
    age(&all);
    appliance.stop().await;
    appliance.start().await;
    eventually("what nobody names to go", || async {
        (files(&folder(&appliance)) == kept).then_some(())
    })
    .await;
    let chief = appliance.client().with_token(&chief.token);
    let equipment = chief.get(&format!("/api/equipment/{id}")).await.data();
    assert_eq!(equipment["photo_url"], shown["photo_url"]);
    let got = chief.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), new);
}

#[tokio::test]
async fn a_damaged_photo_is_said_to_be_damaged_and_mended_by_sending_it_again() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}/photo");
    let photo = png(9, 9, &[1; 9_000]);
    send_file(&chief, &path, "p.png", &photo).await.data();
    let file = files(&folder(&appliance)).remove(0);
    let mut bytes = photo.clone();
    bytes[5_000] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    let refusal = chief.get(&path).await.refused(500);
    assert!(refusal["error"].as_str().unwrap().contains("damaged"));
    send_file(&chief, &path, "p.png", &photo).await.data();
    let got = chief.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), photo);
    std::fs::remove_file(&file).unwrap();
    let refusal = chief.get(&path).await.refused(500);
    assert!(refusal["error"].as_str().unwrap().contains("missing"));
}

#[tokio::test]
async fn a_disk_that_refuses_leaves_equipment_as_it_was() {
    let (appliance, chief) = Appliance::furnished().await;
    let id = chief.add_equipment(&plain("Chiller")).await;
    let path = format!("/api/equipment/{id}/photo");
    let log = chief.audit().await.len();
    let folder = folder(&appliance);
    std::fs::write(&folder, b"in the way").unwrap();
    let refusal = send_file(&chief, &path, "p.png", &png(9, 9, &[])).await;
    let refusal = refusal.refused(503);
    assert!(refusal["error"].as_str().unwrap().contains("room"));
    let shown = chief.get(&format!("/api/equipment/{id}")).await.data();
    assert!(shown["photo_url"].is_null() && shown["revision"] == 1);
    assert_eq!(chief.audit().await.len(), log);
    // As soon as it takes writes, so do we.
    std::fs::remove_file(&folder).unwrap();
    send_file(&chief, &path, "p.png", &png(9, 9, &[]))
        .await
        .data();
}

//! An update that a browser sends to an appliance whose disk is full.

use super::update::{Plant, manifest, plant, plant_at};
use crate::support::eventually;
use crate::support::small_disk::SmallDisk;
use serde_json::Value;
use std::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MB: usize = 1 << 20;

/// A bundle on its way, of so many bytes.
async fn begin(plant: &Plant, bytes: usize) -> TcpStream {
    let address = plant.appliance.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/update/bundle HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {bytes}\r\n\
         Connection: close\r\n\r\n",
        plant.chief.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Sends so many bytes as a browser does, which reads no answer before the last one is on its way,
/// then reads the answer.
async fn finish(mut stream: TcpStream, bytes: usize) -> (String, Value) {
    for _ in 0..bytes / MB {
        stream
            .write_all(&[7; MB])
            .await
            .expect("all of it is taken");
    }
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .await
        .expect("the answer comes");
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn an_upload_that_is_no_update_for_its_length_is_refused_before_it_comes() {
    let plant = plant().await;
    // Nothing of it ever comes, and nobody waits for it.
    let stream = begin(&plant, 600 * MB).await;
    let (status, answer) = finish(stream, 0).await;
    assert_eq!(status, "413", "{answer}");
    assert_eq!(answer["error_code"], "PAYLOAD_TOO_LARGE", "{answer}");
    assert!(!plant.home.staging().exists(), "a place was made for it");
    // The next one is read: nobody holds the turn.
    let staged = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    assert_eq!(staged["manifest"]["version"], "9.0.0");
}

#[tokio::test]
async fn an_upload_that_does_not_fit_is_answered_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("small");
    let Some(disk) = SmallDisk::mount(&place, 90) else {
        println!("NOT RUN: a disk of its own, because none can be mounted by this user");
        return;
    };
    let plant = plant_at(dir, place.join("home")).await;
    let staging = plant.home.staging();
    let is_refused = |(status, answer): (String, Value)| {
        assert_eq!(status, "503", "{answer}");
        let sentence = answer["error"].as_str().unwrap();
        for word in ["MB have to be free", place.to_str().unwrap(), "larger disk"] {
            assert!(sentence.contains(word), "{sentence}");
        }
        let details = &answer["details"];
        assert!(details["needs_bytes"].as_u64() > details["free_bytes"].as_u64());
        assert!(!staging.exists(), "half of it is left");
    };

    // 64 MB to spare and the binary twice: more than there is, before anything is written.
    let stream = begin(&plant, 40 * MB).await;
    is_refused(finish(stream, 40 * MB).await);

    // Somebody else fills the disk while it arrives.
    disk.resize(200);
    let mut stream = begin(&plant, 24 * MB).await;
    stream.write_all(&[7; MB]).await.unwrap();
    eventually("it begins to arrive", || async {
        let written = fs::metadata(staging.join("bundle.imu"));
        written.is_ok_and(|file| file.len() > 0).then_some(())
    })
    .await;
    let others = place.join("others");
    fs::write(&others, vec![1; 200 * MB]).unwrap_err();
    is_refused(finish(stream, 23 * MB).await);
    assert_eq!(
        plant.chief.get("/api/update").await.data()["staged"],
        Value::Null
    );

    // With room again it goes, without a restart.
    fs::remove_file(others).unwrap();
    let staged = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    assert_eq!(staged["manifest"]["version"], "9.0.0");
    drop((plant, disk));
}

//! Newer versions: what is taken, what is refused, who confirms it, and what a trial keeps.

use super::tokens;
use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD, START};
use indusmind::launcher::files::{Files, hash_bytes};
use indusmind::launcher::home::Home;
use indusmind::launcher::record::{Pair, Record, Slot, State};
use indusmind::launcher::switch::{Next, Programs, Switch};
use indusmind::update::bundle;
use indusmind::update::minisign::SecretKey;
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const BINARY: &[u8] = b"a program";
const RUNNING: &str = env!("CARGO_PKG_VERSION");

/// An appliance that a launcher might have started, and the maker's key.
pub struct Plant {
    pub appliance: Appliance,
    pub chief: Client,
    pub home: Home,
    key: SecretKey,
    dir: TempDir,
}

pub async fn plant() -> Plant {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    plant_at(dir, home).await
}

/// One whose home lies here.
pub async fn plant_at(dir: TempDir, home: PathBuf) -> Plant {
    let (home, files) = (Home::at(home), Files::default());
    fs::create_dir_all(home.data(1)).unwrap();
    fs::write(dir.path().join("binary"), "the program that runs").unwrap();
    let from = dir.path().join("binary");
    let hash = home.fill(&files, Slot::A, &from).unwrap();
    let current = Pair {
        slot: Slot::A,
        hash,
        version: RUNNING.to_owned(),
        data: 1,
    };
    home.write(&files, &mut Record::first(current)).unwrap();
    let key = SecretKey::generate().unwrap();
    let (path, line) = (home.path().to_path_buf(), key.public().line());
    let appliance = Appliance::with(START, |config| {
        config.home = Some(path);
        config.update_test_key = Some(line);
    });
    let appliance = appliance.await;
    appliance.set_up().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    Plant {
        appliance,
        chief,
        home,
        key,
        dir,
    }
}

pub fn manifest(version: &str) -> Value {
    json!({ "product": "indusmind", "arch": std::env::consts::ARCH, "version": version,
        "schema": [1, 99], "bytes": BINARY.len(), "sha256": hash_bytes(BINARY),
        "notes": { "en": "Better.", "fr": "Mieux." } })
}

impl Plant {
    pub fn bundle(&self, manifest: &Value) -> Vec<u8> {
        let text = serde_json::to_vec(manifest).unwrap();
        let signature = self.key.sign(&text, "a test").unwrap();
        let path = self.dir.path().join("made.imu");
        bundle::make(&text, &signature, BINARY, &path).unwrap();
        fs::read(path).unwrap()
    }

    pub async fn send(&self, bundle: Vec<u8>) -> Reply {
        let request = self.chief.request(Method::POST, "/api/update/bundle");
        let request = request.header("content-type", "application/octet-stream");
        Reply::to(request.body(bundle)).await
    }

    /// Begins the trial as the launcher does.
    pub fn launcher<T>(&self, act: impl FnOnce(&mut Switch<'_>) -> T) -> T {
        let (files, mut programs) = (Files::default(), Willing);
        act(&mut Switch {
            home: &self.home,
            files: &files,
            programs: &mut programs,
        })
    }
}

/// Whatever the new version is shown, it takes.
struct Willing;

impl Programs for Willing {
    fn check(&mut self, _: &Path, _: &Path) -> Result<(), String> {
        Ok(())
    }
    fn tell(&mut self, _: indusmind::launcher::words::Step, _: u8) {}
    fn now_ms(&mut self) -> u64 {
        7
    }
}

#[tokio::test]
async fn a_good_bundle_is_installed_once_it_is_confirmed() {
    let mut plant = plant().await;
    let staged = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    assert_eq!(staged["manifest"]["version"], "9.0.0");
    let hash = staged["manifest_hash"].as_str().unwrap().to_owned();
    assert_eq!(
        hash,
        hash_bytes(&serde_json::to_vec(&manifest("9.0.0")).unwrap())
    );
    let standing = plant.chief.get("/api/update").await.data();
    assert_eq!(standing["staged"]["manifest_hash"], hash);
    assert_eq!(
        (&standing["managed"], &standing["version"]),
        (&json!(true), &json!(RUNNING))
    );
    let other = json!({ "manifest_hash": "00".repeat(32) });
    plant
        .chief
        .post("/api/update/install", &other)
        .await
        .refused(409);
    assert_eq!(plant.home.record().unwrap().state, State::Steady);

    let confirmed = json!({ "manifest_hash": hash });
    plant
        .chief
        .post("/api/update/install", &confirmed)
        .await
        .data();
    plant.appliance.stop().await;
    // The next version holds a reserve of its own: this one's is free for it.
    let about = fs::metadata(plant.appliance.data_file()).unwrap();
    assert!(about.blocks() * 512 <= about.len(), "it is held still");
    let record = plant.home.record().unwrap();
    let State::Armed { candidate, copy } = &record.state else {
        panic!("{:?}", record.state);
    };
    assert_eq!(
        (&*candidate.version, candidate.slot, *copy),
        ("9.0.0", Slot::B, true)
    );
    assert_eq!(fs::read(plant.home.binary(Slot::B)).unwrap(), BINARY);
    assert_eq!((&*record.asked_by, &record.manifest), (EMAIL, &hash));
    plant.appliance.start().await;
    let log = plant
        .appliance
        .client()
        .login(EMAIL, PASSWORD)
        .await
        .audit()
        .await;
    let entry = log.iter().find(|entry| entry["action"] == "update.install");
    assert_eq!(entry.unwrap()["details"]["version"], "9.0.0");
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let plant = plant().await;
    let good = plant.bundle(&manifest("9.0.0"));
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    let changes: [(&str, Value, &str); 4] = [
        ("product", json!("other"), "product"),
        ("arch", json!("pdp11"), "arch"),
        ("schema", json!([98, 99]), "schema"),
        ("version", json!("0.0.1"), "version"),
    ];
    let mut refused = vec![
        (changed, "bundle"),
        (good[..good.len() - 1].to_vec(), "bundle"),
        (b"GIF89a".to_vec(), "bundle"),
        (Vec::new(), "bundle"),
    ];
    for (field, value, place) in changes {
        let mut manifest = manifest("9.0.0");
        manifest[field] = value;
        refused.push((plant.bundle(&manifest), place));
    }
    let foreign = SecretKey::generate().unwrap();
    let text = serde_json::to_vec(&manifest("9.0.0")).unwrap();
    let path = plant.dir.path().join("foreign.imu");
    let signature = foreign.sign(&text, "a test").unwrap();
    bundle::make(&text, &signature, BINARY, &path).unwrap();
    refused.push((fs::read(path).unwrap(), "signature"));
    for (bundle, place) in refused {
        let reply = plant.send(bundle).await;
        assert_eq!(reply.bad_fields(), [place], "{}", reply.text);
        assert!(!plant.home.staging().exists());
        let standing = plant.chief.get("/api/update").await.data();
        assert_eq!(standing["staged"], Value::Null);
        assert!(!plant.home.binary(Slot::B).exists());
    }
    // Each stands in the audit log with its reason, the newest first.
    let log = plant.chief.audit().await;
    let told: Vec<_> = (log.iter())
        .filter(|entry| entry["action"] == "update.bundle_refused")
        .map(|entry| (entry["details"]["reason"].clone(), entry["actor"].clone()))
        .collect();
    assert_eq!(told.len(), 9, "{told:?}");
    assert_eq!(told[0].0, "signature");
    assert!(
        told.iter().all(|(reason, _)| reason.is_string()),
        "{told:?}"
    );
    let absent = json!({ "path": "/etc/passwd" });
    plant
        .chief
        .post("/api/update/check", &absent)
        .await
        .refused(404);
}

#[tokio::test]
async fn what_was_changed_after_it_was_checked_is_not_installed() {
    let plant = plant().await;
    let staged = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    fs::write(plant.home.staging().join("binary"), b"another program").unwrap();
    let confirmed = json!({ "manifest_hash": staged["manifest_hash"] });
    plant
        .chief
        .post("/api/update/install", &confirmed)
        .await
        .refused(503);
    let record = plant.home.record().unwrap();
    assert_eq!(
        (record.state, record.current.slot),
        (State::Steady, Slot::A)
    );
    plant.chief.get("/api/update").await.data();
}

#[tokio::test]
async fn what_was_measured_on_trial_is_kept_when_the_version_before_comes_back() {
    let mut plant = plant().await;
    let meter = json!({ "name": "Meter", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let id = plant.chief.add_equipment(&meter).await;
    let (secret, _) = tokens::make(&plant.chief, &["readings:write"]).await;
    let hash = plant.send(plant.bundle(&manifest("9.0.0"))).await.data();
    let confirmed = json!({ "manifest_hash": hash["manifest_hash"] });
    plant
        .chief
        .post("/api/update/install", &confirmed)
        .await
        .data();
    plant.appliance.stop().await;
    let data = plant.appliance.data_file();
    let data = data.parent().unwrap();
    let before = plant.dir.path().join("before");
    Files::default()
        .copy_tree(data, &before, &mut |_| {})
        .unwrap();
    let next = plant.launcher(|switch| switch.advance().unwrap());
    assert!(matches!(next, Next::Try(_)));

    // The trial: readings are taken, people sign in, and nothing is changed.
    plant.appliance.start().await;
    let chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(chief.get("/api/update").await.data()["on_trial"], true);
    let refused = chief.post("/api/equipment", &meter).await.refused(503);
    assert!(
        refused["error"].as_str().unwrap().contains("on trial"),
        "{refused}"
    );
    let program = plant.appliance.client().with_token(&secret);
    let at = plant.appliance.now().plus_ms(-60_000).ms();
    let line = format!("m,equipment_id={id} power=42.5 {at}\n");
    let write = program.request(Method::POST, "/api/v2/write?precision=ms");
    assert_eq!(Reply::to(write.body(line)).await.status, 204);
    plant.appliance.stop().await;

    plant.launcher(|switch| switch.roll_back("It answered 500.").unwrap());
    Files::default().remove_tree(data).unwrap();
    Files::default()
        .copy_tree(&before, data, &mut |_| {})
        .unwrap();
    plant.appliance.start().await;
    let chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(chief.live_value(&id, "power", None).await["value"], 42.5);
    let standing = chief.get("/api/update").await.data();
    assert_eq!(standing["on_trial"], false);
    assert_eq!(standing["last"]["result"], "rolled_back");
    let told = |log: &[Value]| {
        let undone = log
            .iter()
            .filter(|entry| entry["action"] == "update.rolled_back");
        undone
            .map(|entry| entry["details"]["why"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&chief.audit().await), ["It answered 500."]);
    chief.post("/api/equipment", &meter).await.created();
    // Another start tells it no second time.
    plant.appliance.stop().await;
    plant.appliance.start().await;
    let chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    assert_eq!(told(&chief.audit().await).len(), 1);
}

#[tokio::test]
async fn the_version_before_comes_back() {
    let mut plant = plant().await;
    plant
        .chief
        .post("/api/update/rollback", &json!({}))
        .await
        .refused(409);
    let mut record = plant.home.record().unwrap();
    record.previous = Some(Pair {
        slot: Slot::B,
        version: "0.0.9".to_owned(),
        data: 2,
        ..record.current.clone()
    });
    plant.home.write(&Files::default(), &mut record).unwrap();
    let standing = plant.chief.get("/api/update").await.data();
    assert_eq!(standing["previous"]["version"], "0.0.9");
    plant
        .chief
        .post("/api/update/rollback", &json!({}))
        .await
        .data();
    plant.appliance.stop().await;
    let State::Armed { candidate, copy } = plant.home.record().unwrap().state else {
        panic!("nothing is asked for");
    };
    assert_eq!(
        (&*candidate.version, candidate.data, copy),
        ("0.0.9", 3, true)
    );
    plant.appliance.start().await;
    let log = plant
        .appliance
        .client()
        .login(EMAIL, PASSWORD)
        .await
        .audit()
        .await;
    let entry = log.iter().find(|entry| entry["action"] == "update.go_back");
    assert_eq!(entry.unwrap()["details"]["version"], "0.0.9");
}

#[tokio::test]
async fn a_key_that_was_revoked_brings_nothing_more() {
    let mut plant = plant().await;
    let stolen = SecretKey::generate().unwrap();
    let spare = plant.key.public();
    let mut revoking = manifest("9.0.0");
    // Itself a key cannot revoke: nobody could bring the next update.
    revoking["revoked"] = json!([stolen.public().id(), spare.id()]);
    let staged = plant.send(plant.bundle(&revoking)).await.data();
    let confirmed = json!({ "manifest_hash": staged["manifest_hash"] });
    let install = "/api/update/install";
    plant.chief.post(install, &confirmed).await.data();
    plant.appliance.stop().await;
    plant.launcher(|switch| assert!(matches!(switch.advance().unwrap(), Next::Try(_))));
    plant.launcher(|switch| switch.commit().unwrap());
    plant.appliance.start().await;
    plant.chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    let standing = plant.chief.get("/api/update").await.data();
    assert!(
        standing["keys"]
            .as_array()
            .unwrap()
            .contains(&json!(spare.id()))
    );

    plant.appliance.stop().await;
    plant.appliance.config.update_test_key = Some(stolen.public().line());
    plant.appliance.start().await;
    plant.chief = plant.appliance.client().login(EMAIL, PASSWORD).await;
    let standing = plant.chief.get("/api/update").await.data();
    assert!(
        !standing["keys"]
            .as_array()
            .unwrap()
            .contains(&json!(stolen.public().id()))
    );
    plant.key = stolen;
    let reply = plant.send(plant.bundle(&manifest("9.9.0"))).await;
    assert_eq!(reply.bad_fields(), ["signature"], "{}", reply.text);
    assert!(reply.text.contains("revoked"), "{}", reply.text);
}

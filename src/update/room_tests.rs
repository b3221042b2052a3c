//! A stick on a disk that is full: nothing half copied stays, and it heals.

#[path = "../../tests/support/small_disk.rs"]
mod small_disk;

use super::minisign::SecretKey;
use super::{Updates, bundle};
use crate::base::{ErrorKind, SystemClock};
use crate::launcher::files::{Files, hash_bytes};
use crate::launcher::home::Home;
use crate::launcher::record::{Pair, Record, Slot};
use crate::store::Store;
use serde_json::json;
use small_disk::SmallDisk;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const MB: usize = 1 << 20;

fn a_bundle(key: &SecretKey, mb: usize, to: &Path) {
    let binary = vec![7; mb * MB];
    let manifest = json!({ "product": "indusmind", "arch": std::env::consts::ARCH,
        "version": "9.0.0", "schema": [1, 99], "bytes": binary.len(),
        "sha256": hash_bytes(&binary) });
    let text = serde_json::to_vec(&manifest).unwrap();
    let signature = key.sign(&text, "a test").unwrap();
    bundle::make(&text, &signature, &binary, to).unwrap();
}

/// An installed appliance whose home lies at `path`.
fn installed(dir: &Path, path: PathBuf, key: &SecretKey) -> (Updates, Home) {
    let (home, files) = (Home::at(path), Files::default());
    fs::create_dir_all(home.data(1)).unwrap();
    fs::write(dir.join("binary"), "the program that runs").unwrap();
    let hash = home.fill(&files, Slot::A, &dir.join("binary")).unwrap();
    let current = Pair {
        slot: Slot::A,
        hash,
        version: super::service::VERSION.to_owned(),
        data: 1,
    };
    home.write(&files, &mut Record::first(current)).unwrap();
    let store = Store::open(&dir.join("data"), "test").unwrap();
    let given = (Some(home.path().to_path_buf()), Some(key.public().line()));
    let given = (given.0, given.1.as_deref());
    let stop = CancellationToken::new();
    let mut updates = Updates::open(&store, Arc::new(SystemClock), given, stop).unwrap();
    updates.mounts = vec![dir.join("media")];
    (updates, home)
}

#[test]
fn a_stick_that_does_not_fit_leaves_nothing_and_says_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let key = SecretKey::generate().unwrap();
    let Some(disk) = SmallDisk::mount(&dir.path().join("small"), 90) else {
        println!("NOT RUN: a disk of its own, because none can be mounted by this user");
        return;
    };
    let (updates, home) = installed(dir.path(), dir.path().join("small/home"), &key);
    let stick = dir.path().join("media/STICK");
    fs::create_dir_all(&stick).unwrap();
    let path = stick.join("indusmind-9.0.0.imu");
    a_bundle(&key, 20, &path);
    let path = path.to_str().unwrap();

    // 64 MB to spare, the binary twice, and the data: more than there is.
    let error = updates.fetch(path).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    let place = home.path().to_str().unwrap().to_owned();
    for word in ["MB have to be free", &place, "larger disk"] {
        assert!(error.sentence.contains(word), "{error}");
    }
    assert!(!home.staging().exists());

    // Somebody else fills the disk while it is copied.
    disk.resize(160);
    fs::write(dir.path().join("small/others"), vec![1; 20 * MB]).unwrap();
    let staging = updates.begin(0).unwrap();
    fs::write(dir.path().join("small/more"), vec![1; 150 * MB]).unwrap_err();
    let mut file = staging.create().unwrap();
    let cause = std::io::Write::write_all(&mut file, &vec![1; 20 * MB]).unwrap_err();
    let error = updates.full(20 * MB as u64, cause);
    assert!(error.sentence.contains("MB have to be free"), "{error}");
    drop((file, staging));
    assert!(!home.staging().exists(), "half of it is left");

    // With room again it goes, without a restart.
    fs::remove_file(dir.path().join("small/more")).unwrap();
    let staged = updates
        .fetch(path)
        .and_then(|it| updates.check(it))
        .unwrap();
    assert_eq!(staged.manifest.version, "9.0.0");
    assert!(home.staging().join("binary").exists());
    assert!(!home.staging().join("bundle.imu").exists());
}

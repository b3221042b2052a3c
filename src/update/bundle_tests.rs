//! Bundles that somebody changed: each is refused, and nothing is left but in staging.

use super::bundle::{make, open};
use super::manifest::Manifest;
use super::minisign::{PublicKey, SecretKey};
use crate::base::Error;
use crate::launcher::files::hash_bytes;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::json;
use std::path::Path;

const BINARY: &[u8] = b"a binary, as short as a test may have it, but longer than a hash of it is";

fn key() -> SecretKey {
    SecretKey::generate().unwrap()
}

fn manifest() -> Vec<u8> {
    let manifest = json!({ "product": "indusmind", "arch": "x86_64", "version": "0.2.0",
        "schema": [1, 2], "bytes": BINARY.len(), "sha256": hash_bytes(BINARY),
        "notes": { "en": "Better." } });
    serde_json::to_vec(&manifest).unwrap()
}

fn bundle(dir: &Path, key: &SecretKey) -> Vec<u8> {
    let manifest = manifest();
    let signature = key.sign(&manifest, "indusmind 0.2.0").unwrap();
    let path = dir.join("good.imu");
    make(&manifest, &signature, BINARY, &path).unwrap();
    std::fs::read(path).unwrap()
}

/// Opens and unpacks into staging; whether it was taken.
fn take(dir: &Path, bytes: &[u8], keys: &[PublicKey]) -> bool {
    let (path, to) = (dir.join("staging/bundle.imu"), dir.join("staging/binary"));
    std::fs::create_dir_all(dir.join("staging")).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let taken = open(&path, keys)
        .and_then(|mut opened| opened.unpack(&to, &|cause| Error::internal("full").because(cause)))
        .is_ok();
    assert_eq!(taken, to.exists(), "what is refused leaves no binary");
    taken
}

#[test]
fn a_bundle_comes_apart_as_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let key = key();
    let bytes = bundle(dir.path(), &key);
    assert!(take(dir.path(), &bytes, &[key.public()]));
    let out = std::fs::read(dir.path().join("staging/binary")).unwrap();
    assert_eq!(out, BINARY);
    let opened = open(&dir.path().join("good.imu"), &[key.public()]).unwrap();
    assert_eq!(opened.manifest, Manifest::parse(&manifest()).unwrap());
    assert_eq!(opened.manifest_hash, hash_bytes(&manifest()));
    assert_eq!(opened.key, key.public().id());
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = key();
    let keys = [key.public()];
    let bytes = bundle(dir.path(), &key);
    // The comment that minisign calls untrusted is not signed: it says nothing and is not shown.
    let label = b"untrusted comment: ";
    let from = bytes.windows(label.len()).position(|part| part == label);
    let from = from.unwrap() + label.len();
    let end = bytes[from..]
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap();
    let free = from..from + end;
    for at in (0..bytes.len()).filter(|at| !free.contains(at)) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        assert!(!take(dir.path(), &changed, &keys), "byte {at}");
    }
    for length in 0..bytes.len() {
        assert!(!take(dir.path(), &bytes[..length], &keys), "{length} bytes");
    }
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "only the good one and staging: {names:?}");
}

#[test]
fn whatever_stands_in_a_file_it_is_refused_and_never_ends_the_program() {
    use proptest::prelude::*;
    let dir = tempfile::tempdir().unwrap();
    let key = key();
    let keys = [key.public()];
    let bytes = bundle(dir.path(), &key);
    let config = ProptestConfig {
        cases: 200,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(9),
        ..ProptestConfig::default()
    };
    let change = (
        0..36_usize,
        any::<u64>(),
        prop::collection::vec(any::<u8>(), 0..40),
    );
    let mut runner = TestRunner::new(config);
    let told = runner.run(&change, |(at, number, more)| {
        // Lengths that add up to anything, and more behind the end.
        let mut changed = bytes.clone();
        let field = number.to_le_bytes();
        let end = (at + 8).min(36);
        let same = changed[at..end] == field[..end - at] && more.is_empty();
        changed[at..end].copy_from_slice(&field[..end - at]);
        changed.extend(&more);
        prop_assert!(same || !take(dir.path(), &changed, &keys));
        Ok(())
    });
    told.unwrap();
}

#[test]
fn parts_of_two_good_bundles_do_not_make_a_third() {
    let dir = tempfile::tempdir().unwrap();
    let (key, other) = (key(), key());
    let manifest = manifest();
    let signature = key.sign(&manifest, "indusmind 0.2.0").unwrap();
    let foreign = other.sign(&manifest, "indusmind 0.2.0").unwrap();
    let of_other_text = key.sign(b"another text", "indusmind 0.2.0").unwrap();
    let mut binary = BINARY.to_vec();
    binary[3] ^= 1;
    for (signature, binary, word) in [
        (&foreign, BINARY, "key"),
        (&of_other_text, BINARY, "text"),
        (&signature, &binary[..], "binary"),
        (&signature, &BINARY[1..], "length"),
    ] {
        let path = dir.path().join("made.imu");
        make(&manifest, signature, binary, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!take(dir.path(), &bytes, &[key.public()]), "{word}");
    }
}

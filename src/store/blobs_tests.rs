//! Files by their hash: put, read, damaged, swept.

use super::*;
use crate::base::{Clock as _, ErrorKind, SystemClock};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in list(folder).unwrap() {
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

fn content(mut blob: Blob) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = blob.next_piece().unwrap() {
        all.extend(piece);
    }
    all
}

/// Makes a file look as if it was written this long ago.
fn age(path: &Path, hours: u64) {
    let then = std::time::SystemTime::now() - Duration::from_secs(hours * 3_600);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_modified(then).unwrap();
}

#[test]
fn what_was_put_is_read_back_and_the_same_content_lies_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::of(dir.path());
    let long: Vec<u8> = (0..=250).cycle().take(3 * PIECE + 5).collect();
    for bytes in [&b"a photo"[..], &[], &long] {
        let hash = blobs.put(bytes).unwrap().hash;
        assert_eq!(hash, BlobHash::of(bytes));
        let blob = blobs.open(hash).unwrap();
        assert_eq!(blob.bytes_left(), bytes.len() as u64);
        assert_eq!(content(blob), bytes);
        assert_eq!(blobs.put(bytes).unwrap().hash, hash);
    }
    let all = files(&dir.path().join(FOLDER));
    assert_eq!(all.len(), 3, "{all:?}");
    for path in all {
        let (name, folder) = (path.file_name().unwrap(), path.parent().unwrap());
        let name = name.to_str().unwrap();
        assert_eq!(folder.file_name().unwrap().to_str().unwrap(), &name[..2]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(folder)), (0o600, 0o700));
    }
}

#[test]
fn a_damaged_file_is_not_given_away_and_the_same_content_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::of(dir.path());
    let hash = blobs.put(b"the wiring of hall 2").unwrap().hash;
    let path = blobs.path(hash);
    for damage in [&b"the wiring of hall 3"[..], b"the wiring", b""] {
        std::fs::write(&path, damage).unwrap();
        let error = blobs.open(hash).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.sentence.contains("damaged"), "{error}");
    }
    blobs.put(b"the wiring of hall 2").unwrap();
    assert_eq!(content(blobs.open(hash).unwrap()), b"the wiring of hall 2");
    std::fs::remove_file(&path).unwrap();
    let error = blobs.open(hash).unwrap_err();
    assert!(error.sentence.contains("missing"), "{error}");
}

#[test]
fn the_sweep_takes_old_files_that_nobody_names_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::of(dir.path());
    let now = SystemClock.now();
    let nothing = || Ok(BTreeSet::new());
    assert_eq!(blobs.sweep(now, nothing).unwrap(), 0, "no folder yet");

    let put = |bytes: &[u8], hours| {
        let hash = blobs.put(bytes).unwrap().hash;
        age(&blobs.path(hash), hours);
        hash
    };
    let (named, orphan, young) = (put(b"named", 9), put(b"orphan", 9), put(b"young", 0));
    let waiting = blobs.put(b"waiting for its record").unwrap();
    age(&blobs.path(waiting.hash), 9);
    let left = dir.path().join(FOLDER).join("77.new");
    let stranger = dir.path().join(FOLDER).join("notes.txt");
    std::fs::write(&left, b"half").unwrap();
    std::fs::write(&stranger, b"not ours").unwrap();

    let sweep = || blobs.sweep(now, || Ok(BTreeSet::from([named])));
    assert_eq!(sweep().unwrap(), 2);
    let there = |hash| blobs.path(hash).exists();
    assert!(there(named) && there(young) && there(waiting.hash));
    assert!(!there(orphan) && !left.exists() && stranger.exists());
    // Its record never came.
    let hash = waiting.hash;
    drop(waiting);
    assert_eq!(sweep().unwrap(), 1);
    assert!(!there(hash));
}

#[test]
fn records_that_cannot_be_read_cost_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::of(dir.path());
    let hash = blobs.put(b"kept").unwrap().hash;
    age(&blobs.path(hash), 9);
    let refused = || Err(Error::unavailable("The data file cannot be read."));
    assert!(blobs.sweep(SystemClock.now(), refused).is_err());
    assert!(blobs.open(hash).is_ok());
}

#[test]
fn a_disk_that_refuses_leaves_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::of(dir.path());
    let content = b"no room";
    let name = BlobHash::of(content).to_string();
    // A file where the folder has to be: refused at the last step, after the content was written.
    std::fs::create_dir(dir.path().join(FOLDER)).unwrap();
    let in_the_way = dir.path().join(FOLDER).join(&name[..2]);
    std::fs::write(&in_the_way, b"").unwrap();
    let error = blobs.put(content).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.sentence.contains("room"), "{error}");
    assert_eq!(files(dir.path()), std::slice::from_ref(&in_the_way));
    assert!(blobs.held().unfinished.is_empty() && blobs.held().unrecorded.is_empty());
    std::fs::remove_file(&in_the_way).unwrap();
    blobs.put(content).unwrap();
}

#[test]
fn a_hash_is_read_as_it_is_written() {
    let hash = BlobHash::of(b"x");
    assert_eq!(hash.to_string().parse(), Ok(hash));
    let json = serde_json::to_string(&hash).unwrap();
    assert_eq!(serde_json::from_str::<BlobHash>(&json).unwrap(), hash);
    for wrong in ["", "../../etc/passwd", &"A".repeat(64), &"é".repeat(32)] {
        assert!(wrong.parse::<BlobHash>().is_err(), "{wrong}");
    }
}

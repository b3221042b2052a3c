//! What a log line looks like, and how its files stay small.

use super::*;

#[test]
fn a_line_is_a_line_whatever_was_sent() {
    let sent = "a\nINFO all is well\r\u{0}\u{7}\u{9b}31m\u{202e}b\n";
    let told = sane(sent.as_bytes());
    assert_eq!(told.matches('\n').count(), 1);
    assert_eq!(
        told,
        "a\\u000aINFO all is well\\u000d\\u0000\\u0007\\u009b31m\\u202eb\n"
    );
    assert_eq!(sane(b"plain \xff\n"), "plain \u{fffd}\n");
    // Colours stay; what moves the cursor or sets a title is written out.
    let sent = "\u{1b}[1;32mgreen\u{1b}[0m \u{1b}[2K\u{1b}]0;title\u{7}";
    let told = "\u{1b}[1;32mgreen\u{1b}[0m \\u001b[2K\\u001b]0;title\\u0007\n";
    assert_eq!(sane(sent.as_bytes()), told);
}

#[test]
fn a_long_line_is_cut_and_json_stays_json() {
    let long = "é".repeat(100_000);
    assert!(sane(long.as_bytes()).len() < LINE_MAX + 10);
    let json = serde_json::json!({ "fields": { "a": long, "b": [1] } }).to_string();
    let told = sane(json.as_bytes());
    let told: serde_json::Value = serde_json::from_str(told.trim()).unwrap();
    assert!(told["fields"]["a"].as_str().unwrap().len() < 2 * TEXT_MAX);
    assert_eq!(told["fields"]["b"][0], 1);
}

#[test]
fn files_are_bounded_in_size_and_number() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LogFile {
        path: dir.path().join("indusmind.log"),
        max_bytes: 100,
        keep: 2,
    };
    let mut file = Rolling::new(&settings);
    for n in 0..100 {
        file.write(format!("line {n:04}\n").as_bytes()).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let all = [
        read("indusmind.log.2"),
        read("indusmind.log.1"),
        read("indusmind.log"),
    ]
    .concat();
    assert!(all.ends_with("line 0098\nline 0099\n"));
    assert_eq!(all.lines().count(), 30);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
    // A restart goes on in the same file.
    let mut file = Rolling::new(&settings);
    file.write(b"again\n").unwrap();
    assert!(read("indusmind.log.1").ends_with("line 0099\n"));
    assert_eq!(read("indusmind.log"), "again\n");
}

#[test]
fn what_waits_is_written_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LogFile {
        path: dir.path().join("log"),
        max_bytes: 1 << 20,
        keep: 1,
    };
    let (mut lines, writer) = follow(Rolling::new(&settings)).unwrap();
    for n in 0..1_000 {
        lines.write_all(format!("{n}\n").as_bytes()).unwrap();
    }
    lines.close();
    writer.join().unwrap();
    let read = std::fs::read_to_string(&settings.path).unwrap();
    let lost = lines.dropped.load(Ordering::Relaxed);
    assert_eq!(read.lines().count() as u64 + lost, 1_000);
    lines.write_all(b"late\n").unwrap();
    assert_eq!(lines.dropped.load(Ordering::Relaxed), lost + 1);
}

#[test]
fn a_file_that_cannot_be_written_yet_is_written_when_it_can() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LogFile {
        path: dir.path().join("later/indusmind.log"),
        max_bytes: 1 << 20,
        keep: 1,
    };
    let mut file = Rolling::new(&settings);
    assert!(file.open().is_err() && file.write(b"lost\n").is_err());
    std::fs::create_dir(dir.path().join("later")).unwrap();
    file.write(b"kept\n").unwrap();
    assert_eq!(std::fs::read_to_string(&settings.path).unwrap(), "kept\n");
}

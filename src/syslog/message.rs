//! *pure* — an audit entry as a line of syslog (RFC 5424).

use crate::store::audit::{Entry, Outcome};
use serde_json::json;

/// Facility "log audit" (RFC 5424, table 1).
const FACILITY: u8 = 13;
/// Severities (table 2).
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;
/// Longest line, bytes: what every collector takes in one datagram on a local network.
const LINE_MAX: usize = 8 << 10;
/// Longest message id and host name (section 6).
const ID_MAX: usize = 32;
const HOST_MAX: usize = 255;

/// The line of an entry: the message is the entry as JSON, with the hash of the one before it, so
/// that a collector can prove what it holds. Details that make it too long are left out, and it
/// says so.
pub(super) fn line(entry: &Entry, host: &str) -> Vec<u8> {
    let refused = entry.outcome() == Outcome::Refused;
    let severity = if refused { WARNING } else { INFORMATIONAL };
    let head = format!(
        "<{}>1 {} {} indusmind - {} - ",
        FACILITY * 8 + severity,
        entry.at,
        word(host, HOST_MAX),
        word(&entry.action, ID_MAX),
    );
    let mut body = json!(entry);
    body["outcome"] = json!(entry.outcome());
    let mut line = format!("{head}{body}");
    if line.len() > LINE_MAX {
        body["details"] = json!({ "left_out": "too long for syslog" });
        line = format!("{head}{body}");
        line.truncate(line.floor_char_boundary(LINE_MAX));
    }
    line.into_bytes()
}

/// A word of visible ASCII; `-` when nothing is left of it.
fn word(text: &str, most: usize) -> String {
    let word: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(most)
        .collect();
    if word.is_empty() {
        "-".to_owned()
    } else {
        word
    }
}

/// A line with its length before it: so it is told where one ends on a stream (RFC 6587, section
/// 3.4.1; RFC 5425, section 4.3).
pub(super) fn framed(line: &[u8]) -> Vec<u8> {
    let mut frame = format!("{} ", line.len()).into_bytes();
    frame.extend_from_slice(line);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn entry(action: &str, details: &Value) -> Entry {
        serde_json::from_value(json!({ "sequence": 7, "at": "2026-11-21T08:30:00.250Z",
            "user_id": null, "user": "chief@plant.example", "address": "10.0.0.7",
            "action": action, "resource": "equipment/1", "details": details,
            "previous": "ab", "hash": "cd" }))
        .unwrap()
    }

    fn told(line: &[u8]) -> (String, Value) {
        let text = String::from_utf8(line.to_vec()).unwrap();
        let (head, body) = text.split_once(" - {").unwrap();
        let body = serde_json::from_str(&format!("{{{body}")).unwrap();
        (head.to_owned(), body)
    }

    #[test]
    fn an_entry_is_one_line_that_a_collector_understands() {
        let details = json!({ "name": "a\n<0>1 forged\u{0}" });
        let line = line(&entry("equipment.create", &details), "plant");
        let (head, body) = told(&line);
        assert_eq!(
            head,
            "<110>1 2026-11-21T08:30:00.250Z plant indusmind - equipment.create"
        );
        assert_eq!(
            (&body["sequence"], &body["previous"]),
            (&json!(7), &json!("ab"))
        );
        assert_eq!(body["details"]["name"], "a\n<0>1 forged\u{0}");
        assert!(!line.iter().any(u8::is_ascii_control));
        let refused = super::line(&entry("auth.login_failed", &json!({})), "a b\n");
        let (head, body) = told(&refused);
        assert!(
            head.starts_with("<108>1 ") && head.contains(" ab indusmind "),
            "{head}"
        );
        assert_eq!(body["outcome"], "refused");
        let (head, _) = told(&super::line(&entry(&"é x".repeat(40), &json!({})), ""));
        assert!(
            head.ends_with(&format!(" - indusmind - {}", "x".repeat(32))),
            "{head}"
        );
    }

    #[test]
    fn a_line_has_a_length_that_is_told_before_it() {
        let long = entry("a.b", &json!({ "text": "é".repeat(20_000) }));
        let line = line(&long, "plant");
        assert!(line.len() < LINE_MAX);
        let (_, body) = told(&line);
        assert_eq!(body["details"]["left_out"], "too long for syslog");
        assert_eq!(framed(b"abc"), b"3 abc");
    }
}

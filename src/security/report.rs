//! What other systems of the plant report: a firewall, a door, a domain controller. It lands in the
//! audit log, where nobody takes it away.

use super::event::{REPORTED, SecurityEvent, Severity};
use crate::base::error::Checks;
use crate::base::{Error, Result, Timestamp};
use crate::store::Store;
use crate::store::audit::{self, Actor};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::net::IpAddr;
use utoipa::ToSchema;

/// Longest name of a system, characters.
const SOURCE_MAX: usize = 80;
/// Longest name of a kind of event, characters.
const TYPE_MAX: usize = 100;
/// Longest sentence, characters.
const MESSAGE_MAX: usize = 500;
/// Largest details as JSON, bytes: the log is kept for ever.
const DETAILS_MAX: usize = 2_000;
/// How far ahead the clock of another system may be, ms.
const AHEAD_MS: i64 = 24 * 3_600_000;

/// An event that another system reports. Send no passwords, tokens or keys: the log is for ever.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedEvent {
    /// Which system reports it.
    #[schema(example = "Firewall of hall 2")]
    pub source: String,
    /// What kind of event it is: lower-case letters, digits, `.`, `_` and `-`.
    #[schema(example = "port_scan")]
    pub event_type: String,
    /// How grave it is; a critical one is shown as a threat.
    pub severity: Severity,
    /// What happened, in a sentence.
    #[schema(example = "40 ports of 10.0.3.17 were tried within a minute.")]
    pub message: String,
    /// Whom it is about.
    #[serde(default)]
    pub user: Option<String>,
    /// The network address that it is about.
    #[serde(default)]
    #[schema(example = "10.0.3.99")]
    pub ip_address: Option<String>,
    /// When it happened by the clock of that system; the log has the time of its arrival as well.
    #[serde(default)]
    pub happened_at: Option<Timestamp>,
    /// Anything else, 2,000 bytes at most.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub details: Option<Map<String, Value>>,
}

fn is_plain(text: &str, most: usize) -> bool {
    let length = text.chars().count();
    (1..=most).contains(&length) && !text.chars().any(char::is_control)
}

impl ReportedEvent {
    /// What the log keeps of it.
    ///
    /// # Errors
    /// Every refused field.
    fn checked(self, now: Timestamp) -> Result<(String, Value)> {
        let mut checks = Checks::default();
        let (source, message) = (self.source.trim(), self.message.trim());
        let named = is_plain(source, SOURCE_MAX);
        checks.require(
            named,
            "source",
            "The name of the system: 1 to 80 characters.",
        );
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let kind = &self.event_type;
        let is_kind = is_plain(kind, TYPE_MAX) && kind.chars().all(letters);
        let sentence = "1 to 100 of the characters a-z, 0-9, dot, underline and hyphen.";
        checks.require(is_kind, "event_type", sentence);
        let said = is_plain(message, MESSAGE_MAX);
        checks.require(said, "message", "A sentence of 1 to 500 characters.");
        let user = self
            .user
            .as_deref()
            .map(str::trim)
            .filter(|user| !user.is_empty());
        let about = user.is_none_or(|user| is_plain(user, 254));
        checks.require(about, "user", "254 characters at most.");
        let address = self
            .ip_address
            .as_deref()
            .map(|a| a.trim().parse::<IpAddr>());
        let is_address = !matches!(address, Some(Err(_)));
        checks.require(is_address, "ip_address", "An address such as 10.0.3.99.");
        let early = self
            .happened_at
            .is_none_or(|at| at.since_ms(now) <= AHEAD_MS);
        let sentence = "More than a day ahead: set the clock of the system that reports.";
        checks.require(early, "happened_at", sentence);
        let details = Value::Object(self.details.unwrap_or_default());
        let small = details.to_string().len() <= DETAILS_MAX;
        checks.require(small, "details", "2,000 bytes as JSON at most.");
        checks.finish()?;
        let kept = json!({ "source": source, "event_type": kind, "severity": self.severity,
            "message": message, "user": user,
            "ip_address": address.and_then(std::result::Result::ok).map(|a| a.to_string()),
            "happened_at": self.happened_at, "details": details });
        Ok((format!("system/{source}"), kept))
    }
}

/// Notes what was reported; the event as it is shown from now on.
///
/// # Errors
/// Every refused field; a disk that refuses.
pub async fn note(
    store: &Store,
    event: ReportedEvent,
    actor: Actor,
    now: Timestamp,
) -> Result<SecurityEvent> {
    let (resource, details) = event.checked(now)?;
    let noted = store.write(move |transaction| {
        audit::append(transaction, now, &actor, REPORTED, &resource, details)?;
        Ok(audit::page(transaction, None, 1)?.pop())
    });
    let shown = noted.await?.and_then(SecurityEvent::of);
    shown.ok_or_else(|| Error::internal("The event was noted and is not there. Check the disk."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    fn event() -> ReportedEvent {
        serde_json::from_value(json!({ "source": " Firewall ", "event_type": "port_scan",
            "severity": "critical", "message": "A scan.", "ip_address": "10.0.3.99" }))
        .unwrap()
    }

    #[test]
    fn what_is_too_long_or_no_word_is_refused_at_its_place() {
        let (resource, kept) = event().checked(NOW).unwrap();
        assert_eq!(resource, "system/Firewall");
        assert_eq!(kept["severity"], "critical");
        let long = json!({ "text": "x".repeat(DETAILS_MAX) });
        let wrong = ReportedEvent {
            source: " ".to_owned(),
            event_type: "Port scan".to_owned(),
            severity: Severity::Info,
            message: "x".repeat(MESSAGE_MAX + 1),
            user: Some("a\nb".to_owned()),
            ip_address: Some("10.0.3".to_owned()),
            happened_at: Some(NOW.plus_ms(AHEAD_MS + 1)),
            details: long.as_object().cloned(),
        };
        let refused = wrong.checked(NOW).unwrap_err();
        let paths: Vec<_> = refused
            .fields
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        let all = [
            "source",
            "event_type",
            "message",
            "user",
            "ip_address",
            "happened_at",
            "details",
        ];
        assert_eq!(paths, all);
    }
}

//! How the connection to the broker is doing, and what its last messages became.

use crate::base::Timestamp;
use crate::devices::Report;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;

/// Messages that are remembered: what a person looks at while he sets a sensor up.
const RECENT_MAX: usize = 50;
/// Characters of a payload that are remembered.
const PAYLOAD_SHOWN: usize = 300;

/// How the connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MqttConnection)]
pub enum Connection {
    /// Nobody asked for one.
    #[default]
    Disabled,
    /// It is being made.
    Connecting,
    /// It stands.
    Connected,
    /// It failed, and is tried again.
    Waiting,
}

/// What a message became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MqttOutcome)]
pub enum MessageOutcome {
    /// Readings on disk.
    Stored,
    /// It had been stored before.
    Duplicate,
    /// It was not taken; the reason says why.
    Refused,
    /// The broker kept it from earlier and nothing tells when it was true.
    Retained,
}

/// One message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MqttMessage)]
pub struct Message {
    /// When it came.
    pub at: Timestamp,
    /// Its topic.
    pub topic: String,
    /// The beginning of its payload.
    pub payload: String,
    /// What it became.
    pub outcome: MessageOutcome,
    /// Where it is wrong.
    pub path: Option<String>,
    /// Why it was not taken.
    pub reason: Option<String>,
}

impl Message {
    /// A message as it is remembered.
    pub(super) fn new(at: Timestamp, topic: &str, payload: &[u8]) -> Self {
        let text = String::from_utf8_lossy(payload);
        let shown: String = text.chars().take(PAYLOAD_SHOWN).collect();
        Self {
            at,
            topic: topic.to_owned(),
            payload: shown
                .chars()
                .filter(|c| !c.is_control() || *c == '\n')
                .collect(),
            outcome: MessageOutcome::Stored,
            path: None,
            reason: None,
        }
    }

    /// The same as refused.
    pub(super) fn refused(mut self, path: &str, reason: &str) -> Self {
        self.outcome = MessageOutcome::Refused;
        self.path = Some(path.to_owned());
        self.reason = Some(reason.to_owned());
        self
    }

    /// The same with what became of its readings.
    pub(super) fn reported(mut self, report: &Report) -> Self {
        let bad = report.readings.iter().find(|r| r.reason.is_some());
        if let Some(bad) = bad {
            self.path.clone_from(&bad.path);
            self.reason.clone_from(&bad.reason);
        }
        self.outcome = if report.stored > 0 {
            MessageOutcome::Stored
        } else if report.duplicates > 0 {
            MessageOutcome::Duplicate
        } else {
            MessageOutcome::Refused
        };
        self
    }
}

/// How the connection is doing.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct MqttStatus {
    /// How it is.
    pub connection: Connection,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why it failed, and what to do.
    pub error: Option<String>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// Attempts that failed since it last stood.
    pub failures: u32,
    /// Messages since the start.
    pub received: u64,
    /// Messages with readings that are on disk.
    pub stored: u64,
    /// Messages that had been stored before.
    pub duplicates: u64,
    /// Messages that were not taken.
    pub refused: u64,
    /// Messages that the broker kept from earlier without a time of their own.
    pub retained: u64,
    /// When the last message came.
    pub last_message_at: Option<Timestamp>,
    /// The last messages, newest first.
    pub recent: Vec<Message>,
}

/// The status, as the connection writes it and pages read it.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<MqttStatus>);

impl Board {
    pub(super) fn show(&self) -> MqttStatus {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut MqttStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn connection(&self, connection: Connection, now: Timestamp) {
        self.change(|status| {
            if status.connection != connection {
                status.since = Some(now);
            }
            status.connection = connection;
            status.next_try_at = None;
            if connection != Connection::Connecting {
                status.error = None;
                status.failures = 0;
            }
        });
    }

    pub(super) fn failed(&self, why: String, now: Timestamp, next: Timestamp) {
        self.change(|status| {
            if status.connection != Connection::Waiting {
                status.since = Some(now);
            }
            status.connection = Connection::Waiting;
            status.error = Some(why);
            status.failures += 1;
            status.next_try_at = Some(next);
        });
    }

    pub(super) fn note(&self, message: Message) {
        self.change(|status| {
            status.received += 1;
            status.last_message_at = Some(message.at);
            *match message.outcome {
                MessageOutcome::Stored => &mut status.stored,
                MessageOutcome::Duplicate => &mut status.duplicates,
                MessageOutcome::Refused => &mut status.refused,
                MessageOutcome::Retained => &mut status.retained,
            } += 1;
            status.recent.truncate(RECENT_MAX - 1);
            status.recent.insert(0, message);
        });
    }
}

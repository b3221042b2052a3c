//! Sensors that publish to a broker: subscribed to, mapped to series, stored like every other
//! reading; home of rumqttc.
//!
//! Promises: a message is acknowledged to the broker after it is on disk or was refused for a
//! reason that is told; the connection is tried again for ever; the password is never shown.
//! Will not do: publish, or be a broker.

mod client;
mod mapping;
mod service;
mod settings;
mod status;
mod topic;

pub use mapping::{Mapping, Refusal, Taken, ValueMap};
pub use service::{Mqtt, TestMessage, TestOutcome, TestResult, TestValue};
pub use settings::{MqttChange, MqttSettings};
pub use status::{Connection, Message, MessageOutcome, MqttStatus};

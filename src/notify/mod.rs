//! Who is told what, by which outlet, until it arrived; home of lettre.
//!
//! Promises: what is to be told is in the outbox in the transaction in which it happened, and goes
//! out at least once whatever is cut in between; every alert has a letter or a stated reason why
//! not; secrets are never shown, logged or exported. Will not do: know rules, or decide what an
//! alert is; follow a redirect.

mod address;
mod cap;
mod carry;
mod desk;
mod dispatch;
mod email;
mod escalation;
mod http;
mod keys;
mod known;
mod language;
mod letter;
mod manage;
mod occasion;
mod outbox;
mod outlet;
mod policy;
mod providers;
mod recipients;
pub mod said;
mod schedule;
mod service;
mod settings;
#[cfg(test)]
pub(crate) mod simulation;
mod stuck;
mod text;
mod trial;
mod webhook;

pub use known::{Directory, General, Person};
pub use language::Language;
pub use letter::{Enclosed, Enclosures, Letter, LetterState, Try};
pub use manage::OutletShown;
pub use occasion::{Occasion, What};
pub use outbox::{LogFilter, LogPage};
pub use outlet::{Outlet, OutletChange, OutletKind, Settings};
pub use policy::{NewPolicy, Policy, Recipient, Step};
pub use said::Said;
pub use service::{Mail, Notify};
pub use trial::{Trial, Tried};

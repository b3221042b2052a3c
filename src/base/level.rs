//! How much an alert matters, the same for rules, alerts and notifications.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much an alert matters; the later, the more.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Level {
    /// Good to know.
    Informational,
    /// Look at it when there is time.
    Low,
    /// Look at it this shift.
    Medium,
    /// Look at it now.
    High,
    /// Act now: damage is near.
    Critical,
    /// Act now: people or the plant are in danger.
    Emergency,
}

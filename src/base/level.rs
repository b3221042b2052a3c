//! *pure* — how urgent an alert is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How urgent an alert is, from what may be read tomorrow to what cannot wait a minute.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum Level {
    /// Worth knowing; nothing has to be done.
    Informational,
    /// When there is time.
    Low,
    /// Today.
    Medium,
    /// Within the hour.
    High,
    /// Now.
    Critical,
    /// Now, and people may be in danger.
    Emergency,
}

impl Level {
    /// Every level, least urgent first.
    pub const ALL: [Self; 6] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
        Self::Emergency,
    ];

    /// Its name, as on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
            Self::Emergency => "Emergency",
        }
    }

    /// The level of this name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is = |level: &Self| level.name().eq_ignore_ascii_case(name.trim());
        Self::ALL.into_iter().find(is)
    }
}

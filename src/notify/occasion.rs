//! *pure* — what happened to an alert, as much of it as a message needs.

use super::said::Said;
use crate::base::{EquipmentId, Level, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OccasionKind)]
pub enum What {
    /// It began.
    Raised,
    /// It became more serious.
    Rose,
    /// The condition is normal again.
    Returned,
    /// Somebody has seen it.
    Acknowledged,
    /// It is over.
    Resolved,
    /// It was put aside for a time.
    Shelved,
}

impl What {
    /// Whether nobody needs to go there any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Returned | Self::Resolved)
    }
}

/// Something that people may have to hear of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Occasion {
    /// The alert.
    pub alert: Uuid,
    /// What the alert is about, the same for each alert of this condition.
    pub condition: String,
    /// Key of the site.
    pub site: String,
    /// The machine, when it is about one.
    pub equipment: Option<EquipmentId>,
    /// Its name, or what else the alert is about.
    pub equipment_name: String,
    /// Where it stands.
    pub location: String,
    /// How much it matters.
    pub level: Level,
    /// What happened, in a sentence.
    pub message: String,
    /// The same as facts, which every language has words for; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The code of that, when every language has words for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice_code: Option<String>,
    /// The value that set it off.
    pub value: Option<f64>,
    /// The limit that it passed.
    pub threshold: Option<f64>,
    /// The unit of both.
    pub unit: String,
    /// When it happened, by the clock of the device.
    pub at: Timestamp,
    /// What happened to the alert.
    pub what: What,
    /// Whether the reading came so late that nobody can act on it: no sound is made.
    pub late: bool,
    /// Alerts that were folded into this one.
    pub children: u32,
}

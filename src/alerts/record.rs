//! One alert, as it is stored and shown, and what happened to it.

use super::index;
use super::state::AlertState;
use crate::base::{AlertId, AlertRuleId, EquipmentId, Level, Metric, Phase, Result, Timestamp};
use crate::notify::Said;
use crate::store::table::Table;
use crate::store::{TableName, Transaction, View};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) const ALERTS: Table<Alert> = Table::new("alert", 1);
const TRANSITIONS: Table<Transition> = Table::new("alert_transition", 1);
/// Sequence of the last change, and how many alerts are stored: see [`Head`].
const HEADS: Table<Head> = Table::new("alert_head", 1);
const HEAD: &[u8] = b"head";
/// Transitions kept of one alert; one that chatters for weeks keeps its first ones.
pub(super) const TRANSITIONS_MAX: u32 = 1_000;

/// Where an alert comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertSource)]
pub enum Source {
    /// A rule.
    Rule,
    /// All devices of a line are silent.
    Line,
    /// All devices of a site are silent.
    Site,
    /// More alerts of one equipment than anybody can read.
    Storm,
    /// The appliance itself.
    Appliance,
    /// A cold cell.
    Cell,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// How urgent it is; of an alert that rose, the worst that it was.
    pub level: Level,
    /// The equipment, if it is about one.
    pub equipment_id: Option<EquipmentId>,
    /// What that is called.
    pub equipment_name: String,
    /// Where it stands.
    pub location: Option<String>,
    /// What is wrong, in an English sentence.
    pub message: String,
    /// The same as facts, which every language has words for; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What was measured.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// When it began, on the clock of the device.
    pub timestamp: Timestamp,
    /// Whether somebody said that he knows.
    pub acknowledged: bool,
    /// Who was the first to.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// What he wrote.
    pub notes: Option<String>,
    /// Where it stands after ISA-18.2.
    pub state: AlertState,
    /// Whether its condition holds.
    pub active: bool,
    /// Counts the changes: an acknowledgement can name the one that was seen.
    pub revision: u32,
    /// Key of its site.
    pub site: String,
    /// Where it comes from.
    pub source: Source,
    /// The rule.
    pub rule_id: Option<AlertRuleId>,
    /// What the rule is called.
    pub rule_name: Option<String>,
    /// What makes it the same alert again: one is open per condition.
    pub condition: String,
    /// A word for programs, such as `HIGH_TEMP`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The quantity.
    pub metric: Option<Metric>,
    /// The conductor.
    pub phase: Option<Phase>,
    /// Unit of the value.
    pub unit: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// The code of that, when every language has words for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice_code: Option<String>,
    /// When its condition last began to hold.
    pub last_triggered_at: Timestamp,
    /// How often it began to hold.
    pub occurrences: u32,
    /// When its condition last ended.
    pub returned_at: Option<Timestamp>,
    /// When it was over and known to be.
    pub resolved_at: Option<Timestamp>,
    /// Who said so; absent when it was so by itself.
    pub resolved_by: Option<String>,
    /// Whether its readings came late: nothing sounds then.
    pub late: bool,
    /// Whether it comes and goes too often to be of use.
    pub chattering: bool,
    /// Alerts that it stands for.
    pub children: u32,
    /// The alert that stands for it.
    pub parent: Option<AlertId>,
    /// Until when it is silenced.
    pub shelved_until: Option<Timestamp>,
    /// By whom.
    pub shelved_by: Option<String>,
    /// Why.
    pub shelve_reason: Option<String>,
    /// Who suppressed it by design or took it out of service; absent when nobody did by hand.
    #[serde(default)]
    pub set_aside_by: Option<String>,
    /// When.
    #[serde(default)]
    pub set_aside_at: Option<Timestamp>,
    /// Why.
    #[serde(default)]
    pub set_aside_reason: Option<String>,
    /// When it was noticed here.
    pub detected_at: Timestamp,
    /// How many entries its history has.
    pub transitions: u32,
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertTransition)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// What: `raised`, `rose`, `returned`, `acknowledged`, `resolved`, `shelved`, `unshelved`,
    /// `folded`, `unfolded`, `suppressed`, `unsuppressed`, `out_of_service`, `in_service`,
    /// `comment`.
    pub what: String,
    /// The state before.
    pub from: AlertState,
    /// The state after.
    pub to: AlertState,
    /// Who; absent for the appliance.
    pub by: Option<String>,
    /// What he wrote, or why.
    pub note: Option<String>,
    /// What was measured.
    pub value: Option<f64>,
}

/// What is known of all alerts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Goes up with each change: memory that does not know it is read anew.
    pub(super) sequence: u64,
    /// Alerts stored.
    pub(super) stored: u64,
}

impl Head {
    pub(super) fn read(view: &impl View) -> Result<Self> {
        Ok(HEADS.get(view, HEAD)?.unwrap_or_default())
    }

    pub(super) fn write(self, transaction: &Transaction<'_>) -> Result<()> {
        HEADS.put(transaction, HEAD, &self)
    }
}

impl Alert {
    /// Whether nothing is left to do about it.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.state.is_closed()
    }

    /// Stores it with its places in the index; `before` is what is stored of it.
    pub(super) fn save(&self, transaction: &Transaction<'_>, before: Option<&Self>) -> Result<()> {
        ALERTS.put(transaction, self.id.as_bytes(), self)?;
        index::update(transaction, before, self)
    }

    /// Forgets it with its history.
    pub(super) fn forget(&self, transaction: &Transaction<'_>) -> Result<()> {
        ALERTS.remove(transaction, self.id.as_bytes())?;
        index::remove(transaction, self)?;
        let keys = (0..self.transitions.min(TRANSITIONS_MAX)).map(|n| key_of(self.id, n));
        transaction.remove_all(TableName::new("alert_transition"), keys)
    }
}

impl Transition {
    /// Stores it as the entry of this number in the history of an alert.
    pub(super) fn put(
        &self,
        transaction: &Transaction<'_>,
        alert: AlertId,
        number: u32,
    ) -> Result<()> {
        TRANSITIONS.put(transaction, &key_of(alert, number), self)
    }

    /// The history of an alert, oldest first.
    pub(super) fn of(view: &impl View, alert: AlertId) -> Result<Vec<Self>> {
        TRANSITIONS.under(view, alert.as_bytes())
    }
}

/// Place of a transition: the alert, and its number.
fn key_of(alert: AlertId, number: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(alert.as_bytes());
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

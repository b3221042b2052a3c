//! *pure* — what a list of alerts is narrowed by, and its order.

use crate::auth::Reach;
use crate::base::{AlertId, EquipmentId, Level, Timestamp};

/// Which alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// All of them.
    #[default]
    All,
    /// Somebody knows.
    Acknowledged,
    /// Nobody said that he knows.
    Unacknowledged,
    /// The condition holds.
    Active,
    /// Something is left to do.
    Open,
    /// Silenced for a time.
    Shelved,
    /// Silent by design.
    Suppressed,
    /// What it watches is being worked on.
    OutOfService,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    Time,
    /// The worst first, and of a level the newest.
    Level,
}

/// What a list is narrowed by.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of the sites that are reached.
    pub reach: Reach,
    /// One of these levels; all when empty.
    pub levels: Vec<Level>,
    /// Of this equipment.
    pub equipment: Option<EquipmentId>,
    /// Which.
    pub status: Status,
    /// Begun at or after.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
    /// Part of the message or of the equipment's name.
    pub search: Option<String>,
    /// Those, too, for which another stands.
    pub children: bool,
    /// Only those for which this one stands.
    pub parent: Option<AlertId>,
    /// In which order.
    pub sort: Sort,
}

impl Filter {
    /// All of what somebody reaches, the newest first.
    #[must_use]
    pub const fn within(reach: Reach) -> Self {
        Self {
            reach,
            levels: Vec::new(),
            equipment: None,
            status: Status::All,
            from: None,
            to: None,
            search: None,
            children: false,
            parent: None,
            sort: Sort::Time,
        }
    }
}

//! Alerts that other rooms find: they say what holds, and here it becomes an alert like any other,
//! with its life, its storms and whoever hears of it.

use super::draft::{Advice, Cause, Seed};
use super::record::Source;
use super::service::Alerts;
use crate::base::{AlertId, EquipmentId, Level, Metric, Phase, Result, Timestamp};
use crate::notify::Said;
use crate::store::Transaction;
use std::collections::HashMap;

/// Something that is wrong, found by another room.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What makes it the same alert again.
    pub condition: String,
    /// Key of the site.
    pub site: String,
    /// How urgent it is; an alert that stands rises, it does not sink.
    pub level: Level,
    /// The equipment.
    pub equipment: EquipmentId,
    /// What people call it.
    pub equipment_name: String,
    /// Where it stands.
    pub location: Option<String>,
    /// What is wrong.
    pub said: Said,
    /// What was measured.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// Unit of both.
    pub unit: String,
    /// A word for programs, such as `HIGH_TEMP`.
    pub kind: String,
    /// The quantity.
    pub metric: Option<Metric>,
    /// The code of what to do about it.
    pub advice: &'static str,
    /// When it began, on the clock of the device.
    pub at: Timestamp,
    /// Whether its readings came so late that nothing shall sound.
    pub late: bool,
}

/// What another room says.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It holds.
    Holds(Box<Finding>),
    /// Which alert stands for this condition, if one does.
    Ask(String),
    /// What this condition said is over, since this instant of the device.
    Over(String, Timestamp),
}

/// The alerts that reports were put to, by their conditions.
pub type Raised = HashMap<String, AlertId>;

impl Alerts {
    /// Raises and ends alerts as another room says; `also` runs in the same transaction, with the
    /// alerts that were raised.
    ///
    /// # Errors
    /// When the disk refuses, or what `also` returned; then nothing of it is so.
    pub async fn report<F>(&self, reports: Vec<Report>, also: F) -> Result<()>
    where
        F: FnOnce(&Transaction<'_>, &Raised) -> Result<()> + Send + 'static,
    {
        let now = self.clock.now();
        self.change(move |engine, transaction, draft| {
            let mut raised = Raised::new();
            for report in reports {
                match report {
                    Report::Holds(finding) => {
                        let cause = Cause::of(finding.at, now);
                        let condition = finding.condition.clone();
                        engine.book.raise(draft, seed_of(*finding), &cause, 0);
                        let open = engine.book.open.get(&condition);
                        raised.extend(open.map(|alert| (condition, alert.id)));
                    }
                    Report::Ask(condition) => {
                        let open = engine.book.open.get(&condition);
                        raised.extend(open.map(|alert| (condition, alert.id)));
                    }
                    Report::Over(condition, at) => {
                        let cause = Cause::of(at, now);
                        engine.book.clear(draft, &condition, &cause, false);
                    }
                }
            }
            also(transaction, &raised)
        })
        .await
    }
}

fn seed_of(finding: Finding) -> Seed {
    Seed {
        condition: finding.condition,
        site: finding.site,
        source: Source::Cell,
        level: finding.level,
        equipment: Some(finding.equipment),
        equipment_name: finding.equipment_name,
        location: finding.location,
        said: finding.said,
        value: finding.value,
        threshold: finding.threshold,
        unit: finding.unit,
        rule: None,
        kind: Some(finding.kind),
        metric: finding.metric,
        phase: None::<Phase>,
        advice: Advice::Known(finding.advice),
        late: finding.late,
        parent: None,
    }
}

//! Indicators that drift, as others compute it, are alerts: one for each, until it is over.

use super::book::Book;
use super::draft::{Advice, Cause, Seed};
use super::record::Source;
use super::service::Alerts;
use crate::base::{Level, Result};
use crate::notify::Said;

/// How their conditions begin; the id of the indicator follows.
const PREFIX: &str = "enpi/";

/// An indicator whose plant uses lastingly more than its baseline expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifting {
    /// Its id.
    pub id: String,
    /// Key of its site.
    pub site: String,
    /// What people call it.
    pub name: String,
    /// What more is used, in the unit.
    pub more: f64,
    /// Energy for each period: `kWh/day`.
    pub unit: &'static str,
    /// Since which day.
    pub since: String,
}

impl Drifting {
    fn condition(&self) -> String {
        format!("{PREFIX}{}", self.id)
    }

    fn seed(self) -> Seed {
        let (more, unit) = (self.more, self.unit);
        Seed {
            condition: self.condition(),
            site: self.site,
            source: Source::Appliance,
            level: Level::Medium,
            equipment: None,
            equipment_name: self.name,
            location: None,
            said: Said::of("drift")
                .number("value", format!("{more:.0} {unit}"))
                .name("day", self.since),
            value: Some((more * 10.0).round() / 10.0),
            threshold: None,
            unit: unit.to_owned(),
            rule: None,
            kind: None,
            metric: None,
            phase: None,
            advice: Advice::Known("drift"),
            late: false,
            parent: None,
        }
    }
}

/// What has to begin, and which conditions have to end.
fn changes(book: &Book, drifting: &[Drifting]) -> (Vec<Drifting>, Vec<String>) {
    let is_open = |condition: &str| book.open.get(condition).is_some_and(|alert| alert.active);
    let begins = drifting.iter().filter(|one| !is_open(&one.condition()));
    let stands = |condition: &str| drifting.iter().any(|one| one.condition() == condition);
    let open = book.open.iter().filter(|(_, alert)| alert.active);
    let ends = open
        .map(|(condition, _)| condition)
        .filter(|condition| condition.starts_with(PREFIX) && !stands(condition));
    (begins.cloned().collect(), ends.cloned().collect())
}

impl Alerts {
    /// Raises an alert for each indicator that drifts and has none, and ends those of the others.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn note_drifts(&self, drifting: Vec<Drifting>) -> Result<()> {
        let now = self.clock.now();
        let (begins, ends) = changes(&self.engine().book, &drifting);
        if begins.is_empty() && ends.is_empty() {
            return Ok(());
        }
        self.change(move |engine, _, draft| {
            let cause = Cause::of(now, now);
            let (begins, ends) = changes(&engine.book, &drifting);
            for one in begins {
                engine.book.raise(draft, one.seed(), &cause, 0);
            }
            for condition in ends {
                engine.book.clear(draft, &condition, &cause, false);
            }
            Ok(())
        })
        .await
    }
}

//! A demand window that will pass the contracted power, as others compute it, is an alert of its
//! site until the danger or the window is over.

use super::book::Book;
use super::draft::{Advice, Cause, Seed};
use super::record::Source;
use super::service::Alerts;
use crate::base::{Level, Result};
use crate::notify::Said;

/// How their conditions begin; the key of the site follows.
const PREFIX: &str = "demand/";

/// A window that will end above the contracted power.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandDanger {
    /// What it will end with, kW.
    pub forecast_kw: f64,
    /// The contracted power, kW.
    pub contracted_kw: f64,
    /// When the window ends, on the clock of the site: `09:15`.
    pub until: String,
    /// Minutes until then.
    pub minutes_left: i64,
    /// What has to go, kW; `None` when it is passed already.
    pub excess_kw: Option<f64>,
    /// Names and kW of what may be switched off, the greatest first.
    pub loads: Vec<(String, f64)>,
}

impl DemandDanger {
    /// What people read.
    fn said(&self) -> Said {
        let kw = |kw: f64| format!("{kw:.0} kW");
        let loads = self.loads.iter();
        let names: Vec<String> = loads
            .map(|(name, power)| format!("{name} ({})", kw(*power)))
            .collect();
        let code = match self.excess_kw {
            None => "demand_passed",
            Some(_) if names.is_empty() => "demand_any",
            Some(_) => "demand",
        };
        let said = Said::of(code)
            .name("until", &self.until)
            .number("forecast", kw(self.forecast_kw))
            .number("contracted", kw(self.contracted_kw));
        let Some(excess) = self.excess_kw else {
            return said;
        };
        // Rounded up: what is told must be enough.
        let said = said
            .number("minutes", self.minutes_left)
            .number("excess", kw(excess.ceil()));
        match names.is_empty() {
            true => said,
            false => said.name("names", names.join(", ")),
        }
    }

    fn seed(&self, (site, name): (&str, &str)) -> Seed {
        let tenth = |kw: f64| (kw * 10.0).round() / 10.0;
        Seed {
            condition: condition_of(site),
            site: site.to_owned(),
            source: Source::Appliance,
            level: Level::High,
            equipment: None,
            equipment_name: name.to_owned(),
            location: None,
            said: self.said(),
            value: Some(tenth(self.forecast_kw)),
            threshold: Some(tenth(self.contracted_kw)),
            unit: "kW".to_owned(),
            rule: None,
            kind: None,
            metric: None,
            phase: None,
            advice: Advice::Known("demand"),
            late: false,
            parent: None,
        }
    }
}

fn condition_of(site: &str) -> String {
    format!("{PREFIX}{site}")
}

fn stands(book: &Book, site: &str) -> bool {
    let open = book.open.get(&condition_of(site));
    open.is_some_and(|alert| alert.active)
}

impl Alerts {
    /// Whether the alert about the demand of a site stands.
    #[must_use]
    pub fn tells_of_demand(&self, site: &str) -> bool {
        stands(&self.engine().book, site)
    }

    /// Raises the alert about the demand of a site, by its key and its name, or ends it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn note_demand(
        &self,
        (site, name): (&str, &str),
        danger: Option<DemandDanger>,
    ) -> Result<()> {
        // What stands keeps what it said when it began: it names the end of the window.
        if self.tells_of_demand(site) == danger.is_some() {
            return Ok(());
        }
        let (now, site, name) = (self.clock.now(), site.to_owned(), name.to_owned());
        self.change(move |engine, _, draft| {
            let cause = Cause::of(now, now);
            match danger {
                Some(danger) if !stands(&engine.book, &site) => {
                    let seed = danger.seed((&site, &name));
                    engine.book.raise(draft, seed, &cause, 0);
                }
                Some(_) => {}
                None => engine
                    .book
                    .clear(draft, &condition_of(&site), &cause, false),
            }
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_says_what_will_be_what_may_be_how_long_and_what_to_drop() {
        let mut danger = DemandDanger {
            forecast_kw: 342.4,
            contracted_kw: 300.0,
            until: "09:15".to_owned(),
            minutes_left: 6,
            excess_kw: Some(105.2),
            loads: vec![("Oven".to_owned(), 80.0), ("Press 3".to_owned(), 41.7)],
        };
        assert_eq!(
            danger.said().plain(),
            "The demand of the window until 09:15 will be 342 kW; 300 kW are contracted. Minutes \
             left: 6. 106 kW have to go, for example Oven (80 kW), Press 3 (42 kW)."
        );
        danger.loads.clear();
        danger.minutes_left = 1;
        assert!(
            danger
                .said()
                .plain()
                .ends_with("Minutes left: 1. 106 kW have to go.")
        );
        danger.excess_kw = None;
        assert!(
            danger
                .said()
                .plain()
                .ends_with("That is passed already, whatever is switched off now.")
        );
    }
}

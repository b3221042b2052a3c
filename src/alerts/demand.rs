//! A demand window that will pass the contracted power, as others compute it, is an alert of its
//! site until the danger or the window is over.

use super::book::Book;
use super::draft::{Cause, Seed};
use super::record::Source;
use super::service::Alerts;
use crate::base::{Level, Result};

/// How their conditions begin; the key of the site follows.
const PREFIX: &str = "demand/";
const ADVICE: &str = "Switch off or delay until the end of the window what can wait: the page \
                      Demand shows what draws most and how much is still free. If it comes back \
                      every day, move a start to another quarter of an hour, or order more power.";

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
    fn message(&self) -> String {
        let (forecast, limit, until) = (self.forecast_kw, self.contracted_kw, &self.until);
        let begins = format!(
            "The demand of the window until {until} will be {forecast:.0} kW; {limit:.0} kW are \
             contracted."
        );
        let Some(excess) = self.excess_kw else {
            return format!("{begins} That is passed already, whatever is switched off now.");
        };
        let minutes = match self.minutes_left {
            1 => "1 minute is left".to_owned(),
            many => format!("{many} minutes are left"),
        };
        let names: Vec<String> = self
            .loads
            .iter()
            .map(|(name, kw)| format!("{name} ({kw:.0} kW)"))
            .collect();
        let which = match names.is_empty() {
            true => String::new(),
            false => format!(", for example {}", names.join(", ")),
        };
        // Rounded up: what is told must be enough.
        let excess = excess.ceil();
        format!("{begins} {minutes}: {excess:.0} kW have to go{which}.")
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
            message: self.message(),
            value: Some(tenth(self.forecast_kw)),
            threshold: Some(tenth(self.contracted_kw)),
            unit: "kW".to_owned(),
            rule: None,
            kind: None,
            metric: None,
            phase: None,
            advice: Some(ADVICE.to_owned()),
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
            danger.message(),
            "The demand of the window until 09:15 will be 342 kW; 300 kW are contracted. 6 \
             minutes are left: 106 kW have to go, for example Oven (80 kW), Press 3 (42 kW)."
        );
        danger.loads.clear();
        danger.minutes_left = 1;
        assert!(
            danger
                .message()
                .ends_with("1 minute is left: 106 kW have to go.")
        );
        danger.excess_kw = None;
        assert!(
            danger
                .message()
                .ends_with("That is passed already, whatever is switched off now.")
        );
    }
}

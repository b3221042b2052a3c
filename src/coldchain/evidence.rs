//! The evidence of a month: what was measured day by day, what happened, what people did about it,
//! and what was not measured. Each day carries the hash of the one before, so that a later change
//! shows; a month that is over can be sealed, and is held against its seal from then on.

use super::calibration::Calibration;
use super::cell::Cell;
use super::days::{Day, Gap, hexed, month_kinetic_c};
use super::excursion::Excursion;
use super::service::{Coldchain, Entry};
use super::together::about_cell;
use crate::auth::Reach;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{CellId, Error, Result, TimeRange, Timestamp};
use crate::store::audit::Actor;
use crate::store::table::Table;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

const SEALS: Table<Sealed> = Table::new("cold_evidence", 1);
/// Gaps that are named of one month.
const GAPS_MAX: usize = 200;

/// The seal of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sealed {
    sealed_at: Timestamp,
    by: String,
    previous: String,
    hash: String,
    days: Vec<Day>,
}

/// How a month stands against its seal.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = EvidenceSeal)]
pub struct Seal {
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// By whom.
    pub by: String,
    /// Hash of the seal of the month that was sealed before; empty for the first one.
    pub previous: String,
    /// Hash of this seal: of the one before, of the last day, and of the excursions.
    pub hash: String,
    /// Whether the readings still say what they said then.
    pub holds: bool,
    /// Days that say something else now.
    pub changed_days: Vec<String>,
}

/// The evidence of a cell for a month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// The cell.
    pub cell: Cell,
    /// What its customer is called.
    pub customer_name: String,
    /// What its location is called.
    pub location_name: String,
    /// The month, `2026-10`.
    pub month: String,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// Up to when it is known.
    pub known_to: Timestamp,
    /// Its days.
    pub days: Vec<Day>,
    /// The coldest, °C.
    pub min_c: Option<f64>,
    /// The warmest, °C.
    pub max_c: Option<f64>,
    /// Mean kinetic temperature of the month, °C.
    pub mean_kinetic_c: Option<f64>,
    /// Share of the time that was measured, 0 to 1.
    pub coverage: f64,
    /// Times in which nothing was measured.
    pub gaps: Vec<Gap>,
    /// Whether there were more gaps than are named.
    pub more_gaps: bool,
    /// Excursions, oldest first.
    pub excursions: Vec<Excursion>,
    /// Certificates that held in the month, or were due in it.
    pub calibrations: Vec<Calibration>,
    /// Hash of the last day.
    pub hash: String,
    /// The seal, when it was sealed.
    pub seal: Option<Seal>,
}

/// The range of a month on the calendar of a site.
///
/// # Errors
/// When it is no month.
pub fn month_range(calendar: &Calendar, month: &str) -> Result<TimeRange> {
    let shaped = month.len() == 7 && month.as_bytes()[4] == b'-';
    let from = calendar.instant(&format!("{month}-01T00:00:00"));
    let from = from.filter(|_| shaped);
    let from = from.ok_or_else(|| Error::invalid("month", "Write the month as 2026-10."))?;
    let to = calendar.next_bucket(from, BucketSize::Month);
    Ok(TimeRange { from, to })
}

impl Coldchain {
    /// The evidence of a cell for a month: the figures that every report of it is made of. Reads
    /// the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When there is no such cell for who reaches this; no month, or one that has not come; files
    /// that cannot be read.
    pub fn evidence(&self, reach: &Reach, id: CellId, month: &str) -> Result<Evidence> {
        self.evidence_until(reach, id, month, self.now())
    }

    /// The same as far as it was known at an instant: what a report says that ends there.
    pub(super) fn evidence_until(
        &self,
        reach: &Reach,
        id: CellId,
        month: &str,
        until: Timestamp,
    ) -> Result<Evidence> {
        let cell = self.cell(reach, id)?;
        let calendar = self.calendar(&cell.site);
        let range = month_range(&calendar, month)?;
        let known_to = range.to.min(until);
        if known_to <= range.from {
            return Err(Error::invalid("month", "That month has not come yet."));
        }
        let (days, gaps) = self.days(&cell, (range.from, known_to), month)?;
        let customer = self.customer(reach, cell.customer_id)?;
        let location = self.location(reach, cell.said.location_id)?;
        let known = TimeRange {
            from: range.from,
            to: known_to,
        };
        let mut excursions = self.excursions_within(id, known)?;
        excursions.reverse();
        let held = |one: &&Calibration| one.from < range.to && one.due_at >= range.from;
        let calibrations = self.calibrations(id);
        let seal = self.seal_of(id, month, &days)?;
        let measured: i64 = days.iter().map(|day| day.measured_s).sum();
        let passed = known_to.since_ms(range.from) / 1_000;
        let more_gaps = gaps.len() > GAPS_MAX;
        #[allow(clippy::cast_precision_loss)] // a month in s
        let coverage = (measured as f64 / passed.max(1) as f64).min(1.0);
        Ok(Evidence {
            customer_name: customer.name,
            location_name: location.name,
            month: month.to_owned(),
            from: range.from,
            to: range.to,
            known_to,
            min_c: days
                .iter()
                .filter_map(|day| day.min_c)
                .min_by(f64::total_cmp),
            max_c: days
                .iter()
                .filter_map(|day| day.max_c)
                .max_by(f64::total_cmp),
            mean_kinetic_c: month_kinetic_c(&days),
            coverage: (coverage * 10_000.0).round() / 10_000.0,
            gaps: gaps.into_iter().take(GAPS_MAX).collect(),
            more_gaps,
            excursions,
            calibrations: calibrations.iter().filter(held).cloned().collect(),
            hash: days.last().map(|day| day.hash.clone()).unwrap_or_default(),
            days,
            seal,
            cell: Cell::clone(&cell),
        })
    }

    /// The seal of a month, held against what the readings say now.
    fn seal_of(&self, cell: CellId, month: &str, days: &[Day]) -> Result<Option<Seal>> {
        let found = SEALS.get(&self.ground.store.read()?, &key_of(cell, month))?;
        Ok(found.map(|sealed| seal_against(sealed, days)))
    }

    /// Seals a month that is over: what it says is kept beside the readings, and in the audit log
    /// by its hash.
    ///
    /// # Errors
    /// When there is no such cell for who reaches this; a month that is not over, or is sealed; a
    /// disk that refuses.
    pub async fn seal(
        self: &std::sync::Arc<Self>,
        reach: &Reach,
        id: CellId,
        month: &str,
        actor: Actor,
    ) -> Result<Evidence> {
        let _turn = self.changing.lock().await;
        let (coldchain, reach, named) =
            (std::sync::Arc::clone(self), reach.clone(), month.to_owned());
        let read = tokio::task::spawn_blocking(move || coldchain.evidence(&reach, id, &named));
        let broken = |cause| Error::internal("The month could not be read.").because(cause);
        let mut evidence = read.await.map_err(broken)??;
        if evidence.known_to < evidence.to {
            let sentence = "This month is not over. Seal it when it is.";
            return Err(Error::conflict(sentence));
        }
        if evidence.seal.is_some() {
            return Err(Error::conflict("This month is sealed already."));
        }
        let (month, now) = (month.to_owned(), self.now());
        let (days, excursions) = (
            evidence.days.clone(),
            json!(evidence.excursions).to_string(),
        );
        let write = self.ground.store.write(move |transaction| {
            let sealed = SEALS.under(transaction, id.as_bytes())?;
            let last = sealed.into_iter().max_by_key(|sealed| sealed.sealed_at);
            let previous = last.map(|sealed| sealed.hash).unwrap_or_default();
            let last_day = days.last().map(|day| day.hash.as_str()).unwrap_or_default();
            let sealed = Sealed {
                sealed_at: now,
                by: actor.name.clone(),
                hash: hexed(&format!("{previous}\n{last_day}\n{excursions}")),
                previous,
                days,
            };
            SEALS.put(transaction, &key_of(id, &month), &sealed)?;
            let resource = format!("cold_cell/{id}/evidence/{month}");
            let details = json!({ "hash": sealed.hash, "previous": sealed.previous });
            let entry = Entry { now, actor: &actor };
            let object = about_cell(transaction, &resource, id)?;
            entry.put(transaction, "coldchain.evidence_seal", object, details)?;
            Ok(sealed)
        });
        let sealed = write.await?;
        evidence.seal = Some(seal_against(sealed, &evidence.days));
        Ok(evidence)
    }
}

fn seal_against(sealed: Sealed, days: &[Day]) -> Seal {
    // The chain makes every day after a change another one: what is named is what it says.
    let bare = |day: &Day| Day {
        previous: String::new(),
        hash: String::new(),
        ..day.clone()
    };
    let differs = |day: &&Day| {
        let then = sealed.days.iter().find(|then| then.date == day.date);
        then.map(bare) != Some(bare(day))
    };
    let changed_days: Vec<String> = days
        .iter()
        .filter(differs)
        .map(|d| d.date.clone())
        .collect();
    Seal {
        sealed_at: sealed.sealed_at,
        by: sealed.by,
        previous: sealed.previous,
        hash: sealed.hash,
        holds: changed_days.is_empty() && days.len() == sealed.days.len(),
        changed_days,
    }
}

/// Cell first, so that the seals of one lie together.
fn key_of(cell: CellId, month: &str) -> Vec<u8> {
    [cell.as_bytes().as_slice(), month.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::super::days::{Sums, hash_of};
    use super::*;

    fn days(values: [f64; 3]) -> Vec<Day> {
        let mut previous = "start".to_owned();
        let day = |(n, value): (usize, f64)| {
            let mut sums = Sums::default();
            sums.add(value, 60_000, value > 8.0);
            let day = sums.finish(format!("2026-10-0{}", n + 1), 60_000, &previous);
            previous.clone_from(&day.hash);
            day
        };
        values.into_iter().enumerate().map(day).collect()
    }

    #[test]
    fn a_later_change_shows_in_every_day_that_follows_and_is_named_once() {
        let (then, now) = (days([4.0, 5.0, 6.0]), days([4.0, 5.1, 6.0]));
        let same: Vec<bool> = then
            .iter()
            .zip(&now)
            .map(|(a, b)| a.hash == b.hash)
            .collect();
        assert_eq!(same, [true, false, false]);
        assert!(then.iter().all(|day| hash_of(day) == day.hash));
        let sealed = Sealed {
            sealed_at: Timestamp::from_ms(0),
            by: "chief".to_owned(),
            previous: String::new(),
            hash: String::new(),
            days: then.clone(),
        };
        assert!(seal_against(sealed.clone(), &then).holds);
        let seal = seal_against(sealed, &now);
        assert_eq!(
            (seal.holds, seal.changed_days),
            (false, vec!["2026-10-02".to_owned()])
        );
    }

    #[test]
    fn a_month_is_one_of_the_site() {
        let tunis = Calendar::new("Africa/Tunis").unwrap();
        let range = month_range(&tunis, "2026-10").unwrap();
        assert_eq!(range.from.to_string(), "2026-09-30T23:00:00.000Z");
        assert_eq!(range.length_ms(), 31 * 86_400_000);
        for odd in ["2026-13", "2026", "2026-1", "26-10-01", "2026-10-01"] {
            assert!(month_range(&tunis, odd).is_err(), "{odd}");
        }
    }
}

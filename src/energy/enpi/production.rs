//! What was produced: entries by form or file, each stored once.
//!
//! An entry is known by its site, product, machine and start. Brought again with the same figures
//! it changes nothing; with others it replaces them, and the audit log keeps what was there. Two
//! entries of the same product and machine never cover the same time.

use super::record::is_product;
use crate::base::error::Checks;
use crate::base::{EquipmentId, Error, Result, TimeRange, Timestamp};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use utoipa::ToSchema;

const PRODUCTION: Table<Entry> = Table::new("production", 1);
/// Longest stretch of one entry, ms: a month and a day.
const LENGTH_MAX_MS: i64 = 32 * 24 * 3_600_000;
/// Most entries of one request: a year of three shifts.
pub const ENTRIES_MAX: usize = 1_200;
/// Most entries that one answer or one sum is made of.
const READ_MAX: usize = 100_000;

/// An amount that was produced in a stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProductionEntry)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What was produced.
    pub product: String,
    /// By which machine; `null` for the whole site.
    #[serde(default)]
    pub equipment_id: Option<EquipmentId>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// How much.
    pub quantity: f64,
    /// Of what: `parts`, `t`.
    #[serde(default)]
    pub unit: String,
    /// Anything worth knowing: a batch, a shift.
    #[serde(default)]
    pub note: String,
}

/// What became of an entry that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    Created,
    /// It replaced other figures.
    Changed,
    /// It was there.
    Unchanged,
}

/// An entry that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RefusedEntry {
    /// Its line in the file, or its place in the list, from 1.
    pub line: u64,
    /// Which field.
    pub field: String,
    /// What to do.
    pub message: String,
}

/// What became of the entries that were brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ProductionReport {
    /// New ones.
    pub created: usize,
    /// Those that replaced other figures.
    pub changed: usize,
    /// Those that were there.
    pub unchanged: usize,
    /// Those that were not taken; the others were.
    pub refused: Vec<RefusedEntry>,
}

impl Entry {
    /// Nothing when it can be entered.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        checks.require(is_product(&self.product), "product", "1 to 64 characters.");
        let length = self.to.since_ms(self.from);
        checks.require(
            (1..=LENGTH_MAX_MS).contains(&length),
            "to",
            "The end must be after the start, by 32 days at most.",
        );
        checks.require(
            self.quantity.is_finite() && (0.0..=1e12).contains(&self.quantity),
            "quantity",
            "A number, 0 or more.",
        );
        checks.require(
            self.unit.chars().count() <= 16,
            "unit",
            "At most 16 characters.",
        );
        checks.require(
            self.note.chars().count() <= 200,
            "note",
            "At most 200 characters.",
        );
        checks.finish()
    }

    fn key(&self, site: &str) -> Vec<u8> {
        let mut key = prefix(site, &self.product, self.equipment_id);
        key.extend(self.from.ms().max(0).to_be_bytes());
        key
    }

    /// The part of its quantity that falls into a range, spread evenly over its time.
    #[must_use]
    pub fn within(&self, range: TimeRange) -> f64 {
        let (from, to) = (self.from.max(range.from), self.to.min(range.to));
        #[allow(clippy::cast_precision_loss)] // a month
        let share = to.since_ms(from).max(0) as f64 / self.to.since_ms(self.from).max(1) as f64;
        self.quantity * share
    }
}

/// Where the entries of one product and machine stand.
fn prefix(site: &str, product: &str, equipment: Option<EquipmentId>) -> Vec<u8> {
    let mut key = [site.as_bytes(), &[0], product.as_bytes(), &[0]].concat();
    match equipment {
        Some(id) => {
            key.push(1);
            key.extend(id.as_bytes());
        }
        None => key.push(0),
    }
    key
}

/// Stores an entry that was checked; what was there before comes back with it.
///
/// # Errors
/// When it overlaps another one; when the disk refuses.
pub(super) fn put(
    transaction: &Transaction<'_>,
    site: &str,
    entry: &Entry,
) -> Result<(Taken, Option<Entry>)> {
    let key = entry.key(site);
    let before = PRODUCTION.get(transaction, &key)?;
    if before.as_ref() == Some(entry) {
        return Ok((Taken::Unchanged, before));
    }
    let range = TimeRange {
        from: entry.from,
        to: entry.to,
    };
    let others = of_one(transaction, site, &entry.product, entry.equipment_id, range)?;
    if let Some(other) = others.iter().find(|other| other.from != entry.from) {
        let sentence = format!(
            "It overlaps the entry from {} to {}. Delete that one, or change the times.",
            other.from, other.to
        );
        return Err(Error::invalid("from", sentence));
    }
    PRODUCTION.put(transaction, &key, entry)?;
    let taken = if before.is_some() {
        Taken::Changed
    } else {
        Taken::Created
    };
    Ok((taken, before))
}

/// Forgets the entry of a product and machine that begins at this instant.
///
/// # Errors
/// When there is none; when the disk refuses.
pub(super) fn remove(
    transaction: &Transaction<'_>,
    site: &str,
    product: &str,
    equipment: Option<EquipmentId>,
    from: Timestamp,
) -> Result<Entry> {
    let mut key = prefix(site, product, equipment);
    key.extend(from.ms().max(0).to_be_bytes());
    let entry = PRODUCTION.get(transaction, &key)?;
    let entry = entry.ok_or_else(|| Error::not_found("production entry", from))?;
    PRODUCTION.remove(transaction, &key)?;
    Ok(entry)
}

/// The entries of one product and machine that touch a range, in order of time.
pub(super) fn of_one(
    view: &impl View,
    site: &str,
    product: &str,
    equipment: Option<EquipmentId>,
    range: TimeRange,
) -> Result<Vec<Entry>> {
    let at = |ms: i64| {
        let mut key = prefix(site, product, equipment);
        key.extend(ms.max(0).to_be_bytes());
        key
    };
    let (from, to) = (at(range.from.ms() - LENGTH_MAX_MS), at(range.to.ms()));
    let mut found = Vec::new();
    PRODUCTION.scan(view, &from, &to, &mut |_, entry| {
        if entry.to > range.from && found.len() < READ_MAX {
            found.push(entry);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// The entries of a site that touch a range, of one product or all, in order of time.
pub(super) fn of_site(
    view: &impl View,
    site: &str,
    product: Option<&str>,
    range: TimeRange,
) -> Result<Vec<Entry>> {
    let mut from = [site.as_bytes(), &[0]].concat();
    if let Some(product) = product {
        from.extend(product.as_bytes());
        from.push(0);
    }
    let past = [from.as_slice(), &[0xFF; 33]].concat();
    let mut found = Vec::new();
    PRODUCTION.scan(view, &from, &past, &mut |_, entry| {
        if entry.to > range.from && entry.from < range.to {
            if found.len() == READ_MAX {
                let sentence = "That is too much at once. Ask for a shorter range.";
                return Err(Error::invalid("to", sentence));
            }
            found.push(entry);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_by_key(|entry| entry.from);
    Ok(found)
}

/// What was produced in a range by one machine, or by all of a site together; `None` when nothing
/// is known of at least `coverage` of its time.
pub(super) fn amount(entries: &[Entry], range: TimeRange, coverage: f64) -> Option<f64> {
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut sum = 0.0;
    for entry in entries
        .iter()
        .filter(|e| e.to > range.from && e.from < range.to)
    {
        sum += entry.within(range);
        spans.push((entry.from.max(range.from), entry.to.min(range.to)));
    }
    spans.sort_unstable();
    let (mut known_ms, mut until) = (0, range.from);
    for (from, to) in spans {
        known_ms += to.since_ms(from.max(until)).max(0);
        until = until.max(to);
    }
    #[allow(clippy::cast_precision_loss)] // a month
    let share = known_ms as f64 / range.length_ms().max(1) as f64;
    (share >= coverage).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(from: i64, to: i64, quantity: f64) -> Entry {
        Entry {
            product: "caps".to_owned(),
            equipment_id: None,
            from: Timestamp::from_ms(from),
            to: Timestamp::from_ms(to),
            quantity,
            unit: "t".to_owned(),
            note: String::new(),
        }
    }

    #[test]
    fn amounts_are_spread_over_their_time_and_gaps_are_no_zeros() {
        let range = TimeRange::new(Timestamp::from_ms(1_000), Timestamp::from_ms(2_000)).unwrap();
        let half = entry(500, 1_500, 10.0);
        assert_eq!(amount(std::slice::from_ref(&half), range, 0.5), Some(5.0));
        assert_eq!(amount(std::slice::from_ref(&half), range, 0.95), None);
        let rest = entry(1_500, 2_500, 8.0);
        assert_eq!(amount(&[rest, half.clone()], range, 0.95), Some(9.0));
        // Two machines at the same time do not stand for the time that nobody spoke of.
        assert_eq!(amount(&[half.clone(), half], range, 0.95), None);
        assert_eq!(amount(&[], range, 0.5), None);
        assert_eq!(amount(&[entry(0, 9_000, 0.0)], range, 0.95), Some(0.0));
    }

    #[test]
    fn what_is_brought_twice_is_once_and_what_overlaps_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(dir.path(), "test").unwrap();
        let put = |site: &'static str, entry: Entry| {
            store.write_blocking(move |tx| put(tx, site, &entry).map(|(taken, _)| taken))
        };
        assert_eq!(put("a", entry(0, 1_000, 5.0)).unwrap(), Taken::Created);
        assert_eq!(put("a", entry(0, 1_000, 5.0)).unwrap(), Taken::Unchanged);
        assert_eq!(put("a", entry(0, 1_000, 6.0)).unwrap(), Taken::Changed);
        assert_eq!(put("a", entry(1_000, 2_000, 7.0)).unwrap(), Taken::Created);
        let error = put("a", entry(500, 600, 1.0)).unwrap_err();
        assert!(
            error.sentence.contains("overlaps the entry from 1970"),
            "{error}"
        );
        // It grows into its neighbour: refused, and what was there stays.
        assert!(put("a", entry(0, 1_500, 6.0)).is_err());
        assert_eq!(put("b", entry(500, 600, 1.0)).unwrap(), Taken::Created);
        let range = TimeRange::new(Timestamp::from_ms(0), Timestamp::from_ms(9_000)).unwrap();
        let all = of_site(&store.read().unwrap(), "a", None, range).unwrap();
        assert_eq!(
            all.iter().map(|e| e.quantity).collect::<Vec<_>>(),
            [6.0, 7.0]
        );
        assert!(entry(5, 5, 1.0).check().is_err());
        assert!(entry(5, 6, f64::NAN).check().is_err());
    }
}

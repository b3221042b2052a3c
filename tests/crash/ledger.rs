//! What the API acknowledged and showed, and how a restarted appliance compares. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// What changes of a piece of equipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) model: String,
    pub(crate) location: String,
}

/// A piece of equipment: as it was acknowledged, and what was asked when the lights went out.
#[derive(Clone, Debug, Default)]
struct Entry {
    id: Option<String>,
    /// `None` when it was acknowledged to be gone, or was never there.
    acknowledged: Option<Fields>,
    /// Asked, and not answered yet; the inner `None` is a deletion.
    asked: Option<Option<Fields>>,
}

/// A value that was shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) equipment: String,
    pub(crate) metric: String,
    pub(crate) at: String,
    /// Bits of the value: it comes back exactly or it is another value.
    bits: u64,
}

impl Shown {
    pub(crate) fn new(equipment: &str, metric: &str, at: &str, value: f64) -> Self {
        Self {
            equipment: equipment.to_owned(),
            metric: metric.to_owned(),
            at: at.to_owned(),
            bits: value.to_bits(),
        }
    }

    fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }
}

/// Everything that must be there after the next start.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<String, Entry>,
    shown: BTreeSet<Shown>,
    /// How many changes were acknowledged.
    pub(crate) acknowledged: u64,
    /// How many changes were asked and cut, and had happened.
    pub(crate) cut_and_done: u64,
    /// How many were cut and had not.
    pub(crate) cut_and_undone: u64,
}

impl Ledger {
    /// Before a request: `None` asks for a deletion.
    pub(crate) fn ask(&mut self, name: &str, fields: Option<Fields>) {
        self.entries.entry(name.to_owned()).or_default().asked = Some(fields);
    }

    /// After its acknowledgement. `id` is known from a creation.
    pub(crate) fn acknowledge(&mut self, name: &str, id: Option<String>) {
        let entry = self
            .entries
            .get_mut(name)
            .expect("acknowledged before it was asked");
        entry.acknowledged = entry
            .asked
            .take()
            .expect("acknowledged before it was asked");
        entry.id = id.or(entry.id.take());
        self.acknowledged += 1;
    }

    /// After a value was shown as good; `true` when it was new.
    pub(crate) fn show(&mut self, shown: Shown) -> bool {
        self.shown.insert(shown)
    }

    /// Names and ids of what is there and whose name starts with `owner`.
    pub(crate) fn present(&self, owner: &str) -> Vec<(String, String)> {
        let there = |(name, entry): (&String, &Entry)| {
            let id = entry.id.clone().filter(|_| entry.acknowledged.is_some());
            id.filter(|_| name.starts_with(owner))
                .map(|id| (name.clone(), id))
        };
        self.entries.iter().filter_map(there).collect()
    }

    /// The values shown since `from`, in the order of equipment, metric and time.
    pub(crate) fn shown_since(&self, from: &str) -> Vec<Shown> {
        self.shown
            .iter()
            .filter(|shown| shown.at.as_str() >= from)
            .cloned()
            .collect()
    }

    pub(crate) fn shown_count(&self) -> usize {
        self.shown.len()
    }

    /// Compares with what the restarted appliance lists, and settles what was cut: from now on
    /// it is as it was found. Answers with every discrepancy.
    pub(crate) fn settle(&mut self, listed: &[(String, String, Fields)]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut found = BTreeMap::new();
        for (name, id, fields) in listed {
            if found.insert(name.as_str(), (id, fields)).is_some() {
                wrong.push(format!("{name} is there twice"));
            }
            if !self.entries.contains_key(name) {
                wrong.push(format!("{name} was never asked for"));
            }
        }
        for (name, entry) in &mut self.entries {
            let now = found
                .get(name.as_str())
                .map(|(_, fields)| (*fields).clone());
            match entry.asked.take() {
                None if now == entry.acknowledged => {}
                Some(asked) if now == asked => self.cut_and_done += 1,
                Some(_) if now == entry.acknowledged => self.cut_and_undone += 1,
                asked => wrong.push(format!(
                    "{name} was acknowledged as {:?}, asked to be {asked:?}, and is {now:?}",
                    entry.acknowledged
                )),
            }
            if let (Some(id), Some((listed, _))) = (&entry.id, found.get(name.as_str()))
                && id != *listed
            {
                wrong.push(format!("{name} had the id {id} and has {listed}"));
            }
            entry.id = found.get(name.as_str()).map(|(id, _)| (*id).clone());
            entry.acknowledged = now;
        }
        wrong
    }
}

/// The shown values that are not among the stored ones, each with what is stored in its place.
pub(crate) fn missing(shown: &[Shown], stored: &BTreeSet<Shown>) -> Vec<String> {
    let place = |shown: &Shown| {
        let same = |other: &&Shown| {
            (&other.equipment, &other.metric, &other.at)
                == (&shown.equipment, &shown.metric, &shown.at)
        };
        stored.iter().find(same).map(Shown::value)
    };
    let lost = shown.iter().filter(|shown| !stored.contains(shown));
    lost.map(|shown| {
        let (value, instead) = (shown.value(), place(shown));
        let Shown {
            equipment,
            metric,
            at,
            ..
        } = shown;
        format!(
            "{metric} of {equipment} at {at} was shown as {value}, and is stored as {instead:?}"
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(model: &str) -> Fields {
        Fields {
            model: model.to_owned(),
            location: "Hall 1".to_owned(),
        }
    }

    fn listed(model: &str) -> (String, String, Fields) {
        ("a".to_owned(), "1".to_owned(), fields(model))
    }

    fn with_one(model: &str) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.ask("a", Some(fields(model)));
        ledger.acknowledge("a", Some("1".to_owned()));
        ledger
    }

    #[test]
    fn a_lost_creation_and_a_lost_update_are_found() {
        assert_eq!(with_one("x").settle(&[]).len(), 1);
        assert_eq!(with_one("x").settle(&[listed("w")]).len(), 1);
        assert!(with_one("x").settle(&[listed("x")]).is_empty());
    }

    #[test]
    fn a_deletion_that_comes_back_is_found() {
        let mut ledger = with_one("x");
        ledger.ask("a", None);
        ledger.acknowledge("a", None);
        assert_eq!(ledger.settle(&[listed("x")]).len(), 1);
    }

    #[test]
    fn what_was_cut_may_be_either_but_nothing_else() {
        for (model, right) in [("x", true), ("y", true), ("z", false)] {
            let mut ledger = with_one("x");
            ledger.ask("a", Some(fields("y")));
            assert_eq!(ledger.settle(&[listed(model)]).is_empty(), right, "{model}");
            // Settled: from now on it is what it was found to be.
            assert!(ledger.settle(&[listed(model)]).is_empty(), "{model}");
        }
    }

    #[test]
    fn what_nobody_asked_for_and_what_is_double_is_found() {
        assert_eq!(Ledger::default().settle(&[listed("x")]).len(), 1);
        assert_eq!(with_one("x").settle(&[listed("x"), listed("x")]).len(), 1);
    }

    #[test]
    fn another_value_at_the_same_time_is_missing() {
        let shown = [Shown::new("1", "power", "t1", 1.5)];
        let stored = |value| BTreeSet::from([Shown::new("1", "power", "t1", value)]);
        assert!(missing(&shown, &stored(1.5)).is_empty());
        assert_eq!(missing(&shown, &stored(1.25)).len(), 1);
        assert_eq!(missing(&shown, &BTreeSet::new()).len(), 1);
    }
}

//! *pure* — what was acknowledged, and whether a disk still holds it.

use std::collections::{BTreeMap, BTreeSet};

/// Period and number of a row: its first byte says which volume it goes to.
pub(super) type Key = [u8; 3];
pub(super) type Period = u8;
pub(super) type Rows = BTreeMap<Key, Vec<u8>>;

pub(super) const fn period_of(key: Key) -> Period {
    key[0]
}

/// One change that is there whole or not at all.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Vec<(Key, Vec<u8>)>),
    Remove(Vec<Key>),
    Forget(Period),
}

/// What a store must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) rows: Rows,
    /// Entries of the audit log: one per change of rows.
    pub(super) audited: u64,
}

impl State {
    fn with(&self, change: &Change) -> Self {
        let mut next = self.clone();
        match change {
            Change::Put(rows) => next.rows.extend(rows.iter().cloned()),
            Change::Remove(keys) => next.rows.retain(|key, _| !keys.contains(key)),
            Change::Forget(period) => next.rows.retain(|key, _| period_of(*key) != *period),
        }
        next.audited += u64::from(!matches!(change, Change::Forget(_)));
        next
    }
}

/// What a store was found to hold.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Rows of the data file.
    pub(super) main: Rows,
    /// Rows of all volumes.
    pub(super) sealed: Rows,
    /// Periods that have a volume.
    pub(super) volumes: BTreeSet<Period>,
    pub(super) audited: u64,
}

impl Seen {
    /// The rows as a reader joins them: the data file is newer.
    fn joined(&self) -> Rows {
        let mut rows = self.sealed.clone();
        rows.extend(self.main.iter().map(|(key, value)| (*key, value.clone())));
        rows
    }

    /// Periods with a row that is there twice and the same.
    fn doubled(&self) -> BTreeSet<Period> {
        let twice = |(key, value): &(&Key, &Vec<u8>)| self.sealed.get(*key) == Some(*value);
        let doubled = self.main.iter().filter(twice);
        doubled.map(|(key, _)| period_of(*key)).collect()
    }
}

/// Every acknowledged change, and the one that may or may not have happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    certain: State,
    doubt: Option<Change>,
    /// A period on its way from the data file into its volume.
    pub(super) handing_over: Option<Period>,
    /// Periods with rows in the data file, and with a volume.
    pub(super) in_main: BTreeSet<Period>,
    pub(super) in_volumes: BTreeSet<Period>,
}

impl Ledger {
    pub(super) fn begin(&mut self, change: Change) {
        self.doubt = Some(change);
    }

    pub(super) fn acknowledged(&mut self) {
        if let Some(change) = self.doubt.take() {
            self.certain = self.certain.with(&change);
            match change {
                Change::Put(rows) => self.in_main.extend(rows.iter().map(|(k, _)| period_of(*k))),
                Change::Forget(period) => {
                    self.in_volumes.remove(&period);
                }
                Change::Remove(_) => {}
            }
        }
    }

    pub(super) const fn in_doubt(&self) -> Option<&Change> {
        self.doubt.as_ref()
    }

    pub(super) fn keys_of(&self, period: Period) -> Vec<Key> {
        let rows = self.certain.rows.range([period, 0, 0]..=[period, 255, 255]);
        rows.map(|(key, _)| *key).collect()
    }

    /// Compares with what the store holds; what was in doubt is settled by it.
    ///
    /// # Errors
    /// A sentence that says what is missing or too much.
    pub(super) fn check(&mut self, seen: &Seen) -> Result<(), String> {
        let found = State {
            rows: seen.joined(),
            audited: seen.audited,
        };
        let after = self.doubt.as_ref().map(|change| self.certain.with(change));
        if found != self.certain && after.as_ref() != Some(&found) {
            return Err(difference(&self.certain, &found));
        }
        self.certain = found;
        self.doubt = None;
        let mut doubled = seen.doubled();
        if let Some(period) = self.handing_over {
            doubled.remove(&period);
        }
        if !doubled.is_empty() {
            return Err(format!("rows of periods {doubled:?} are there twice"));
        }
        self.in_main = seen.main.keys().map(|key| period_of(*key)).collect();
        self.in_volumes.clone_from(&seen.volumes);
        Ok(())
    }
}

fn difference(expected: &State, found: &State) -> String {
    let other = |left: &Rows, right: &Rows| {
        let keys = left
            .iter()
            .filter(|(key, value)| right.get(*key) != Some(value));
        keys.map(|(key, _)| *key).collect::<Vec<_>>()
    };
    format!(
        "acknowledged and absent or other: {:?}; not acknowledged and there: {:?}; audit {} of {}",
        other(&expected.rows, &found.rows),
        other(&found.rows, &expected.rows),
        found.audited,
        expected.audited,
    )
}

//! The directory of the simulated disk: which name means which file.

use super::LossModel;
use super::chance::Chance;
use std::collections::BTreeMap;

/// A name that changed, and that no sync of the folder has made durable yet.
#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Made(String, usize),
    Renamed { from: String, to: String },
    Removed(String),
}

/// Names as the program sees them, and as the disk holds them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    current: BTreeMap<String, usize>,
    durable: BTreeMap<String, usize>,
    pending: Vec<NameChange>,
}

impl Names {
    pub(super) fn of(names: BTreeMap<String, usize>) -> Self {
        Self {
            durable: names.clone(),
            current: names,
            pending: Vec::new(),
        }
    }

    pub(super) const fn current(&self) -> &BTreeMap<String, usize> {
        &self.current
    }

    pub(super) fn change(&mut self, change: NameChange) {
        apply(&mut self.current, &change);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        self.pending.clear();
        self.durable = self.current.clone();
    }

    /// The names as the next boot finds them: a journal keeps their order.
    pub(super) fn after_cut(
        &self,
        model: LossModel,
        chance: &mut Chance,
    ) -> BTreeMap<String, usize> {
        let kept = match model {
            LossModel::LoseAll => 0,
            LossModel::KeepAll => self.pending.len(),
            _ => chance.index(self.pending.len() + 1),
        };
        let mut names = self.durable.clone();
        for change in &self.pending[..kept] {
            apply(&mut names, change);
        }
        names
    }
}

fn apply(names: &mut BTreeMap<String, usize>, change: &NameChange) {
    match change {
        NameChange::Made(name, file) => {
            names.insert(name.clone(), *file);
        }
        NameChange::Renamed { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        NameChange::Removed(name) => {
            names.remove(name);
        }
    }
}

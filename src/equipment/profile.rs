//! *pure* — device profiles: data files that travel inside the binary, checked when they load.

use super::profile_file::wrong;
use crate::base::{Metric, Phase, Result};
use crate::modbus::{Limits, Register};
use std::collections::BTreeMap;

/// The files of `assets/profiles`, by name for the error sentence.
const FILES: [(&str, &str); 3] = [
    (
        "eastron-sdm630.toml",
        include_str!("../../assets/profiles/eastron-sdm630.toml"),
    ),
    (
        "schneider-iem3000.toml",
        include_str!("../../assets/profiles/schneider-iem3000.toml"),
    ),
    (
        "janitza-umg96.toml",
        include_str!("../../assets/profiles/janitza-umg96.toml"),
    ),
];

/// What is known about a kind of device.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name in requests: `eastron-sdm630`.
    pub id: String,
    /// Who makes it.
    pub brand: String,
    /// What it is called.
    pub model: String,
    /// Which model names it fits; `*` stands for anything.
    pub model_pattern: String,
    /// Grows with each change of the file.
    pub revision: u32,
    /// Where the addresses come from.
    pub source: String,
    /// What the device puts up with.
    pub limits: Limits,
    /// The register that tells whether the device is one of these.
    pub probe: Probe,
    /// Every value, by function and address.
    pub registers: Vec<Register>,
}

/// A register whose value is known beforehand, roughly.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// The quantity.
    pub metric: Metric,
    /// The conductor.
    pub phase: Phase,
    /// Least plausible value.
    pub min: f64,
    /// Largest plausible value.
    pub max: f64,
}

/// The profiles that the appliance knows.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    by_id: BTreeMap<String, Profile>,
}

impl Profiles {
    /// The profiles inside the binary.
    ///
    /// # Errors
    /// When a file breaks a rule; a test loads them all, so a release never gets here.
    pub fn embedded() -> Result<Self> {
        let mut profiles = Self::default();
        for (file, text) in FILES {
            let profile = Profile::parse(file, text)?;
            if profiles.by_id.contains_key(&profile.id) {
                return Err(wrong(file, "its id is taken by another profile"));
            }
            profiles.by_id.insert(profile.id.clone(), profile);
        }
        Ok(profiles)
    }

    /// The profile of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Profile> {
        self.by_id.get(id)
    }

    /// All profiles, by id.
    pub fn list(&self) -> impl Iterator<Item = &Profile> {
        self.by_id.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_in_the_folder_is_embedded_and_proves_itself() {
        let profiles = Profiles::embedded().unwrap();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/profiles");
        let names = std::fs::read_dir(folder).unwrap();
        let mut ids: Vec<_> = names
            .map(|entry| entry.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        ids.sort();
        let embedded: Vec<_> = profiles.list().map(|profile| profile.id.clone()).collect();
        assert_eq!(embedded, ids, "a profile is named like its file");
    }

    #[test]
    fn every_profile_has_the_basic_metrics_in_their_units() {
        for profile in Profiles::embedded().unwrap().list() {
            let find = |name: &str| {
                let (metric, phase) = Metric::with_phase(name).unwrap();
                let found = |r: &&Register| r.metric == metric && r.phase == phase;
                let register = profile.registers.iter().find(found);
                register.unwrap_or_else(|| panic!("{} lacks {name}", profile.id))
            };
            for (name, symbol) in [
                ("power", "kW"),
                ("consumption", "kWh"),
                ("export_energy", "kWh"),
                ("frequency", "Hz"),
                ("reactive_power", "kvar"),
                ("apparent_power", "kVA"),
                ("voltage_l1", "V"),
                ("current_l2", "A"),
                ("power_l3", "kW"),
            ] {
                assert_eq!(find(name).unit.as_str(), symbol, "{}: {name}", profile.id);
            }
        }
    }
}

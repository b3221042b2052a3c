//! Device profiles: data files that travel inside the binary, and those that people add.
//!
//! Everybody shares one [`Profiles`]. What people add is put into it as a whole, at once: who asked
//! before keeps what he got.

use super::profile_file::ProfileFile;
use crate::base::{Error, Metric, Phase, Result};
use crate::modbus::{Limits, Register};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The files of `assets/profiles`, by name. A list by hand needs no crate and no build script, and
/// a test compares it with the folder.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$((
            concat!($name, ".toml"),
            include_str!(concat!("../../assets/profiles/", $name, ".toml")),
        )),*]
    };
}

const FILES: [(&str, &str); 62] = files![
    "abb-a43",
    "abb-b23",
    "acrel-adw300",
    "bernecker-mpm3pm",
    "bg-etech-ds100",
    "carlo-gavazzi-em100",
    "carlo-gavazzi-em24-din",
    "carlo-gavazzi-em24-e1",
    "carlo-gavazzi-em300",
    "carlo-gavazzi-em530",
    "carlo-gavazzi-et100",
    "carlo-gavazzi-et300",
    "chint-dtsu666",
    "digital-inputs",
    "eastron-sdm120",
    "eastron-sdm220",
    "eastron-sdm230",
    "eastron-sdm54",
    "eastron-sdm630",
    "eastron-sdm72",
    "eastron-sdm72dm-v2",
    "eastron-x96-1a",
    "eig-shark100",
    "eltako-dsz15",
    "eltako-dsz16",
    "finder-7m38",
    "hager-ecr380d",
    "huawei-sun2000-grid-meter",
    "inepro-pro380",
    "janitza-b23",
    "janitza-umg104",
    "janitza-umg511",
    "janitza-umg604",
    "janitza-umg806",
    "janitza-umg96",
    "lovato-dmg610",
    "orno-we516",
    "phoenix-contact-eem",
    "saia-ale3",
    "schneider-acti9-smartlink",
    "schneider-iem3000",
    "schneider-pm3200",
    "schneider-pm5100",
    "siemens-7kt1665",
    "siemens-pac1600",
    "siemens-pac2200",
    "siemens-pac3120",
    "siemens-pac3200",
    "siemens-pac4200",
    "siemens-sicam-t",
    "socomec-countis-e2x",
    "socomec-countis-e34",
    "socomec-diris-a10",
    "socomec-diris-a14",
    "socomec-diris-b30",
    "sunspec-inverter",
    "sunspec-inverter-float",
    "sunspec-meter",
    "sunspec-meter-float",
    "wago-879",
    "waveshare-relay-d",
    "weidmueller-em525",
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
    /// When and on what it was checked on a device; nothing when it was only read in documents.
    pub verified: Option<String>,
    /// The SunSpec models that it describes. Then addresses count from the header of the model.
    pub sunspec_models: Vec<u16>,
    /// What the device puts up with.
    pub limits: Limits,
    /// The register that tells whether the device is one of these.
    pub probe: Option<Probe>,
    /// Every value, by function and address.
    pub registers: Vec<Register>,
    /// Where it was written.
    pub origin: Origin,
}

/// Where a profile was written.
#[derive(Clone, Debug)]
pub enum Origin {
    /// With the program: the text of the file.
    Builtin(&'static str),
    /// By people here.
    Own(Box<ProfileFile>),
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

impl Profile {
    /// Whether it came with the program.
    #[must_use]
    pub const fn is_builtin(&self) -> bool {
        matches!(self.origin, Origin::Builtin(_))
    }

    /// The registers of a profile whose addresses count from a model's header, for a device in
    /// which the header is at `base`; nothing when they would not fit below 65536.
    #[must_use]
    pub fn registers_at(&self, base: u16) -> Option<Vec<Register>> {
        let place = |register: &Register| {
            let mut placed = register.clone();
            placed.address = placed.address.checked_add(base)?;
            if let Some(scale) = placed.extras.scale_register {
                placed.extras.scale_register = Some(scale.checked_add(base)?);
            }
            (placed.end() <= 65_536).then_some(placed)
        };
        self.registers.iter().map(place).collect()
    }

    /// The profile as it is written.
    ///
    /// # Errors
    /// Never in practice: the text was read when the program started.
    pub fn file(&self) -> Result<ProfileFile> {
        match &self.origin {
            Origin::Builtin(text) => ProfileFile::from_toml(text),
            Origin::Own(file) => Ok((**file).clone()),
        }
    }

    /// The profile as a TOML file.
    ///
    /// # Errors
    /// Never in practice: a profile is made of plain values.
    pub fn to_toml(&self) -> Result<String> {
        match &self.origin {
            Origin::Builtin(text) => Ok((*text).to_owned()),
            Origin::Own(file) => file.to_toml(),
        }
    }
}

type ById = BTreeMap<String, Arc<Profile>>;

/// The profiles that the appliance knows.
#[derive(Debug, Default)]
pub struct Profiles {
    by_id: RwLock<Arc<ById>>,
    /// What came with the program. One of a newer program may stand behind an own one.
    builtin: Arc<ById>,
}

impl Profiles {
    /// The profiles inside the binary.
    ///
    /// # Errors
    /// When a file breaks a rule; a test loads them all, so a release never gets here.
    pub fn embedded() -> Result<Self> {
        let mut by_id = ById::new();
        for (file, text) in FILES {
            let profile = builtin(text).map_err(|cause| {
                Error::internal(format!("The device profile {file} is wrong.")).because(cause)
            })?;
            if let Some(twin) = by_id.insert(profile.id.clone(), Arc::new(profile)) {
                let id = &twin.id;
                let sentence = format!("Two device profiles have the id {id}; one is {file}.");
                return Err(Error::internal(sentence));
            }
        }
        let builtin = Arc::new(by_id);
        Ok(Self {
            by_id: RwLock::new(Arc::clone(&builtin)),
            builtin,
        })
    }

    /// The profile of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Profile>> {
        self.snapshot().get(id).cloned()
    }

    /// All profiles, by id.
    pub fn list(&self) -> impl Iterator<Item = Arc<Profile>> + use<> {
        let all: Vec<_> = self.snapshot().values().cloned().collect();
        all.into_iter()
    }

    /// The same profiles and one more, or another one under its id, for trying it out.
    #[must_use]
    pub fn with(&self, profile: Profile) -> Self {
        let mut by_id = ById::clone(&self.snapshot());
        by_id.insert(profile.id.clone(), Arc::new(profile));
        Self {
            by_id: RwLock::new(Arc::new(by_id)),
            builtin: Arc::clone(&self.builtin),
        }
    }

    /// Puts a profile in, in place of the one with its id.
    pub fn put(&self, profile: Profile) {
        let changed = self.with(profile);
        self.replace(changed.snapshot());
    }

    /// Takes an own profile out.
    pub fn remove(&self, id: &str) {
        let mut by_id = ById::clone(&self.snapshot());
        match self.builtin.get(id) {
            Some(builtin) => by_id.insert(id.to_owned(), Arc::clone(builtin)),
            None => by_id.remove(id),
        };
        self.replace(Arc::new(by_id));
    }

    fn snapshot(&self) -> Arc<ById> {
        Arc::clone(&self.by_id.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, by_id: Arc<ById>) {
        *self.by_id.write().unwrap_or_else(PoisonError::into_inner) = by_id;
    }
}

/// A file of the binary; it must name a probe and prove itself.
fn builtin(text: &'static str) -> Result<Profile> {
    let file = ProfileFile::from_toml(text)?;
    let profile = file.check(Origin::Builtin(text))?;
    // Of a state nothing is known beforehand.
    let states = profile.registers.iter().all(Register::is_state);
    let known = profile.probe.is_some() || !profile.sunspec_models.is_empty() || states;
    if file.vectors.is_empty() || !known {
        return Err(Error::invalid(
            "vectors",
            "A built-in profile has examples and a probe.",
        ));
    }
    Ok(profile)
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
    fn the_basic_metrics_come_in_their_units() {
        for profile in Profiles::embedded().unwrap().list() {
            for (name, symbol) in [
                ("power", "kW"),
                ("power_l3", "kW"),
                ("consumption", "kWh"),
                ("export_energy", "kWh"),
                ("t2_consumption", "kWh"),
                ("frequency", "Hz"),
                ("reactive_power", "kvar"),
                ("apparent_power", "kVA"),
                ("voltage_l1", "V"),
                ("line_voltage_l1", "V"),
                ("current_l2", "A"),
                ("reactive_energy", "kvarh"),
            ] {
                let (metric, phase) = Metric::with_phase(name).unwrap();
                let same = |r: &&Register| r.metric == metric && r.phase == phase;
                if let Some(found) = profile.registers.iter().find(same) {
                    assert_eq!(found.unit.as_str(), symbol, "{}: {name}", profile.id);
                }
            }
            let power = |r: &Register| r.metric == Metric::POWER && r.phase == Phase::Total;
            let states = profile.registers.iter().all(Register::is_state);
            let any = profile.registers.iter().any(power) || states;
            assert!(any, "{}", profile.id);
        }
    }

    #[test]
    fn a_change_is_seen_by_all_who_share_it_and_by_nobody_halfway() {
        let profiles = Arc::new(Profiles::embedded().unwrap());
        let before = profiles.get("eastron-sdm630").unwrap();
        let mut changed = Profile::clone(&before);
        changed.revision = 99;
        let trial = profiles.with(changed.clone());
        assert_eq!(trial.get("eastron-sdm630").unwrap().revision, 99);
        assert_ne!(profiles.get("eastron-sdm630").unwrap().revision, 99);
        let shared = Arc::clone(&profiles);
        profiles.put(changed);
        assert_eq!(shared.get("eastron-sdm630").unwrap().revision, 99);
        assert_ne!(before.revision, 99);
        profiles.remove("eastron-sdm630");
        assert_eq!(
            shared.get("eastron-sdm630").unwrap().revision,
            before.revision
        );
        let mut own = Profile::clone(&before);
        own.id = "own".to_owned();
        profiles.put(own);
        assert!(shared.get("own").is_some());
        profiles.remove("own");
        assert!(shared.get("own").is_none());
    }
}

//! Asking one unit who it is: does it answer, does it speak SunSpec, which profiles fit.

use super::asking::Asking;
use super::physics::words::WordMap;
use super::profile::{Profile, Profiles};
use super::sunspec::{self, SunSpecDevice};
use super::test_verdict::{self, Fit};
use crate::modbus::{Function, LineError, ReadPlan, Register};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Profiles that are read whole to see how much of them fits: a unit must not be asked for ever.
const PROFILES_READ_MAX: usize = 12;
/// Profiles that are told of a unit.
const PROFILES_TOLD: usize = 5;
/// Reads of one profile.
const READS_MAX: usize = 8;
/// What a unit says of itself in the common model of SunSpec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Identity {
    /// Who made it.
    pub maker: String,
    /// Its model.
    pub model: String,
    /// Its firmware.
    pub version: String,
    /// The number on its plate.
    pub serial_number: String,
    /// Address of its marker.
    pub base: u16,
}

/// A profile that fits.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProfileFit {
    /// Id of the profile.
    pub profile: String,
    /// Who makes the device.
    pub brand: String,
    /// What it is called.
    pub model: String,
    /// Where the model of a SunSpec profile begins; to be saved with the source.
    pub base_address: Option<u16>,
    /// Values that can be true.
    pub plausible: usize,
    /// Values of the profile.
    pub of: usize,
}

/// What a unit answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answered {
    pub(super) identity: Option<Identity>,
    pub(super) profiles: Vec<ProfileFit>,
    pub(super) round_trip_ms: Option<f64>,
}

/// The questions to one unit and what it said to them.
pub(super) struct Unit<'a> {
    pub(super) line: &'a mut Asking,
    pub(super) unit: u8,
    pub(super) timeout: Duration,
    /// How long the line rests between two questions.
    pub(super) pause: Duration,
    pub(super) said: HashMap<(Function, u16, u16), Result<Vec<u16>, LineError>>,
    pub(super) first_round_trip: Option<Duration>,
}

impl Unit<'_> {
    /// Finds out who is there; `None` when nobody answers.
    ///
    /// # Errors
    /// When there is no connection at all.
    pub(super) async fn ask(&mut self, profiles: &Profiles) -> Result<Option<Answered>, LineError> {
        if !self.is_there(profiles).await? {
            return Ok(None);
        }
        let device = self.sunspec().await;
        let mut may_be = Vec::new();
        for profile in profiles.list() {
            if profile.sunspec_models.is_empty() {
                if self.probe(&profile).await {
                    may_be.push((profile, None));
                }
            } else if let Some(model) = device
                .as_ref()
                .and_then(|device| device.first_of(&profile.sunspec_models))
            {
                may_be.push((profile, Some(model.address)));
            }
        }
        // Families share their first registers: the one that knows most of it is asked first.
        may_be.sort_by_key(|(profile, _)| std::cmp::Reverse(profile.registers.len()));
        let mut fits = Vec::new();
        for (profile, base) in may_be.iter().take(PROFILES_READ_MAX) {
            fits.push(self.whole(profile, *base).await);
        }
        // What cannot be true speaks against a profile; of equals the one that knows more.
        fits.sort_by(|(impossible, a): &(usize, ProfileFit), (other, b)| {
            let by_doubt = impossible.cmp(other);
            by_doubt
                .then(b.plausible.cmp(&a.plausible))
                .then(a.profile.cmp(&b.profile))
        });
        let mut fits: Vec<_> = fits.into_iter().map(|(_, fit)| fit).collect();
        fits.truncate(PROFILES_TOLD);
        Ok(Some(Answered {
            identity: device.and_then(Identity::of),
            profiles: fits,
            round_trip_ms: self.first_round_trip.map(|took| took.as_secs_f64() * 1e3),
        }))
    }

    /// Whether anybody answers, be it with a refusal. A meter may be deaf to one of the tables, so
    /// one question to each.
    async fn is_there(&mut self, profiles: &Profiles) -> Result<bool, LineError> {
        for function in [Function::Holding, Function::Input] {
            let of_table = |profile: Arc<Profile>| question(&profile).filter(|q| q.0 == function);
            let question = profiles.list().find_map(of_table);
            let (function, address, count) = question.unwrap_or((function, 0, 2));
            match self.read(function, address, count).await {
                Ok(_) => return Ok(true),
                // A gateway says that nobody is behind it.
                Err(LineError::Exception(10 | 11)) => return Ok(false),
                Err(LineError::Exception(_)) => return Ok(true),
                Err(error) if error.is_about_the_line() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// A read, each only once.
    async fn read(
        &mut self,
        function: Function,
        address: u16,
        count: u16,
    ) -> Result<Vec<u16>, LineError> {
        let question = (function, address, count);
        if let Some(said) = self.said.get(&question) {
            return said.clone();
        }
        tokio::time::sleep(self.pause).await;
        let asked = tokio::time::Instant::now();
        let read = self
            .line
            .read(self.unit, function, address, count, self.timeout);
        let said = read.await;
        if said.is_ok() || matches!(said, Err(LineError::Exception(_))) {
            self.first_round_trip.get_or_insert(asked.elapsed());
        }
        self.said.insert(question, said.clone());
        said
    }

    /// The SunSpec models in it, if it has any. A unit that stops to answer meanwhile has none.
    async fn sunspec(&mut self) -> Option<SunSpecDevice> {
        tokio::time::sleep(self.pause).await;
        let found = sunspec::discover(self.line, self.unit, self.timeout).await;
        found.ok().flatten()
    }

    /// Whether the register that a profile knows beforehand lies where it must.
    async fn probe(&mut self, profile: &Profile) -> bool {
        let (Some(probe), Some((function, address, count))) = (&profile.probe, question(profile))
        else {
            return false;
        };
        let Some(register) = probed(profile) else {
            return false;
        };
        let words = self.read(function, address, count).await;
        let value = words.ok().and_then(|words| register.decode(&words));
        value.is_some_and(|value| (probe.min..=probe.max).contains(&value))
    }

    /// How many values of a profile cannot be true of this unit, and how many can; `base` is where its SunSpec model begins.
    async fn whole(&mut self, profile: &Profile, base: Option<u16>) -> (usize, ProfileFit) {
        let registers = match base {
            Some(base) => profile.registers_at(base).unwrap_or_default(),
            None => profile.registers.clone(),
        };
        let plan = ReadPlan::new(registers, &profile.limits);
        let mut values = vec![None; plan.registers().len()];
        let mut map = WordMap::default();
        for request in plan.requests().iter().take(READS_MAX) {
            let (function, address, count) = (request.function, request.address, request.count);
            if let Ok(words) = self.read(function, address, count).await {
                map.put(function, u32::from(address), &words);
                for &index in &request.registers {
                    values[index] = plan.value(request, index, &words);
                }
            }
        }
        let fit = |(r, v): (&Register, &Option<f64>)| test_verdict::fit(&r.metric, *v);
        let all: Vec<Fit> = plan.registers().iter().zip(&values).map(fit).collect();
        let count = |fit: Fit| all.iter().filter(|f| **f == fit).count();
        let told = ProfileFit {
            profile: profile.id.clone(),
            brand: profile.brand.clone(),
            model: profile.model.clone(),
            base_address: base,
            plausible: count(Fit::Plausible),
            of: plan.registers().len(),
        };
        (count(Fit::Implausible), told)
    }
}

/// The register that a profile knows beforehand.
fn probed(profile: &Profile) -> Option<&Register> {
    let probe = profile.probe.as_ref()?;
    let mut registers = profile.registers.iter();
    registers.find(|r| r.metric == probe.metric && r.phase == probe.phase)
}

/// The read of a profile's probe register. That of a SunSpec profile lies elsewhere in each device.
fn question(profile: &Profile) -> Option<(Function, u16, u16)> {
    let register = probed(profile).filter(|_| profile.sunspec_models.is_empty())?;
    let words = register.data_type.words();
    Some((register.function, register.address, words))
}

impl Identity {
    /// What the common model says.
    fn of(device: SunSpecDevice) -> Option<Self> {
        let common = device.common?;
        Some(Self {
            maker: common.manufacturer,
            model: common.model,
            version: common.version,
            serial_number: common.serial_number,
            base: device.base,
        })
    }
}

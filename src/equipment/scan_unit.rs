//! Asking one unit who it is: does it answer, does it speak SunSpec, which profiles fit.

use super::physics::words::WordMap;
use super::profile::{Profile, Profiles};
use super::test_verdict::{self, Fit};
use crate::modbus::{Function, Line, LineError, ReadPlan};
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;
use utoipa::ToSchema;

/// Profiles that are read whole to see how much of them fits: a unit must not be asked for ever.
const PROFILES_READ_MAX: usize = 12;
/// Profiles that are told of a unit.
const PROFILES_TOLD: usize = 5;
/// Reads of one profile.
const READS_MAX: usize = 8;
/// Where SunSpec devices keep their marker "SunS" (SunSpec Device Information Model
/// Specification, section 6.2).
const SUNSPEC_BASES: [u16; 3] = [40_000, 50_000, 0];
const SUNSPEC_MARKER: [u16; 2] = [0x5375, 0x6E53];
/// The words of the common model that are read: id, length, maker, model, options, version and
/// serial number.
const COMMON_WORDS: u16 = 66;

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
    pub(super) line: &'a mut Line,
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
        let identity = self.sunspec().await;
        let mut fits = Vec::new();
        let mut read = 0;
        for profile in profiles.list() {
            if read < PROFILES_READ_MAX && self.probe(profile).await {
                read += 1;
                fits.push(self.whole(profile).await);
            }
        }
        // The share first; of equals the one that knows more.
        let share = |fit: &ProfileFit| fit.plausible as f64 / fit.of.max(1) as f64;
        fits.sort_by(|a: &ProfileFit, b| {
            let by_share = share(b).total_cmp(&share(a));
            by_share
                .then(b.of.cmp(&a.of))
                .then(a.profile.cmp(&b.profile))
        });
        fits.truncate(PROFILES_TOLD);
        Ok(Some(Answered {
            identity,
            profiles: fits,
            round_trip_ms: self.first_round_trip.map(|took| took.as_secs_f64() * 1e3),
        }))
    }

    /// Whether anybody answers, be it with a refusal. A meter may be deaf to one of the tables, so
    /// one question to each.
    async fn is_there(&mut self, profiles: &Profiles) -> Result<bool, LineError> {
        for function in [Function::Holding, Function::Input] {
            let of_table = |profile: &Profile| question(profile).filter(|q| q.0 == function);
            let question = profiles.list().find_map(of_table);
            let (function, address, count) = question.unwrap_or((function, 0, 2));
            match self.read(function, address, count).await {
                Ok(_) => return Ok(true),
                // A gateway says that nobody is behind it.
                Err(LineError::Exception(10 | 11)) => return Ok(false),
                Err(LineError::Exception(_)) => return Ok(true),
                Err(error @ LineError::Connect { .. }) => return Err(error),
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

    async fn sunspec(&mut self) -> Option<Identity> {
        for base in SUNSPEC_BASES {
            let marker = self.read(Function::Holding, base, 2).await;
            if marker.is_ok_and(|words| words == SUNSPEC_MARKER) {
                let common = self.read(Function::Holding, base + 2, COMMON_WORDS).await;
                return identity(base, &common.ok()?);
            }
        }
        None
    }

    /// Whether the register that a profile knows beforehand lies where it must.
    async fn probe(&mut self, profile: &Profile) -> bool {
        let probe = &profile.probe;
        let found = profile.registers.iter();
        let mut found = found.filter(|r| r.metric == probe.metric && r.phase == probe.phase);
        let (Some(register), Some((function, address, count))) = (found.next(), question(profile))
        else {
            return false;
        };
        let words = self.read(function, address, count).await;
        let value = words.ok().and_then(|words| register.decode(&words));
        value.is_some_and(|value| (probe.min..=probe.max).contains(&value))
    }

    /// How much of a profile can be true of this unit.
    async fn whole(&mut self, profile: &Profile) -> ProfileFit {
        let plan = ReadPlan::new(profile.registers.clone(), &profile.limits);
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
        let fit = |(r, v): (&crate::modbus::Register, &Option<f64>)| {
            test_verdict::fit(&r.metric, *v) == Fit::Plausible
        };
        let plausible = plan.registers().iter().zip(&values).filter(|p| fit(*p));
        ProfileFit {
            profile: profile.id.clone(),
            brand: profile.brand.clone(),
            model: profile.model.clone(),
            plausible: plausible.count(),
            of: plan.registers().len(),
        }
    }
}

/// The read of a profile's probe register.
fn question(profile: &Profile) -> Option<(Function, u16, u16)> {
    let probe = &profile.probe;
    let mut registers = profile.registers.iter();
    let register = registers.find(|r| r.metric == probe.metric && r.phase == probe.phase)?;
    Some((
        register.function,
        register.address,
        register.data_type.words(),
    ))
}

/// The common model (id 1) behind the marker.
fn identity(base: u16, words: &[u16]) -> Option<Identity> {
    if words.first() != Some(&1) {
        return None;
    }
    let text = |from: usize, count: usize| {
        let words = words.get(from..from + count).unwrap_or_default();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let shown = bytes.iter().take_while(|b| **b != 0);
        // A device may send anything: only what can be printed is shown.
        let shown = shown
            .map(|b| char::from(*b))
            .filter(|c| c.is_ascii_graphic() || *c == ' ');
        shown.collect::<String>().trim().to_owned()
    };
    Some(Identity {
        maker: text(2, 16),
        model: text(18, 16),
        version: text(42, 8),
        serial_number: text(50, 16),
        base,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_model_names_maker_model_and_number() {
        let mut words = vec![0_u16; 66];
        (words[0], words[1]) = (1, 66);
        let mut write = |at: usize, text: &[u8]| {
            for (word, pair) in words[at..].iter_mut().zip(text.chunks(2)) {
                *word = u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]);
            }
        };
        write(2, b"Fronius");
        write(18, b"Smart Meter 63A\x07");
        write(42, b"1.3");
        write(50, b"17370012");
        let found = identity(40_000, &words).unwrap();
        assert_eq!(found.maker, "Fronius");
        assert_eq!(found.model, "Smart Meter 63A");
        assert_eq!(
            (&*found.version, &*found.serial_number),
            ("1.3", "17370012")
        );
        words[0] = 103;
        assert_eq!(identity(40_000, &words), None);
        assert_eq!(identity(40_000, &[]), None);
    }
}

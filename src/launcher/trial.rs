//! *pure* — whether a version on trial is well, and when it was tried for long enough.

/// How long a version must be well without a break, ms.
pub const HEALTHY_FOR_MS: u64 = 60_000;
/// When a version that is not well is given up, ms: going back takes some seconds more, and two
/// minutes after the start the version before serves again.
pub const UNWELL_UNTIL_MS: u64 = 100_000;
/// A sign of life is good for this long, ms.
pub const SIGN_GOOD_MS: u64 = 20_000;

/// How many of the devices that answered before have to answer, %.
const DEVICES_PERCENT: u64 = 95;

/// How long a trial may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a version must be well without a break, ms.
    pub healthy_for_ms: u64,
    /// When one that is not well is given up, ms.
    pub unwell_until_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            healthy_for_ms: HEALTHY_FOR_MS,
            unwell_until_ms: UNWELL_UNTIL_MS,
        }
    }
}

/// What was last heard of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Whether it said that it is ready.
    pub ready: bool,
    /// When it last said that all its parts work, ms; `None` before.
    pub beat_at_ms: Option<u64>,
    /// What its page answered last; `None` before it was asked.
    pub page: Option<Result<(), String>>,
    /// Whether the devices answer; `None` when it did not say, or none answered before.
    pub devices: Option<Devices>,
}

/// How many devices answered the version before, and how many of them this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices {
    now: u32,
    before: u32,
    silent: String,
}

impl Devices {
    /// Reads `38/40 Press 1, Press 2`; what is not understood says nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (counts, silent) = text.split_once(' ').unwrap_or((text, ""));
        let (now, before) = counts.split_once('/')?;
        Some(Self {
            now: now.parse().ok()?,
            before: before.parse().ok()?,
            silent: silent.trim().to_owned(),
        })
    }

    /// Enough of them answer: one in twenty may have been switched off meanwhile.
    fn well(&self) -> Result<(), String> {
        let (now, before) = (u64::from(self.now), u64::from(self.before));
        if now * 100 >= before * DEVICES_PERCENT {
            return Ok(());
        }
        let silent = match self.silent.as_str() {
            "" => String::new(),
            names => format!(" Silent: {names}."),
        };
        Err(format!(
            "Of {before} devices that answered before it hears {now}.{silent}"
        ))
    }
}

impl Signs {
    /// What is wrong now, as a sentence.
    ///
    /// # Errors
    /// When something is.
    pub fn well(&self, now_ms: u64) -> Result<(), String> {
        if !self.ready {
            return Err("It did not say that it is ready.".to_owned());
        }
        match self.beat_at_ms {
            Some(at) if now_ms.saturating_sub(at) <= SIGN_GOOD_MS => {}
            _ => return Err("It gives no sign of life.".to_owned()),
        }
        match &self.page {
            Some(answer) => answer.clone()?,
            None => return Err("Its page was not asked yet.".to_owned()),
        }
        self.devices.as_ref().map_or(Ok(()), Devices::well)
    }
}

/// What is to be done with a version on trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again.
    Wait,
    /// Keep it.
    Keep,
    /// Give it up, for this reason.
    GiveUp(String),
}

/// A trial from its first start on.
#[derive(Debug)]
pub struct Trial {
    limits: Limits,
    began_ms: u64,
    well_since_ms: Option<u64>,
}

impl Trial {
    /// A trial that begins now.
    #[must_use]
    pub const fn begin(limits: Limits, now_ms: u64) -> Self {
        Self {
            limits,
            began_ms: now_ms,
            well_since_ms: None,
        }
    }

    /// It was started again: what it was before counts no more.
    pub const fn started_again(&mut self) {
        self.well_since_ms = None;
    }

    /// Looks at the signs.
    pub fn judge(&mut self, now_ms: u64, signs: &Signs) -> Verdict {
        match signs.well(now_ms) {
            Ok(()) => {
                let since = *self.well_since_ms.get_or_insert(now_ms);
                if now_ms.saturating_sub(since) >= self.limits.healthy_for_ms {
                    Verdict::Keep
                } else {
                    Verdict::Wait
                }
            }
            Err(why) => {
                self.well_since_ms = None;
                if now_ms.saturating_sub(self.began_ms) >= self.limits.unwell_until_ms {
                    Verdict::GiveUp(why)
                } else {
                    Verdict::Wait
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well(at: u64) -> Signs {
        Signs {
            ready: true,
            beat_at_ms: Some(at),
            page: Some(Ok(())),
            devices: None,
        }
    }

    #[test]
    fn it_is_kept_after_a_minute_without_a_break() {
        let mut trial = Trial::begin(Limits::default(), 0);
        assert_eq!(trial.judge(1_000, &well(1_000)), Verdict::Wait);
        assert_eq!(trial.judge(40_000, &Signs::default()), Verdict::Wait);
        assert_eq!(trial.judge(41_000, &well(41_000)), Verdict::Wait);
        assert_eq!(trial.judge(100_999, &well(100_999)), Verdict::Wait);
        assert_eq!(trial.judge(101_000, &well(101_000)), Verdict::Keep);
    }

    #[test]
    fn nineteen_of_twenty_devices_are_enough_and_who_says_nothing_is_not_asked() {
        for (text, is_well) in [
            ("19/20", true),
            ("18/20", false),
            ("1/1", true),
            ("0/1", false),
            ("0/0", true),
            ("38/40 Press 1, Press 2", true),
            ("many", true),
        ] {
            let devices = Devices::parse(text);
            let signs = Signs { devices, ..well(0) };
            assert_eq!(signs.well(0).is_ok(), is_well, "{text}");
        }
    }

    #[test]
    fn what_is_not_well_in_time_is_given_up_with_its_reason() {
        let sick = |signs: Signs, word: &str| {
            let mut trial = Trial::begin(Limits::default(), 0);
            assert_eq!(trial.judge(99_999, &signs), Verdict::Wait);
            let Verdict::GiveUp(why) = trial.judge(100_000, &signs) else {
                panic!("{signs:?} is kept");
            };
            assert!(why.contains(word), "{why}");
        };
        sick(Signs::default(), "ready");
        sick(well(10_000), "sign of life");
        sick(
            Signs {
                page: Some(Err("Its page answers 500.".to_owned())),
                ..well(99_000)
            },
            "500",
        );
        sick(
            Signs {
                devices: Devices::parse("37/39 Press 1, Press 2"),
                ..well(99_000)
            },
            "Of 39 devices that answered before it hears 37. Silent: Press 1, Press 2.",
        );
        sick(
            Signs {
                page: None,
                ..well(99_000)
            },
            "asked",
        );
    }
}

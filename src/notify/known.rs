//! *pure* — what is decided in advance: outlets, policies, and what holds for all of them.

use super::language::Language;
use super::outlet::{Outlet, OutletKind, Settings};
use super::policy::Policy;
use crate::base::error::Checks;
use crate::base::{EquipmentId, Level, Result, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Longest wait for a step, minutes: a day.
const AFTER_MAX_MIN: u32 = 24 * 60;
/// Most messages to telephones in an hour: nobody reads more, and each costs money.
const PHONE_PER_HOUR_MAX: u32 = 1_000;

/// What holds for all notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NotificationSettings)]
pub struct General {
    /// Where the page is found by those who get a message; no link is written without it.
    #[serde(default)]
    #[schema(example = "https://indusmind.plant.example")]
    pub base_url: Option<String>,
    /// The language of those of whom none is known.
    #[serde(default)]
    pub language: Language,
    /// Minutes until the next is asked at High, Critical and Emergency.
    pub urgent_after_min: u32,
    /// Minutes until the next is asked at the other levels.
    pub others_after_min: u32,
    /// Messages that go to telephones within an hour, of each outlet; who is not called for it is
    /// told how many there were. Emergencies pass.
    #[serde(default = "phone_per_hour")]
    #[schema(example = 30)]
    pub phone_per_hour: u32,
}

const fn phone_per_hour() -> u32 {
    30
}

impl Default for General {
    fn default() -> Self {
        Self {
            base_url: None,
            language: Language::En,
            urgent_after_min: 15,
            others_after_min: 60,
            phone_per_hour: phone_per_hour(),
        }
    }
}

impl General {
    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let is_address = |url: &String| super::address::Address::of(url).is_ok() && url.len() < 200;
        let good = self.base_url.as_ref().is_none_or(is_address);
        let sentence = "An address such as https://indusmind.plant.example, or leave it out.";
        checks.require(good, "base_url", sentence);
        let sane = |after: u32| (1..=AFTER_MAX_MIN).contains(&after);
        let sentence = "1 to 1440 minutes.";
        checks.require(sane(self.urgent_after_min), "urgent_after_min", sentence);
        checks.require(sane(self.others_after_min), "others_after_min", sentence);
        let sane = (1..=PHONE_PER_HOUR_MAX).contains(&self.phone_per_hour);
        checks.require(sane, "phone_per_hour", "1 to 1000 messages an hour.");
        checks.finish()
    }

    /// How long nobody may react at this level before the next is asked, ms.
    #[must_use]
    pub fn patience_ms(&self, level: Level) -> i64 {
        let minutes = if level >= Level::High {
            self.urgent_after_min
        } else {
            self.others_after_min
        };
        i64::from(minutes) * 60_000
    }
}

/// Everything that is decided in advance.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The outlets that were ever set.
    pub outlets: BTreeMap<OutletKind, Outlet>,
    /// Who hears what, by name.
    pub policies: Vec<Policy>,
    /// What holds for all.
    pub general: General,
}

impl Known {
    /// The outlet, when something goes out of it.
    #[must_use]
    pub fn open(&self, kind: OutletKind) -> Option<&Outlet> {
        self.outlets.get(&kind).filter(|outlet| outlet.enabled)
    }

    /// The outlet that writes e-mail.
    #[must_use]
    pub fn mail(&self) -> Option<OutletKind> {
        let mut kinds = OutletKind::ALL.into_iter();
        kinds.find(|kind| kind.writes_mail() && self.open(*kind).is_some())
    }

    /// Why nothing of this level goes out of this outlet, whoever it is for.
    #[must_use]
    pub fn hindrance(&self, kind: OutletKind, level: Level, late: bool) -> Option<String> {
        let Some(outlet) = self.open(kind) else {
            return Some("The outlet is not set, or switched off.".to_owned());
        };
        if kind == OutletKind::Sms && level < Level::Critical {
            return Some("SMS goes out for Critical and Emergency only.".to_owned());
        }
        if let Settings::Horn(horn) = &outlet.settings
            && level < horn.from_level
        {
            let from = horn.from_level;
            return Some(format!("The horn sounds from the level {from:?} on."));
        }
        let silent = late && kind.is_loud();
        silent.then(|| "The reading came late: no sound is made for it.".to_owned())
    }
}

/// A person, as far as a letter needs to know him.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// His name.
    pub name: String,
    /// Where he gets e-mail.
    pub email: Option<String>,
    /// Where he is called.
    pub phone: Option<String>,
    /// His language, when he said.
    pub language: Option<Language>,
}

/// Who people are; asked inside transactions, so it must not wait for one.
pub trait Directory: Send + Sync {
    /// Whether this is the key of a role.
    fn is_role(&self, role: &str) -> bool;
    /// Everybody of this role at this site who may sign in.
    fn with_role(&self, role: &str, site: &str) -> Vec<Person>;
    /// Whether this equipment is there, at this site when one is named.
    fn has_equipment(&self, equipment: EquipmentId, site: Option<&str>) -> bool;
    /// This person, when he may sign in.
    fn person(&self, user: UserId) -> Option<Person>;
}

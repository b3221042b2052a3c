//! *pure* — who hears what: by site, level, machine and shift, and who is asked when nobody reacts.

use super::language::Language;
use super::occasion::Occasion;
use super::outlet::OutletKind;
use super::settings::{is_mail, is_phone};
use crate::base::error::Checks;
use crate::base::time::Calendar;
use crate::base::{EquipmentId, Level, PolicyId, Result, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Most recipients of a step: a list that nobody reads through is a mailing list.
const RECIPIENTS_MAX: usize = 50;
/// Most steps: after five nobody is left to ask.
const STEPS_MAX: usize = 5;
/// Most shifts of a policy: three a day for each day.
const SHIFTS_MAX: usize = 21;
/// Longest wait for a step, minutes: a day.
const AFTER_MAX_MIN: u32 = 24 * 60;
const DAY_MIN: i64 = 24 * 60;

/// A time of day, `22:00`, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTime(i64);

impl Serialize for DayTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

impl<'de> Deserialize<'de> for DayTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = |part: &str, below: i64| {
            let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            let number = part.parse::<i64>().ok();
            let number = number.filter(|number| digits && *number < below);
            number.ok_or_else(|| serde::de::Error::custom("write a time of day as 22:00"))
        };
        let (hours, minutes) = text.split_once(':').unwrap_or((&text, ""));
        Ok(Self(number(hours, 24)? * 60 + number(minutes, 60)?))
    }
}

/// A part of the day; over midnight when the end is not after the start, and the whole day when
/// both are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHours)]
pub struct Hours {
    /// The first minute inside.
    #[schema(value_type = String, example = "22:00")]
    pub from: DayTime,
    /// The first minute after.
    #[schema(value_type = String, example = "06:00")]
    pub to: DayTime,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the days speak for themselves
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// When a shift works; a night belongs to the day on which it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// When it begins.
    #[schema(value_type = String, example = "06:00")]
    pub from: DayTime,
    /// When it is over.
    #[schema(value_type = String, example = "14:00")]
    pub to: DayTime,
}

/// A moment of the site's week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// From Monday, 0 to 6.
    day: i64,
    minute: i64,
}

impl Moment {
    /// The moment that the clock on the wall shows.
    #[must_use]
    pub fn of(at: Timestamp, calendar: &Calendar) -> Self {
        let minutes = calendar.wall_ms(at).div_euclid(60_000);
        Self {
            // The first of January 1970 was a Thursday.
            day: (minutes.div_euclid(DAY_MIN) + 3).rem_euclid(7),
            minute: minutes.rem_euclid(DAY_MIN),
        }
    }
}

impl Hours {
    /// Whether this minute of the day is inside.
    const fn covers(self, minute: i64) -> bool {
        let (from, to) = (self.from.0, self.to.0);
        if from < to {
            from <= minute && minute < to
        } else {
            minute >= from || minute < to
        }
    }

    /// When they are over, if it is now in them.
    #[must_use]
    pub fn end_after(self, at: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        let minute = Moment::of(at, calendar).minute;
        if !self.covers(minute) {
            return None;
        }
        let left = (self.to.0 - minute - 1).rem_euclid(DAY_MIN) + 1;
        let end = Timestamp::from_ms(at.floor_to(60_000).ms() + left * 60_000);
        // A night in which the clocks change is an hour shorter or longer.
        let shift = |at: Timestamp| calendar.wall_ms(at) - at.ms();
        Some(end.plus_ms(shift(at) - shift(end)))
    }
}

impl Shift {
    fn covers(&self, moment: Moment) -> bool {
        let on = |day: i64| {
            let day = usize::try_from(day.rem_euclid(7)).unwrap_or_default();
            self.days.contains(&WEEK[day])
        };
        let (from, to) = (self.from.0, self.to.0);
        let begun = moment.minute >= from && on(moment.day);
        if from < to {
            begun && moment.minute < to
        } else {
            begun || (moment.minute < to && on(moment.day - 1))
        }
    }
}

/// Somebody who is told: exactly one of role, user and address, or nobody by name for an outlet
/// that leads to one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// By which outlet.
    pub outlet: Option<OutletKind>,
    /// Everybody active of this role at the site of the alert.
    #[schema(example = "technician")]
    pub role: Option<String>,
    /// This person.
    pub user_id: Option<UserId>,
    /// This e-mail address or telephone number.
    pub address: Option<String>,
    /// In this language; that of the person, or of the settings, when absent.
    pub language: Option<Language>,
}

/// Who is asked next when nobody acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EscalationStep)]
pub struct Step {
    /// Minutes after the message before; what the settings say for the level when absent.
    #[serde(default)]
    pub after_min: Option<u32>,
    /// Who is asked.
    pub recipients: Vec<Recipient>,
}

/// What a person says of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// Its name.
    #[schema(example = "Night shift")]
    pub name: String,
    /// Whether anybody is told by it.
    pub enabled: bool,
    /// Key of the site; every site when absent.
    #[serde(default)]
    pub site: Option<String>,
    /// The least serious alert that it is for.
    pub from_level: Level,
    /// The machine; every one when absent.
    #[serde(default)]
    pub equipment_id: Option<EquipmentId>,
    /// When it holds, on the clock of the site; always when empty.
    #[serde(default)]
    pub shifts: Vec<Shift>,
    /// When messages wait; Critical and Emergency do not.
    #[serde(default)]
    pub quiet_hours: Option<Hours>,
    /// Who is told at once.
    pub recipients: Vec<Recipient>,
    /// Who is asked when nobody acknowledged.
    #[serde(default)]
    pub escalation: Vec<Step>,
    /// Whether those who were told hear when it is over.
    #[serde(default)]
    pub tell_when_over: bool,
}

/// Who hears what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = NotificationPolicy)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// What it says.
    #[serde(flatten)]
    pub rule: NewPolicy,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl NewPolicy {
    /// Whether it is for such alerts, at whatever time.
    #[must_use]
    pub fn is_for(&self, occasion: &Occasion) -> bool {
        self.enabled
            && occasion.level >= self.from_level
            && self.site.as_ref().is_none_or(|site| *site == occasion.site)
            && (self.equipment_id.is_none() || self.equipment_id == occasion.equipment)
    }

    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds_at(&self, moment: Moment) -> bool {
        self.shifts.is_empty() || self.shifts.iter().any(|shift| shift.covers(moment))
    }

    /// The recipients of a step; those who are told at once are step 0.
    #[must_use]
    pub fn recipients_of(&self, step: usize) -> Option<&[Recipient]> {
        match step.checked_sub(1) {
            None => Some(&self.recipients),
            Some(n) => self
                .escalation
                .get(n)
                .map(|step| step.recipients.as_slice()),
        }
    }

    /// Everybody whom it names, each with his place in what was said.
    pub(super) fn everybody(&self) -> impl Iterator<Item = (String, &Recipient)> {
        let at_once = self.recipients.iter().enumerate();
        let at_once = at_once.map(|(n, recipient)| (format!("recipients.{n}"), recipient));
        let steps = self.escalation.iter().enumerate();
        let later = steps.flat_map(|(step, asked)| {
            let recipients = asked.recipients.iter().enumerate();
            let path = move |n| format!("escalation.{step}.recipients.{n}");
            recipients.map(move |(n, recipient)| (path(n), recipient))
        });
        at_once.chain(later)
    }

    /// Refuses what cannot be meant; `is_role` knows the roles.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self, is_role: &dyn Fn(&str) -> bool) -> Result<()> {
        let mut checks = Checks::default();
        let length = self.name.trim().chars().count();
        let plain = (1..=80).contains(&length) && !self.name.chars().any(char::is_control);
        checks.require(plain, "name", "A name of 1 to 80 characters.");
        let few = self.shifts.len() <= SHIFTS_MAX;
        checks.require(few, "shifts", "21 shifts at most.");
        for (n, shift) in self.shifts.iter().enumerate() {
            let path = format!("shifts.{n}.days");
            let some = (1..=7).contains(&shift.days.len());
            checks.require(some, &path, "Name the days on which the shift begins.");
        }
        let few = self.escalation.len() <= STEPS_MAX;
        checks.require(few, "escalation", "5 steps at most.");
        check_all(&mut checks, "recipients", &self.recipients, is_role);
        for (n, step) in self.escalation.iter().enumerate() {
            let path = format!("escalation.{n}.recipients");
            check_all(&mut checks, &path, &step.recipients, is_role);
            let sane = |after: u32| (1..=AFTER_MAX_MIN).contains(&after);
            let path = format!("escalation.{n}.after_min");
            let sentence = "1 to 1440 minutes, or leave it out.";
            checks.require(step.after_min.is_none_or(sane), &path, sentence);
        }
        checks.finish()
    }
}

fn check_all(
    checks: &mut Checks,
    path: &str,
    recipients: &[Recipient],
    is_role: &dyn Fn(&str) -> bool,
) {
    let some = (1..=RECIPIENTS_MAX).contains(&recipients.len());
    checks.require(some, path, "Name 1 to 50 recipients.");
    for (n, recipient) in recipients.iter().enumerate() {
        recipient.check(checks, &format!("{path}.{n}"), is_role);
    }
}

impl Recipient {
    fn check(&self, checks: &mut Checks, path: &str, is_role: &dyn Fn(&str) -> bool) {
        let Some(outlet) = self.outlet else {
            checks.refuse(&format!("{path}.outlet"), "Name an outlet.");
            return;
        };
        let named = [
            self.role.is_some(),
            self.user_id.is_some(),
            self.address.is_some(),
        ];
        let named = named.into_iter().filter(|is| *is).count();
        if outlet.leads_to_one() {
            let sentence = "This outlet leads to one place: name nobody.";
            checks.require(named == 0, path, sentence);
            return;
        }
        let sentence = "Name a role, a user or an address, and only one of them.";
        checks.require(named == 1, path, sentence);
        let role = self.role.as_deref().is_none_or(is_role);
        checks.require(role, &format!("{path}.role"), "There is no such role.");
        let (good, sentence): (fn(&str) -> bool, _) = if outlet.calls_phone() {
            (is_phone, "A telephone number such as +21650000000.")
        } else {
            (is_mail, "An address such as name@plant.example.")
        };
        let good = self.address.as_deref().is_none_or(good);
        checks.require(good, &format!("{path}.address"), sentence);
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;

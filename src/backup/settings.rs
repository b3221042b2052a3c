//! Where backups go, when, and how many are kept.

use super::make::check_folder;
use super::retention::Retention;
use crate::base::error::Checks;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::Path;
use utoipa::ToSchema;

/// Fewest characters of a passphrase: it is guessed at home, with as many tries as one likes.
const PASSPHRASE_MIN: usize = 12;
const PASSPHRASE_MAX: usize = 200;

/// The settings, without the passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupSettings {
    /// A folder of the machine: a mounted share or stick. Without one there are no backups.
    pub folder: Option<String>,
    /// When one is made, on the clock of the first site: `02:30`; `null` for never by itself.
    #[schema(example = "02:30")]
    pub at: Option<String>,
    /// Days on which one is made, 1 for Monday to 7 for Sunday.
    pub days: Vec<u8>,
    /// How many are kept.
    pub keep: Retention,
    /// Whether they are encrypted with the passphrase.
    pub encrypt: bool,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            folder: None,
            at: Some("02:30".to_owned()),
            days: (1..=7).collect(),
            keep: Retention::default(),
            encrypt: false,
        }
    }
}

/// The settings as a person changes them.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupChange {
    /// All of them.
    pub settings: BackupSettings,
    /// A new passphrase; absent leaves the one that is there.
    #[serde(default)]
    #[schema(write_only)]
    pub passphrase: Option<String>,
}

impl BackupSettings {
    /// Looks at every field; `has_passphrase` says whether there is one after the change.
    ///
    /// # Errors
    /// Every refused field.
    pub(super) fn check(&self, data: &Path, has_passphrase: bool) -> Result<()> {
        let mut checks = Checks::default();
        if let Some(folder) = &self.folder {
            checks.merge("settings.", check_folder(Path::new(folder), data))?;
        }
        if let Some(at) = &self.at {
            let sentence = "Write hours and minutes, such as 02:30.";
            checks.require(minute_of(at).is_some(), "settings.at", sentence);
        }
        let days = &self.days;
        let are_days = !days.is_empty()
            && days.iter().all(|day| (1..=7).contains(day))
            && days.windows(2).all(|two| two[0] < two[1]);
        let sentence = "Name days from 1 for Monday to 7 for Sunday, each once, in order.";
        checks.require(are_days, "settings.days", sentence);
        for (range, count, field) in [
            (1..=366, self.keep.daily, "settings.keep.daily"),
            (0..=520, self.keep.weekly, "settings.keep.weekly"),
            (0..=240, self.keep.monthly, "settings.keep.monthly"),
        ] {
            let (low, high) = (range.start(), range.end());
            let sentence = format!("Between {low} and {high}.");
            checks.require(range.contains(&count), field, &sentence);
        }
        let sentence = "Give a passphrase, or make backups that everybody can read.";
        checks.require(!self.encrypt || has_passphrase, "passphrase", sentence);
        checks.finish()
    }

    /// When the first backup after `last` is due; never without a folder or a time.
    pub(super) fn due_after(&self, last: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        self.folder.as_ref()?;
        let at = self.at.as_ref().filter(|at| minute_of(at).is_some())?;
        let mut day = calendar.bucket_start(last, BucketSize::Day);
        // Two weeks hold every day of the week, twice.
        for _ in 0..15 {
            let number = calendar.week_minute(day.plus_ms(12 * 3_600_000)) / (24 * 60) + 1;
            // In the hour that a zone leaves out, the one after it.
            let due = calendar.instant(&format!("{}T{at}:00", calendar.date(day)));
            let is_day = self.days.iter().any(|one| u32::from(*one) == number);
            if let Some(due) = due.filter(|due| is_day && *due > last) {
                return Some(due);
            }
            day = calendar.next_bucket(day, BucketSize::Day);
        }
        None
    }
}

/// Whether a passphrase can be used.
///
/// # Errors
/// A sentence that says what it lacks.
pub(super) fn check_passphrase(passphrase: &str) -> Result<()> {
    let length = passphrase.chars().count();
    if (PASSPHRASE_MIN..=PASSPHRASE_MAX).contains(&length) {
        return Ok(());
    }
    let sentence = format!("Use {PASSPHRASE_MIN} to {PASSPHRASE_MAX} characters: a few words do.");
    Err(Error::invalid("passphrase", sentence))
}

fn minute_of(at: &str) -> Option<u32> {
    let (hour, minute) = at.split_once(':')?;
    let number = |text: &str, most: u32| -> Option<u32> {
        let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n| two && *n < most)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_due_on_its_days_on_the_clock_of_the_site() {
        let calendar = Calendar::new("Europe/Paris").unwrap();
        let settings = BackupSettings {
            folder: Some("/mnt".into()),
            days: vec![1, 7],
            ..BackupSettings::default()
        };
        let mut at: Timestamp = "2026-03-26T12:00:00Z".parse().unwrap();
        let mut told = Vec::new();
        for _ in 0..3 {
            at = settings.due_after(at, &calendar).unwrap();
            told.push(at.to_string());
        }
        // On Sunday the 29th 02:30 does not exist in Paris.
        assert_eq!(
            told.iter().map(|at| &at[..16]).collect::<Vec<_>>(),
            ["2026-03-29T01:30", "2026-03-30T00:30", "2026-04-05T00:30"]
        );
        let never = BackupSettings {
            at: None,
            ..settings
        };
        assert!(never.due_after(at, &calendar).is_none());
        assert!(BackupSettings::default().due_after(at, &calendar).is_none());
    }

    #[test]
    fn every_refused_field_is_named() {
        let settings = BackupSettings {
            folder: Some("/nowhere/at/all".into()),
            at: Some("2:30".into()),
            days: vec![0],
            keep: Retention {
                daily: 0,
                weekly: 521,
                monthly: 241,
            },
            encrypt: true,
        };
        let error = settings.check(Path::new("/tmp"), false).unwrap_err();
        let fields: Vec<_> = error.fields.iter().map(|field| &*field.path).collect();
        assert_eq!(
            fields,
            [
                "settings.folder",
                "settings.at",
                "settings.days",
                "settings.keep.daily",
                "settings.keep.weekly",
                "settings.keep.monthly",
                "passphrase"
            ]
        );
    }
}

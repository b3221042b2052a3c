//! The appliance watches itself: its troubles are alerts like any other, of the source `appliance`.

use super::book::Book;
use super::draft::{Cause, Draft, Seed};
use super::health::named;
use super::record::Source;
use super::service::Alerts;
use crate::base::{Level, Result, Timestamp};

/// How full the disk may be, percent: each step is worse. S3-47 asks for less than 80.
const DISK_STEPS: [(f64, Level); 3] = [
    (80.0, Level::Medium),
    (90.0, Level::High),
    (95.0, Level::Critical),
];
/// How far back the disk must come, percent.
const DISK_BAND: f64 = 2.0;
/// Memory of the process, MB: the appliance is made for a quarter of this.
const MEMORY_MB: f64 = 1_024.0;
/// A clock that jumps by more is noticed, s.
const CLOCK_JUMP_S: f64 = 60.0;
/// Failed sign-ins in five minutes (S3-47).
const FAILED_LOGINS: f64 = 100.0;
/// For how long something that happened at one moment stays an alert, ms.
const MOMENT_MS: i64 = 10 * 60_000;

/// How the appliance is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// Share of the disk that is used, percent; absent when it does not say.
    pub disk_used_percent: Option<f64>,
    /// Memory of the process, MB; absent where the system does not say.
    pub memory_mb: Option<f64>,
    /// How far the clock jumped since the last look, s.
    pub clock_jump_s: f64,
    /// Polls that found no room since the last look.
    pub skipped: u64,
    /// Polls that were lost since the last look because the disk refused.
    pub dropped: u64,
    /// Failed sign-ins in the last five minutes.
    pub failed_logins: u32,
    /// Names of devices that give no good value and have no rule about it.
    pub silent: Vec<String>,
    /// Names of equipment at which work is due.
    pub due_work: Vec<String>,
    /// Titles of reports of the timetable that could not be made or handed on.
    pub failed_reports: Vec<String>,
    /// How old the last good backup is, and how old it may be, hours; absent without a timetable.
    pub backup_age_h: Option<(f64, f64)>,
}

/// Something to look at.
struct Look {
    key: &'static str,
    name: &'static str,
    /// How urgent it is; absent when it is well.
    level: Option<Level>,
    message: String,
    value: Option<f64>,
    threshold: Option<f64>,
    unit: &'static str,
    advice: &'static str,
    /// It is of a moment: there is no "well again" that could be measured.
    of_a_moment: bool,
}

/// What the vitals say; `held` tells which alerts stand.
fn looks(vitals: &Vitals, held: impl Fn(&str) -> Option<Level>) -> Vec<Look> {
    let disk = vitals.disk_used_percent.map(|used| {
        let stood = held("disk");
        let reached = DISK_STEPS.iter().rev().find(|(limit, level)| {
            let band = if stood >= Some(*level) {
                DISK_BAND
            } else {
                0.0
            };
            used >= limit - band
        });
        Look {
            key: "disk",
            name: "Disk",
            level: reached.map(|(_, level)| *level),
            message: format!("The disk is filling up: {used:.0} % is used."),
            value: Some(used),
            threshold: reached.or(DISK_STEPS.first()).map(|(limit, _)| *limit),
            unit: "%",
            advice: "Keep readings for a shorter time, or give the appliance a larger disk.",
            of_a_moment: false,
        }
    });
    let memory = vitals.memory_mb.map(|used| Look {
        key: "memory",
        name: "Memory",
        level: (used >= MEMORY_MB).then_some(Level::High),
        message: format!("The appliance takes {used:.0} MB of memory."),
        value: Some(used),
        threshold: Some(MEMORY_MB),
        unit: "MB",
        advice: "Keep its log, tell its maker, and start it again.",
        of_a_moment: false,
    });
    let backup = vitals.backup_age_h.map(|(age, limit)| Look {
        key: "backup",
        name: "Backup",
        level: (age > limit).then_some(Level::High),
        message: format!(
            "There is no good backup of the last {:.0} hours.",
            age.floor()
        ),
        value: Some(age),
        threshold: Some(limit),
        unit: "h",
        advice: "See under Backup why the last one failed: plug the stick in, or mount the share.",
        of_a_moment: false,
    });
    disk.into_iter()
        .chain(memory)
        .chain(backup)
        .chain([polls(vitals), work(vitals), reports(vitals)])
        .chain(moments(vitals))
        .collect()
}

/// Reports that people wait for.
fn reports(vitals: &Vitals) -> Look {
    let count = vitals.failed_reports.len();
    Look {
        key: "reports",
        name: "Reports",
        level: (count > 0).then_some(Level::Medium),
        message: format!(
            "Reports of the timetable that could not be made or handed on: {}.",
            named(&vitals.failed_reports)
        ),
        #[allow(clippy::cast_precision_loss)] // a count of reports
        value: Some(count as f64),
        threshold: None,
        unit: "",
        advice: "See under Reports what went wrong: the folder, the mail server, or the readings.",
        of_a_moment: false,
    }
}

/// Devices that nobody would hear of.
fn polls(vitals: &Vitals) -> Look {
    let count = vitals.silent.len();
    Look {
        key: "polls",
        name: "Polling",
        level: (count > 0).then_some(Level::Medium),
        message: format!(
            "Polled devices that give no value, and no rule says so: {}.",
            named(&vitals.silent)
        ),
        #[allow(clippy::cast_precision_loss)] // a count of devices
        value: Some(count as f64),
        threshold: None,
        unit: "",
        advice: "Check the line and the supply of the meters; a rule \"No data\" tells of each.",
        of_a_moment: false,
    }
}

/// Work that the maintenance logs say is due.
fn work(vitals: &Vitals) -> Look {
    let count = vitals.due_work.len();
    Look {
        key: "maintenance",
        name: "Maintenance",
        level: (count > 0).then_some(Level::Low),
        message: format!("Maintenance is due: {}.", named(&vitals.due_work)),
        #[allow(clippy::cast_precision_loss)] // a count of machines
        value: Some(count as f64),
        threshold: None,
        unit: "",
        advice: "Do the work and write it down in the log of the machine, with the next day.",
        of_a_moment: false,
    }
}

/// What happened at one moment.
fn moments(vitals: &Vitals) -> [Look; 3] {
    let moments = [
        (
            "clock",
            "Clock",
            vitals.clock_jump_s.abs() >= CLOCK_JUMP_S,
            format!("The clock jumped by {:.0} s.", vitals.clock_jump_s),
            Some(vitals.clock_jump_s),
            "Check the time server and the battery of the clock: readings carry its time.",
        ),
        (
            "queue",
            "Queue of readings",
            vitals.skipped + vitals.dropped > 0,
            format!(
                "The disk is too slow: {} polls found no room, {} were lost.",
                vitals.skipped, vitals.dropped
            ),
            None,
            "Look for another program that keeps the disk busy, or a disk that is failing.",
        ),
        (
            "logins",
            "Sign-ins",
            f64::from(vitals.failed_logins) > FAILED_LOGINS,
            format!("{} sign-ins failed in five minutes.", vitals.failed_logins),
            Some(f64::from(vitals.failed_logins)),
            "Look in the audit log where they come from.",
        ),
    ];
    moments.map(|(key, name, holds, message, value, advice)| Look {
        key,
        name,
        level: holds.then_some(Level::High),
        message,
        value,
        threshold: None,
        unit: if key == "clock" { "s" } else { "" },
        advice,
        of_a_moment: true,
    })
}

impl Alerts {
    /// Raises and ends the alerts of the appliance itself.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn watch_appliance(&self, vitals: Vitals) -> Result<()> {
        let (Some(site), now) = (self.sites.first(), self.clock.now()) else {
            return Ok(());
        };
        let due = {
            let engine = self.engine();
            let all = looks(&vitals, |key| level_of(&engine.book, key));
            all.iter().any(|look| is_due(look, &engine.book, now))
        };
        if !due {
            return Ok(());
        }
        self.change(move |engine, _, draft| {
            let all = looks(&vitals, |key| level_of(&engine.book, key));
            for look in all
                .iter()
                .filter(|look| is_due(look, &engine.book, now))
                .collect::<Vec<_>>()
            {
                follow(&mut engine.book, draft, look, &site.key, now);
            }
            Ok(())
        })
        .await
    }
}

fn condition_of(key: &str) -> String {
    format!("appliance/{key}")
}

fn level_of(book: &Book, key: &str) -> Option<Level> {
    let alert = book.open.get(&condition_of(key))?;
    alert.active.then_some(alert.level)
}

/// Whether an alert has to begin, rise or end.
fn is_due(look: &Look, book: &Book, now: Timestamp) -> bool {
    let open = book
        .open
        .get(&condition_of(look.key))
        .filter(|alert| alert.active);
    match (look.level, open) {
        (Some(level), Some(alert)) => level > alert.level,
        (Some(_), None) => true,
        (None, Some(alert)) => {
            !look.of_a_moment || now.since_ms(alert.last_triggered_at).abs() > MOMENT_MS
        }
        (None, None) => false,
    }
}

fn follow(book: &mut Book, draft: &mut Draft, look: &Look, site: &str, now: Timestamp) {
    let (condition, cause) = (condition_of(look.key), Cause::of(now, now));
    let Some(level) = look.level else {
        return book.clear(draft, &condition, &cause, false);
    };
    let seed = Seed {
        condition,
        site: site.to_owned(),
        source: Source::Appliance,
        level,
        equipment: None,
        equipment_name: look.name.to_owned(),
        location: None,
        message: look.message.clone(),
        value: look.value,
        threshold: look.threshold,
        unit: look.unit.to_owned(),
        rule: None,
        kind: None,
        metric: None,
        phase: None,
        advice: Some(look.advice.to_owned()),
        late: false,
        parent: None,
    };
    book.raise(draft, seed, &cause, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_rises_through_its_steps_and_comes_back_by_a_band() {
        let level = |used: f64, held: Option<Level>| {
            let vitals = Vitals {
                disk_used_percent: Some(used),
                ..Vitals::default()
            };
            let all = looks(&vitals, |key| held.filter(|_| key == "disk"));
            all.into_iter()
                .find(|look| look.key == "disk")
                .and_then(|look| look.level)
        };
        assert_eq!(level(79.9, None), None);
        assert_eq!(level(80.0, None), Some(Level::Medium));
        assert_eq!(level(79.0, Some(Level::Medium)), Some(Level::Medium));
        assert_eq!(level(77.9, Some(Level::Medium)), None);
        assert_eq!(level(96.0, Some(Level::Medium)), Some(Level::Critical));
    }

    #[test]
    fn a_backup_that_is_too_old_is_said() {
        let level = |age| {
            let vitals = Vitals {
                backup_age_h: Some((age, 48.0)),
                ..Vitals::default()
            };
            let mut all = looks(&vitals, |_| None).into_iter();
            all.find(|look| look.key == "backup")
                .and_then(|look| look.level)
        };
        assert_eq!((level(48.0), level(48.1)), (None, Some(Level::High)));
    }

    #[test]
    fn what_is_well_says_nothing() {
        let vitals = Vitals {
            disk_used_percent: Some(10.0),
            memory_mb: Some(60.0),
            backup_age_h: Some((30.0, 48.0)),
            ..Vitals::default()
        };
        assert!(
            looks(&vitals, |_| None)
                .iter()
                .all(|look| look.level.is_none())
        );
    }
}

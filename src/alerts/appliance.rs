//! The appliance watches itself: its troubles are alerts like any other, of the source `appliance`.

use super::book::Book;
use super::draft::{Advice, Cause, Draft, Seed};
use super::health::{Served, named};
use super::record::Source;
use super::service::Alerts;
use crate::base::{Level, Result, Timestamp};
use crate::notify::{Language, Said, said};
use crate::store::Reserved;

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
/// A certificate is renewed, or brought anew, before so many days are left.
const CERTIFICATE_DAYS: f64 = 21.0;
/// Failed sign-ins in five minutes (S3-47).
const FAILED_LOGINS: f64 = 100.0;
/// Answers of the API that failed, percent, of five and of fifteen minutes, and within which 95 of 100
/// are given, ms, of ten and of twenty (S3-47). What stood goes on down to half of it.
const FAILED_PERCENT: (f64, f64) = (1.0, 0.5);
const P95_MS: (f64, f64) = (1_000.0, 500.0);
const SERVED_BAND: f64 = 0.5;
/// For how long something that happened at one moment stays an alert, ms.
const MOMENT_MS: i64 = 10 * 60_000;

/// How the appliance is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// Share of the disk that is used, percent; absent when it does not say.
    pub disk_used_percent: Option<f64>,
    /// The room that the data file holds for people; absent where the file system keeps none.
    pub reserve: Option<Reserved>,
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
    /// Ways out by which messages do not get through.
    pub stuck_outlets: Vec<String>,
    /// How the API has answered of late.
    pub served: Served,
    /// How old the last good backup is, and how old it may be, hours; absent without a timetable.
    pub backup_age_h: Option<(f64, f64)>,
    /// The files in which the weekly examination found damage.
    pub damaged: Vec<String>,
    /// In how many days the certificate ends that browsers are shown; absent without HTTPS.
    pub certificate_days: Option<f64>,
    /// Faults of the program since the last look.
    pub faults: usize,
    /// How the program before this one fell, told once: `silent`, `ended`.
    pub fell: Option<String>,
    /// What a clock says that cannot be right.
    pub clock_wrong: Option<Timestamp>,
}

/// Something to look at.
struct Look {
    /// The code, too, of what it says and of what to do.
    key: &'static str,
    /// How urgent it is; absent when it is well.
    level: Option<Level>,
    said: Said,
    value: Option<f64>,
    threshold: Option<f64>,
    unit: &'static str,
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
            level: reached.map(|(_, level)| *level),
            said: Said::of("disk").number("value", format!("{used:.0} %")),
            value: Some(used),
            threshold: reached.or(DISK_STEPS.first()).map(|(limit, _)| *limit),
            unit: "%",
            of_a_moment: false,
        }
    });
    let reserve = vitals.reserve.map(reserve);
    let memory = vitals.memory_mb.map(|used| Look {
        key: "memory",
        level: (used >= MEMORY_MB).then_some(Level::High),
        said: Said::of("memory").number("value", format!("{used:.0} MB")),
        value: Some(used),
        threshold: Some(MEMORY_MB),
        unit: "MB",
        of_a_moment: false,
    });
    let backup = vitals.backup_age_h.map(|(age, limit)| Look {
        key: "backup",
        level: (age > limit).then_some(Level::High),
        said: Said::of("backup").number("hours", format!("{:.0}", age.floor())),
        value: Some(age),
        threshold: Some(limit),
        unit: "h",
        of_a_moment: false,
    });
    disk.into_iter()
        .chain(reserve)
        .chain(memory)
        .chain(backup)
        .chain([
            listed("polls", &vitals.silent, Level::Medium),
            listed("maintenance", &vitals.due_work, Level::Low),
            listed("reports", &vitals.failed_reports, Level::Medium),
            listed("outlets", &vitals.stuck_outlets, Level::High),
            listed("damage", &vitals.damaged, Level::Critical),
        ])
        .chain(vitals.certificate_days.map(certificate))
        .chain([wrong_clock(vitals.clock_wrong)])
        .chain(served(&vitals.served, &held))
        .chain(moments(vitals))
        .collect()
}

/// What is left for people on a full disk.
#[allow(clippy::cast_precision_loss)] // some MB
fn reserve(reserve: Reserved) -> Look {
    let left = (reserve.held >> 20) as f64;
    Look {
        key: "reserve",
        level: reserve.is_in_use().then_some(Level::Critical),
        said: Said::of("reserve").number("value", format!("{left:.0} MB")),
        value: Some(left),
        threshold: Some((reserve.whole >> 20) as f64),
        unit: "MB",
        of_a_moment: false,
    }
}

/// A clock that cannot be right: of a battery that died, or set back behind what is stored.
fn wrong_clock(told: Option<Timestamp>) -> Look {
    let day = told.map(|at| at.to_string().chars().take(10).collect::<String>());
    Look {
        key: "clock_wrong",
        level: day.is_some().then_some(Level::High),
        said: Said::of("clock_wrong").name("day", day.unwrap_or_default()),
        value: None,
        threshold: None,
        unit: "",
        of_a_moment: false,
    }
}

/// A certificate that ends soon, or has ended: then browsers refuse the page.
fn certificate(days: f64) -> Look {
    let left = days.floor().max(0.0);
    Look {
        key: "certificate",
        level: (days < CERTIFICATE_DAYS).then_some(match days <= 0.0 {
            true => Level::High,
            false => Level::Medium,
        }),
        said: Said::of("certificate").number("days", format!("{left:.0}")),
        value: Some(left),
        threshold: Some(CERTIFICATE_DAYS),
        unit: "d",
        of_a_moment: false,
    }
}

/// How the API answers: too many failures, or too slowly.
fn served(served: &Served, held: &impl Fn(&str) -> Option<Level>) -> [Look; 2] {
    let look = |key, (short, long): (Option<f64>, Option<f64>), limits: (f64, f64), unit| {
        let stood = held(key);
        let above = |value: Option<f64>, limit: f64, level: Level| {
            let band = if stood >= Some(level) {
                SERVED_BAND
            } else {
                1.0
            };
            let over = value.filter(|value| *value > limit * band);
            over.map(|value| (level, value, limit))
        };
        let found = above(short, limits.0, Level::High);
        let found = found.or_else(|| above(long, limits.1, Level::Medium));
        let value = found.map(|(_, value, _)| value);
        let digits = usize::from(unit == "%");
        let shown = format!("{:.digits$} {unit}", value.unwrap_or_default());
        Look {
            key,
            level: found.map(|(level, ..)| level),
            said: Said::of(key).number("value", shown),
            value,
            threshold: found.map(|(.., limit)| limit),
            unit,
            of_a_moment: false,
        }
    };
    let failed = (served.failed_percent_5_min, served.failed_percent_15_min);
    let slow = (served.p95_ms_10_min, served.p95_ms_20_min);
    [
        look("answers", failed, FAILED_PERCENT, "%"),
        look("slow", slow, P95_MS, "ms"),
    ]
}

/// Something that is well when nothing is named.
fn listed(key: &'static str, names: &[String], level: Level) -> Look {
    Look {
        key,
        level: (!names.is_empty()).then_some(level),
        said: named(Said::of(key), names),
        #[allow(clippy::cast_precision_loss)] // a count of names
        value: Some(names.len() as f64),
        threshold: None,
        unit: "",
        of_a_moment: false,
    }
}

/// A jump of the clock in the largest unit that says it: nobody reads 315360000 s as ten years.
fn stride(seconds: f64) -> String {
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min")];
    let unit = units.iter().find(|(one, _)| seconds.abs() >= 2.0 * one);
    let (one, name) = unit.unwrap_or(&(1.0, "s"));
    format!("{:.0} {name}", seconds / one)
}

/// What happened at one moment.
#[allow(clippy::cast_precision_loss)] // a count of faults
fn moments(vitals: &Vitals) -> [Look; 5] {
    let clock = vitals.clock_jump_s;
    let failed = f64::from(vitals.failed_logins);
    let moments = [
        (
            "clock",
            clock.abs() >= CLOCK_JUMP_S,
            Said::of("clock").number("value", stride(clock)),
            None,
        ),
        (
            "queue",
            vitals.skipped + vitals.dropped > 0,
            Said::of("queue")
                .number("skipped", vitals.skipped)
                .number("lost", vitals.dropped),
            None,
        ),
        (
            "logins",
            failed > FAILED_LOGINS,
            Said::of("logins").number("count", vitals.failed_logins),
            Some(failed),
        ),
        (
            "fell",
            vitals.fell.is_some(),
            Said::of(match vitals.fell.as_deref() {
                Some("silent") => "fell_silent",
                _ => "fell_ended",
            }),
            None,
        ),
        (
            "faults",
            vitals.faults > 0,
            Said::of("faults").number("count", vitals.faults),
            Some(vitals.faults as f64),
        ),
    ];
    moments.map(|(key, holds, said, value)| Look {
        key,
        level: holds.then_some(Level::High),
        said,
        value,
        threshold: None,
        unit: "",
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
        equipment_name: said::part(Language::En, &condition_of(look.key))
            .unwrap_or(look.key)
            .to_owned(),
        location: None,
        said: look.said.clone(),
        value: look.value,
        threshold: look.threshold,
        unit: look.unit.to_owned(),
        rule: None,
        kind: None,
        metric: None,
        phase: None,
        advice: Advice::Known(look.key),
        late: false,
        parent: None,
    };
    book.raise(draft, seed, &cause, 0);
}

#[cfg(test)]
#[path = "appliance_tests.rs"]
mod tests;

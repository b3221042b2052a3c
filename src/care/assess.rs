//! *pure* — what the figures of the appliance mean: well, worth a look, or bad; and a code for the
//! advice, which the page has in three languages.

use super::clock::Wrong;
use super::integrity::Integrity;
use crate::base::Timestamp;
use crate::store::Reserved;
use serde::Serialize;
use utoipa::ToSchema;

/// How full the disk may be, percent: the alerts say the same.
const DISK_PERCENT: f64 = 80.0;
const DISK_FULL_PERCENT: f64 = 95.0;
/// A disk that is full within so many days is said in time, ms.
const DISK_SOON_MS: i64 = 30 * DAY_MS;
/// Memory of the process, MB: the appliance is made for a quarter of this.
const MEMORY_MB: f64 = 1_024.0;
/// Share of the open files that may be in use, percent.
const FILES_PERCENT: u64 = 80;
/// A certificate that was brought and ends within so many days, ms.
const CERTIFICATE_MS: i64 = 21 * DAY_MS;
/// The last examination of the files is to be no older, ms: two weeks and a day.
const EXAMINED_MS: i64 = 15 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Well.
    Ok,
    /// Worth a look.
    Attention,
    /// Something is to be done.
    Bad,
}

/// One look.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SystemCheck)]
pub struct Check {
    /// What was looked at.
    pub key: &'static str,
    /// How it is.
    pub state: CheckState,
    /// What to say and to do: a word of the page.
    pub code: &'static str,
    /// The figure behind it.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: &'static str,
    /// The instant behind it.
    pub at: Option<Timestamp>,
}

/// What is known of the appliance.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Share of the disk that is used, percent.
    pub disk_used_percent: Option<f64>,
    /// The room that the data file holds for people.
    pub reserve: Option<Reserved>,
    /// When the disk is full.
    pub disk_full_on: Option<Timestamp>,
    /// Memory of the process, MB.
    pub memory_mb: Option<f64>,
    /// Files that are open, and how many may be.
    pub files: Option<(u64, u64)>,
    /// Whether the disk takes what is written.
    pub writer_healthy: bool,
    /// Polls that were lost since the start.
    pub ticks_lost: u64,
    /// Devices that are polled, and those that do not answer.
    pub devices: (usize, usize),
    /// Whether a time server sets the clock; absent where nobody tells.
    pub clock_synced: Option<bool>,
    /// Why the clock cannot be right, if so.
    pub clock_wrong: Option<Wrong>,
    /// Whether backups are made by themselves.
    pub backup_timetable: bool,
    /// When the last good backup was made.
    pub backup_at: Option<Timestamp>,
    /// Age of the last good backup and how old it may be, hours.
    pub backup_age_h: Option<(f64, f64)>,
    /// Whether the last backup failed.
    pub backup_failed: bool,
    /// Until when the certificate is good; absent without HTTPS.
    pub certificate_until: Option<Timestamp>,
    /// The last examination of the files.
    pub integrity: Option<Integrity>,
    /// When the program last failed inside.
    pub failed_at: Option<Timestamp>,
}

/// Looks at everything, in the order of the page.
#[must_use]
pub fn assess(facts: &Facts, now: Timestamp) -> Vec<Check> {
    let mut checks = vec![disk(facts, now), writer(facts), integrity(facts, now)];
    checks.extend([backup(facts), clock(facts), devices(facts)]);
    checks.extend([
        memory(facts),
        files(facts),
        certificate(facts, now),
        faults(facts, now),
    ]);
    checks
}

const fn check(key: &'static str, state: CheckState, code: &'static str) -> Check {
    Check {
        key,
        state,
        code,
        value: None,
        unit: "",
        at: None,
    }
}

use CheckState::{Attention, Bad, Ok};

fn disk(facts: &Facts, now: Timestamp) -> Check {
    if let Some(reserve) = facts.reserve.filter(|reserve| reserve.is_in_use()) {
        return in_use(reserve);
    }
    let used = facts.disk_used_percent;
    let soon = |at: &Timestamp| at.since_ms(now) < DISK_SOON_MS;
    let (state, code) = match used {
        None => (Ok, "disk_unknown"),
        Some(used) if used >= DISK_FULL_PERCENT => (Bad, "disk_full"),
        Some(used) if used >= DISK_PERCENT => (Attention, "disk_filling"),
        Some(_) if facts.disk_full_on.as_ref().is_some_and(soon) => (Attention, "disk_soon"),
        Some(_) => (Ok, "disk_ok"),
    };
    Check {
        value: used,
        unit: "%",
        at: facts.disk_full_on,
        ..check("disk", state, code)
    }
}

/// Nothing is left on the disk but what is held for people.
#[allow(clippy::cast_precision_loss)] // some MB
fn in_use(reserve: Reserved) -> Check {
    Check {
        value: Some((reserve.held >> 20) as f64),
        unit: "MB",
        ..check("disk", Bad, "disk_reserve")
    }
}

#[allow(clippy::cast_precision_loss)] // a count that is shown
fn writer(facts: &Facts) -> Check {
    let (state, code) = match (facts.writer_healthy, facts.ticks_lost) {
        (false, _) => (Bad, "writer_refused"),
        (true, 0) => (Ok, "writer_ok"),
        (true, _) => (Attention, "writer_slow"),
    };
    Check {
        value: Some(facts.ticks_lost as f64),
        ..check("writer", state, code)
    }
}

#[allow(clippy::cast_precision_loss)] // a count that is shown
fn integrity(facts: &Facts, now: Timestamp) -> Check {
    let Some(found) = &facts.integrity else {
        return check("integrity", Ok, "integrity_not_yet");
    };
    let (state, code) = match found.damaged.len() {
        0 if now.since_ms(found.at) > EXAMINED_MS => (Attention, "integrity_old"),
        0 => (Ok, "integrity_ok"),
        _ => (Bad, "integrity_damaged"),
    };
    Check {
        value: Some(found.damaged.len() as f64),
        at: Some(found.at),
        ..check("integrity", state, code)
    }
}

fn backup(facts: &Facts) -> Check {
    let too_old = facts.backup_age_h.is_some_and(|(age, limit)| age > limit);
    let (state, code) = match (facts.backup_timetable, too_old, facts.backup_failed) {
        (false, ..) => (Attention, "backup_off"),
        (true, true, _) => (Bad, "backup_old"),
        (true, false, true) => (Attention, "backup_failed"),
        (true, false, false) if facts.backup_at.is_none() => (Attention, "backup_none"),
        (true, false, false) => (Ok, "backup_ok"),
    };
    Check {
        at: facts.backup_at,
        ..check("backup", state, code)
    }
}

fn clock(facts: &Facts) -> Check {
    match facts.clock_wrong {
        Some(Wrong::Impossible) => return check("clock", Bad, "clock_impossible"),
        Some(Wrong::Behind(at)) => {
            return Check {
                at: Some(at),
                ..check("clock", Bad, "clock_behind")
            };
        }
        None => {}
    }
    match facts.clock_synced {
        Some(true) => check("clock", Ok, "clock_ok"),
        Some(false) => check("clock", Attention, "clock_alone"),
        None => check("clock", Attention, "clock_unknown"),
    }
}

#[allow(clippy::cast_precision_loss)] // a count that is shown
fn devices(facts: &Facts) -> Check {
    let (all, silent) = facts.devices;
    let (state, code) = match (all, silent) {
        (0, _) => (Ok, "devices_none"),
        (_, 0) => (Ok, "devices_ok"),
        _ => (Attention, "devices_silent"),
    };
    let count = if silent == 0 { all } else { silent };
    Check {
        value: Some(count as f64),
        ..check("devices", state, code)
    }
}

fn memory(facts: &Facts) -> Check {
    let (state, code) = match facts.memory_mb {
        Some(used) if used >= MEMORY_MB => (Attention, "memory_high"),
        Some(_) => (Ok, "memory_ok"),
        None => (Ok, "memory_unknown"),
    };
    Check {
        value: facts.memory_mb,
        unit: "MB",
        ..check("memory", state, code)
    }
}

#[allow(clippy::cast_precision_loss)] // a count that is shown
fn files(facts: &Facts) -> Check {
    let (state, code) = match facts.files {
        Some((open, limit)) if open * 100 >= limit * FILES_PERCENT => (Attention, "files_high"),
        Some(_) => (Ok, "files_ok"),
        None => (Ok, "files_unknown"),
    };
    Check {
        value: facts.files.map(|(open, _)| open as f64),
        ..check("files", state, code)
    }
}

fn certificate(facts: &Facts, now: Timestamp) -> Check {
    let (state, code) = match facts.certificate_until.map(|until| until.since_ms(now)) {
        None => (Ok, "certificate_none"),
        Some(left) if left <= 0 => (Bad, "certificate_over"),
        Some(left) if left < CERTIFICATE_MS => (Attention, "certificate_ends"),
        Some(_) => (Ok, "certificate_ok"),
    };
    Check {
        at: facts.certificate_until,
        ..check("certificate", state, code)
    }
}

fn faults(facts: &Facts, now: Timestamp) -> Check {
    let recent = |at: &Timestamp| now.since_ms(*at) < 7 * DAY_MS;
    let (state, code) = match facts.failed_at.filter(recent) {
        None => (Ok, "faults_none"),
        Some(_) => (Attention, "faults_some"),
    };
    Check {
        at: facts.failed_at,
        ..check("faults", state, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_249_800_000);

    fn well() -> Facts {
        Facts {
            disk_used_percent: Some(20.0),
            memory_mb: Some(80.0),
            files: Some((40, 1_024)),
            writer_healthy: true,
            devices: (10, 0),
            clock_synced: Some(true),
            backup_timetable: true,
            backup_at: Some(NOW),
            backup_age_h: Some((2.0, 48.0)),
            certificate_until: Some(NOW.plus_ms(90 * DAY_MS)),
            integrity: Some(Integrity {
                at: NOW,
                damaged: Vec::new(),
                files: 3,
            }),
            ..Facts::default()
        }
    }

    fn code(facts: &Facts, key: &str) -> (CheckState, &'static str) {
        let checks = assess(facts, NOW);
        let mut keys: Vec<_> = checks.iter().map(|check| check.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), checks.len());
        let found = checks.into_iter().find(|check| check.key == key).unwrap();
        (found.state, found.code)
    }

    #[test]
    fn what_is_well_is_ok_and_each_trouble_has_its_code() {
        let checks = assess(&well(), NOW);
        assert!(checks.iter().all(|check| check.state == Ok), "{checks:?}");
        let with = |change: &dyn Fn(&mut Facts), key| {
            let mut facts = well();
            change(&mut facts);
            code(&facts, key)
        };
        let old = |facts: &mut Facts| facts.backup_age_h = Some((49.0, 48.0));
        assert_eq!(with(&old, "backup"), (Bad, "backup_old"));
        let off = |facts: &mut Facts| facts.backup_timetable = false;
        assert_eq!(with(&off, "backup"), (Attention, "backup_off"));
        let full = |facts: &mut Facts| facts.disk_used_percent = Some(95.0);
        assert_eq!(with(&full, "disk"), (Bad, "disk_full"));
        let used = |facts: &mut Facts| {
            let (held, whole) = (57 << 20, 64 << 20);
            facts.reserve = Some(Reserved { held, whole });
        };
        assert_eq!(with(&used, "disk"), (Bad, "disk_reserve"));
        let soon = |facts: &mut Facts| facts.disk_full_on = Some(NOW.plus_ms(DAY_MS));
        assert_eq!(with(&soon, "disk"), (Attention, "disk_soon"));
        let refused = |facts: &mut Facts| facts.writer_healthy = false;
        assert_eq!(with(&refused, "writer"), (Bad, "writer_refused"));
        let silent = |facts: &mut Facts| facts.devices = (10, 2);
        assert_eq!(with(&silent, "devices"), (Attention, "devices_silent"));
        let alone = |facts: &mut Facts| facts.clock_synced = Some(false);
        assert_eq!(with(&alone, "clock"), (Attention, "clock_alone"));
        let dead = |facts: &mut Facts| facts.clock_wrong = Some(Wrong::Impossible);
        assert_eq!(with(&dead, "clock"), (Bad, "clock_impossible"));
        let behind = |facts: &mut Facts| facts.clock_wrong = Some(Wrong::Behind(NOW));
        assert_eq!(with(&behind, "clock"), (Bad, "clock_behind"));
        let many = |facts: &mut Facts| facts.files = Some((820, 1_024));
        assert_eq!(with(&many, "files"), (Attention, "files_high"));
        let over = |facts: &mut Facts| facts.certificate_until = Some(NOW);
        assert_eq!(with(&over, "certificate"), (Bad, "certificate_over"));
        let damaged = |facts: &mut Facts| {
            if let Some(found) = &mut facts.integrity {
                found.damaged.push("indusmind.redb".to_owned());
            }
        };
        assert_eq!(with(&damaged, "integrity"), (Bad, "integrity_damaged"));
        let failed = |facts: &mut Facts| facts.failed_at = Some(NOW.minus_ms(DAY_MS));
        assert_eq!(with(&failed, "faults"), (Attention, "faults_some"));
    }
}

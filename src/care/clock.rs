//! Whether a time server sets the clock of the machine, and whether it can be right at all.

use crate::base::{Result, Timestamp};
use crate::store::{Store, audit};
use std::process::{Command, Stdio};

/// This program was written after it, ms since the Epoch: 1 October 2026.
const NOT_BEFORE: Timestamp = Timestamp::from_ms(1_790_812_800_000);
/// Entries of the audit log that are looked at: a start with a wrong clock writes some of its own.
const ENTRIES: usize = 200;
/// A clock that is behind by less is one that was set, ms.
const BEHIND_MS: i64 = 5 * 60_000;
/// A step ahead by more, that was taken back since, was the fault of the clock then, ms: 30 days.
const ASTRAY_MS: i64 = 30 * 86_400_000;

/// Why a clock cannot be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is before this program was written: the battery is dead.
    Impossible,
    /// It is before something that was written down already, then.
    Behind(Timestamp),
}

/// Whether the clock can be right, by what is known without a time server.
///
/// # Errors
/// When the audit log cannot be read.
pub fn wrong_clock(store: &Store, now: Timestamp) -> Result<Option<Wrong>> {
    if now < NOT_BEFORE {
        return Ok(Some(Wrong::Impossible));
    }
    let entries = audit::page(&store.read()?, None, ENTRIES)?;
    let oldest_first = entries.iter().rev().map(|entry| entry.at);
    Ok(newest_ahead(oldest_first, now).map(Wrong::Behind))
}

/// The newest instant that the clock is behind. What was written far ahead, after something that the clock
/// is not behind, was written by a clock that was wrong then and is mended: it says nothing of now.
fn newest_ahead(
    oldest_first: impl Iterator<Item = Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let (mut newest, mut was_now) = (None, false);
    for at in oldest_first {
        match at.since_ms(now) {
            ..=BEHIND_MS => was_now = true,
            ahead if was_now && ahead > ASTRAY_MS => {}
            _ => newest = newest.max(Some(at)),
        }
    }
    newest
}

/// What is known of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockState {
    /// Whether it is set by a time server; absent where nobody tells.
    pub synced: Option<bool>,
}

/// Asks the system. Takes some milliseconds: not on a thread of the runtime.
#[must_use]
pub fn clock_state() -> ClockState {
    // What systemd-timesyncd leaves when it set the clock once.
    if std::path::Path::new("/run/systemd/timesync/synchronized").exists() {
        return ClockState { synced: Some(true) };
    }
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let told = asked.ok().filter(|output| output.status.success());
    ClockState {
        synced: told.and_then(|output| read(&String::from_utf8_lossy(&output.stdout))),
    }
}

fn read(told: &str) -> Option<bool> {
    let value = told.trim().strip_prefix("NTPSynchronized=")?;
    match value {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Batch, EquipmentId, Metric, Phase, Quality, Reading, Unit};
    use crate::tsdb::{Keep, Tsdb};

    const MINUTE_MS: i64 = 60_000;
    const DAY_MS: i64 = 1_440 * MINUTE_MS;
    /// 20 November 2026, 08:00 UTC.
    const NOW: Timestamp = Timestamp::from_ms(1_795_161_600_000);

    /// Readings of an hour, ten days ago.
    fn old_readings() -> Vec<Batch> {
        let equipment = EquipmentId::new();
        let batch = |minute: i64| Batch {
            equipment,
            at: NOW.plus_ms(minute * MINUTE_MS - 10 * DAY_MS),
            arrived: NOW.plus_ms(minute * MINUTE_MS - 10 * DAY_MS),
            interval_ms: 60_000,
            readings: vec![Reading {
                metric: Metric::POWER,
                phase: Phase::Total,
                unit: Unit::new("kW").unwrap(),
                value: Some(3.0),
                quality: Quality::Good,
            }],
        };
        (0..60).map(batch).collect()
    }

    #[tokio::test]
    async fn a_clock_that_jumped_forgets_nothing_until_time_has_passed() {
        for years in [10, 1] {
            let place = tempfile::tempdir().unwrap();
            let store = Store::open(place.path(), "test").unwrap();
            let tsdb = Tsdb::open(&store).unwrap();
            tsdb.load(&old_readings()).unwrap();
            let keep = Keep {
                raw_days: Some(7),
                ..Keep::default()
            };
            tsdb.set_keep(keep, |_| Ok(())).await.unwrap();
            assert!(tsdb.forget(NOW).unwrap().is_empty());
            // Back before the Epoch of this product, and far ahead: a battery that died.
            let ahead = NOW.plus_ms(years * 365 * DAY_MS);
            for wrong in [Timestamp::from_ms(0), NOW.plus_ms(-DAY_MS), ahead] {
                assert!(tsdb.forget(wrong).unwrap().is_empty(), "{wrong:?}");
            }
            for half_hours in 1..48 {
                let later = ahead.plus_ms(half_hours * 30 * MINUTE_MS);
                assert!(tsdb.forget(later).unwrap().is_empty(), "{later:?}");
            }
            // A day that passed evenly is believed: else a clock that was mended would keep all for ever.
            let gone = tsdb.forget(ahead.plus_ms(DAY_MS)).unwrap();
            assert!(gone.contains(&"raw-2026-11".to_owned()), "{gone:?}");
        }
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_known_without_a_time_server() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path(), "test").unwrap();
        let noted = |at: Timestamp| {
            let by = audit::Actor::console();
            let put = move |tx: &crate::store::Transaction<'_>| {
                audit::append(tx, at, &by, "test.done", "test", serde_json::json!({}))
            };
            store.write_blocking(put).unwrap();
        };
        let wrong = |at: Timestamp| wrong_clock(&store, at).unwrap();
        assert_eq!(wrong(NOW), None);
        for dead in [Timestamp::from_ms(0), Timestamp::from_ms(946_684_800_000)] {
            assert_eq!(wrong(dead), Some(Wrong::Impossible));
        }
        noted(NOW);
        assert_eq!(wrong(NOW.plus_ms(-MINUTE_MS)), None);
        assert_eq!(wrong(NOW.plus_ms(-DAY_MS)), Some(Wrong::Behind(NOW)));
        // What is written meanwhile does not make it right.
        noted(NOW.plus_ms(-DAY_MS));
        assert_eq!(wrong(NOW.plus_ms(-DAY_MS)), Some(Wrong::Behind(NOW)));
        assert_eq!(wrong(NOW.plus_ms(DAY_MS)), None);
        let year = NOW.plus_ms(365 * DAY_MS);
        noted(year);
        // It went ten years ahead, or one, and was set again: it is right.
        assert_eq!(wrong(NOW.plus_ms(MINUTE_MS)), None);
        // It is so in the year after, too, and nothing from before tells the other way round.
        assert_eq!(wrong(year.plus_ms(-DAY_MS)), Some(Wrong::Behind(year)));
    }

    #[test]
    fn a_step_ahead_that_was_taken_back_tells_nothing_of_now() {
        let said = |days: &[i64], now: i64| {
            let at = |day: i64| NOW.plus_ms(day * DAY_MS);
            newest_ahead(days.iter().copied().map(at), at(now)).map(|at| at.since_ms(NOW) / DAY_MS)
        };
        assert_eq!(said(&[0, 1, 3_650, 3_651, 1, 2], 2), None);
        // Set back by a year while nothing is known from before: that is not taken for a mend.
        assert_eq!(said(&[0, 1, -364, -363], -363), Some(1));
        // A day behind, whatever came before.
        assert_eq!(said(&[-9, -5, 0, -1], -1), Some(0));
        assert_eq!(said(&[], 0), None);
    }

    #[test]
    fn what_the_system_says_is_understood() {
        assert_eq!(read("NTPSynchronized=yes\n"), Some(true));
        assert_eq!(read("NTPSynchronized=no\n"), Some(false));
        assert_eq!(read(""), None);
        // Whatever this machine says, it is no failure to ask.
        let _ = clock_state();
    }
}

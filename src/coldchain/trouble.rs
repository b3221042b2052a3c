//! *pure* — what is wrong with a cell now, in words for people and programs.

use super::calibration::Standing;
use super::cell::NewCell;
use super::follow::Follow;
use super::track::{Run, Side};
use crate::base::{Level, Metric, Timestamp};
use crate::notify::Said;

/// How far a low battery must come back, percent.
const BATTERY_BAND: f64 = 5.0;
/// The key of the alert about low batteries.
const LOW_BATTERY: &str = "LOW_BATTERY";

/// One probe, as far as it may be troubled.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// What stands before its quantities; empty for the first one.
    pub name: String,
    /// What people call it.
    pub shown: String,
    /// When it was last heard of, or began to be expected.
    pub heard_at: Timestamp,
    /// Its battery, percent.
    pub battery_percent: Option<f64>,
    /// How its certificate stands.
    pub calibration: Standing,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What makes it the same again, within the cell.
    pub key: &'static str,
    /// The word for programs.
    pub kind: &'static str,
    /// How urgent it is.
    pub level: Level,
    /// What is wrong.
    pub said: Said,
    /// What was measured.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// Unit of both.
    pub unit: &'static str,
    /// The quantity.
    pub metric: Option<Metric>,
    /// Since when.
    pub since: Timestamp,
    /// The code of what to do.
    pub advice: &'static str,
}

/// What is wrong with a cell at `now`; `stands` tells which keys stood before.
#[must_use]
pub fn troubles(
    cell: &NewCell,
    follow: &Follow,
    probes: &[Probe],
    now: Timestamp,
    stands: &dyn Fn(&str) -> bool,
) -> Vec<Trouble> {
    let mut all = Vec::new();
    for (side, limit_c, run) in follow.standing(now.ms()) {
        all.push(temperature(cell, follow, (side, limit_c, &run), now));
    }
    let longer = |since: Option<i64>, seconds: u32| {
        let since = since?;
        let known_to = follow.to?;
        (known_to - since >= i64::from(seconds) * 1_000).then(|| Timestamp::from_ms(since))
    };
    all.extend(longer(follow.dark_since, cell.power_delay_s).map(power));
    all.extend(longer(follow.open_since, cell.door_limit_s).map(|since| door(cell, since, now)));
    all.extend(silent(cell, probes, now));
    all.extend(disagreement(cell, follow, probes));
    all.extend(battery(cell, probes, now, stands(LOW_BATTERY)));
    all.extend(calibration(probes, now));
    all
}

fn temperature(
    cell: &NewCell,
    follow: &Follow,
    (side, limit_c, run): (Side, f64, &Run),
    now: Timestamp,
) -> Trouble {
    let lasts_ms = now.ms() - run.begin;
    let urgent = lasts_ms >= i64::from(cell.escalate_after_s) * 1_000;
    let (value, code) = match side {
        Side::High => (follow.seen.warmest_c, "too_warm"),
        Side::Low => (follow.seen.coldest_c, "too_cold"),
    };
    let value = value.unwrap_or(run.peak_c);
    Trouble {
        key: side.word(),
        kind: side.word(),
        level: if urgent { Level::Critical } else { Level::High },
        said: Said::of(code)
            .number("value", format!("{value:.1} °C"))
            .number("limit", format!("{limit_c:.1} °C"))
            .number("minutes", lasts_ms / 60_000)
            .number("worst", format!("{:.1} °C", run.peak_c)),
        value: Some(value),
        threshold: Some(limit_c),
        unit: "°C",
        metric: Some(Metric::TEMPERATURE),
        since: Timestamp::from_ms(run.begin),
        advice: code,
    }
}

fn power(since: Timestamp) -> Trouble {
    Trouble {
        key: "POWER_LOSS",
        kind: "POWER_LOSS",
        level: Level::Critical,
        said: Said::of("cell_power"),
        value: Some(0.0),
        threshold: None,
        unit: "",
        metric: Metric::new("power_ok").ok(),
        since,
        advice: "cell_power",
    }
}

#[allow(clippy::cast_precision_loss)] // minutes
fn door(cell: &NewCell, since: Timestamp, now: Timestamp) -> Trouble {
    let minutes = now.since_ms(since) / 60_000;
    Trouble {
        key: "DOOR_OPEN",
        kind: "DOOR_OPEN",
        level: Level::Medium,
        said: Said::of("cell_door").number("minutes", minutes),
        value: Some(minutes as f64),
        threshold: Some(f64::from(cell.door_limit_s) / 60.0),
        unit: "min",
        metric: Metric::new("door_open").ok(),
        since,
        advice: "cell_door",
    }
}

/// Probes that say nothing, in one.
fn silent(cell: &NewCell, probes: &[Probe], now: Timestamp) -> Option<Trouble> {
    let limit_ms = i64::from(cell.offline_after_s) * 1_000;
    let is_silent = |probe: &&Probe| now.since_ms(probe.heard_at) >= limit_ms;
    let silent: Vec<_> = probes.iter().filter(is_silent).collect();
    let since = silent.iter().map(|probe| probe.heard_at).min()?;
    let names: Vec<_> = silent.iter().map(|probe| probe.shown.as_str()).collect();
    let minutes = now.since_ms(since) / 60_000;
    Some(Trouble {
        key: "SENSOR_ERROR",
        kind: "SENSOR_ERROR",
        level: Level::High,
        said: Said::of("cell_silent")
            .number("minutes", minutes)
            .name("names", names.join(", ")),
        #[allow(clippy::cast_precision_loss)] // minutes
        value: Some(minutes as f64),
        threshold: Some(f64::from(cell.offline_after_s) / 60.0),
        unit: "min",
        metric: None,
        since,
        advice: "cell_silent",
    })
}

fn disagreement(cell: &NewCell, follow: &Follow, probes: &[Probe]) -> Option<Trouble> {
    let (since, difference) = (follow.disagree_since()?, follow.difference_c()?);
    let named = |place: usize| probes.get(place).map_or("?", |probe| probe.shown.as_str());
    let (warm, cold) = (named(follow.seen.ends.0), named(follow.seen.ends.1));
    Some(Trouble {
        key: "SENSOR_ERROR/disagree",
        kind: "SENSOR_ERROR",
        level: Level::Medium,
        said: Said::of("cell_disagree")
            .number("value", format!("{difference:.1} K"))
            .name("warm", warm)
            .name("cold", cold),
        value: Some(difference),
        threshold: Some(cell.disagree_c),
        unit: "K",
        metric: Some(Metric::TEMPERATURE),
        since: Timestamp::from_ms(since),
        advice: "cell_disagree",
    })
}

fn battery(cell: &NewCell, probes: &[Probe], now: Timestamp, stood: bool) -> Option<Trouble> {
    let limit = cell.battery_min_percent + if stood { BATTERY_BAND } else { 0.0 };
    let low: Vec<_> = probes
        .iter()
        .filter(|probe| probe.battery_percent.is_some_and(|percent| percent < limit))
        .collect();
    let least = low.iter().filter_map(|probe| probe.battery_percent);
    let least = least.min_by(f64::total_cmp)?;
    let names: Vec<_> = low.iter().map(|probe| probe.shown.as_str()).collect();
    Some(Trouble {
        key: LOW_BATTERY,
        kind: LOW_BATTERY,
        level: Level::Low,
        said: Said::of("cell_battery")
            .number("value", format!("{least:.0} %"))
            .name("names", names.join(", ")),
        value: Some(least),
        threshold: Some(cell.battery_min_percent),
        unit: "%",
        metric: Metric::new("battery_level").ok(),
        since: now,
        advice: "cell_battery",
    })
}

fn calibration(probes: &[Probe], now: Timestamp) -> Option<Trouble> {
    let due = |probe: &&Probe| probe.calibration == Standing::Overdue;
    let names: Vec<_> = probes
        .iter()
        .filter(due)
        .map(|p| p.shown.as_str())
        .collect();
    (!names.is_empty()).then(|| Trouble {
        key: "CALIBRATION_DUE",
        kind: "CALIBRATION_DUE",
        level: Level::Low,
        said: Said::of("cell_calibration").name("names", names.join(", ")),
        value: None,
        threshold: None,
        unit: "",
        metric: None,
        since: now,
        advice: "cell_calibration",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LocationId;
    use crate::base::time::Calendar;
    use crate::notify::{Language, said};
    use serde_json::json;

    const MINUTE: i64 = 60_000;

    fn cell() -> NewCell {
        serde_json::from_value(json!({ "location_id": LocationId::new(), "name": "Cell",
            "set_point_c": 4.0, "max_c": 8.0, "high_delay_s": 120 }))
        .unwrap()
    }

    fn probe(heard: i64, battery: f64) -> Probe {
        Probe {
            name: String::new(),
            shown: "Sensor 1".to_owned(),
            heard_at: Timestamp::from_ms(heard * MINUTE),
            battery_percent: Some(battery),
            calibration: Standing::None,
        }
    }

    fn keys(follow: &Follow, probe: Probe, minute: i64, stood: bool) -> Vec<(&'static str, Level)> {
        let now = Timestamp::from_ms(minute * MINUTE);
        let all = troubles(&cell(), follow, &[probe], now, &|_| stood);
        for one in &all {
            for language in [Language::En, Language::Fr, Language::Ar] {
                let said = one.said.write(language).unwrap_or_default();
                assert!(!said.is_empty() && !said.contains(['{', '?']), "{said}");
                assert!(said::advice(language, one.advice).is_some(), "{}", one.key);
            }
        }
        all.iter().map(|one| (one.key, one.level)).collect()
    }

    #[test]
    fn what_lasts_an_hour_is_critical_and_everything_is_named_once() {
        let (cell, calendar) = (cell(), Calendar::utc());
        let mut follow = Follow::new(&cell, 1, 2 * MINUTE);
        for minute in 0..=60 {
            let values = [Some(9.0), Some(1.0), Some(0.0)];
            follow.take(&cell, &calendar, minute * MINUTE, &values);
            if minute == 30 {
                let found = keys(&follow, probe(30, 50.0), 30, false);
                let all = [
                    ("HIGH_TEMP", Level::High),
                    ("POWER_LOSS", Level::Critical),
                    ("DOOR_OPEN", Level::Medium),
                ];
                assert_eq!(found, all);
            }
        }
        let found = keys(&follow, probe(50, 19.0), 60, false);
        assert_eq!(found[0], ("HIGH_TEMP", Level::Critical));
        assert_eq!(
            found[3..],
            [("SENSOR_ERROR", Level::High), (LOW_BATTERY, Level::Low)]
        );
    }

    #[test]
    fn a_battery_comes_back_by_a_band_and_a_certificate_is_asked_for() {
        let follow = Follow::new(&cell(), 1, 2 * MINUTE);
        assert!(keys(&follow, probe(0, 21.0), 1, false).is_empty());
        assert_eq!(
            keys(&follow, probe(0, 21.0), 1, true),
            [(LOW_BATTERY, Level::Low)]
        );
        assert!(keys(&follow, probe(0, 25.0), 1, true).is_empty());
        let due = Probe {
            calibration: Standing::Overdue,
            ..probe(0, 90.0)
        };
        assert_eq!(
            keys(&follow, due, 1, false),
            [("CALIBRATION_DUE", Level::Low)]
        );
    }
}

//! *pure* — a rule over rows of the past.

use super::condition::Condition;
use super::evaluate::Memory;
use super::probe::Probe;
use super::rule::Rule;
use crate::base::Timestamp;
use crate::base::time::Calendar;
use crate::live::fresh_for_ms;

const MINUTE_MS: i64 = 60_000;
/// Alerts of ten minutes beyond which EEMUA 191 speaks of a flood.
const FLOOD: usize = 10;

/// Values of the series that a rule follows, at one instant.
pub(super) struct Row {
    pub(super) at: i64,
    pub(super) values: Vec<Option<f64>>,
    /// How often they come, ms.
    pub(super) interval_ms: i64,
}

/// The alerts that a rule would have made of these rows.
pub(super) fn replay(rule: &Rule, rows: &[Row], calendar: &Calendar) -> Vec<(i64, Option<i64>)> {
    let (mut probe, mut memory) = (Probe::of(&rule.condition), Memory::of(rule));
    let mut episodes: Vec<(i64, Option<i64>)> = Vec::new();
    let mut note = |grades: Vec<(usize, i64)>| {
        for (grade, at) in grades {
            match (grade, episodes.last_mut()) {
                (0, Some(last)) if last.1.is_none() => last.1 = Some(at),
                (0, _) | (_, Some((_, None))) => {}
                _ => episodes.push((at, None)),
            }
        }
    };
    let silent_ms = match rule.condition {
        Condition::NoData { silent_s } => Some(i64::from(silent_s) * 1_000),
        _ => None,
    };
    let mut heard: Option<i64> = None;
    for row in rows {
        let fresh = u32::try_from(row.interval_ms).map_or(i64::MAX, fresh_for_ms);
        let until = row.at.saturating_add(fresh);
        if let Some(limit) = silent_ms {
            #[allow(clippy::cast_precision_loss)] // a week at most
            let silent_s = limit as f64 / 1_000.0;
            if let Some(last) = heard.filter(|last| row.at - last >= limit) {
                note(
                    memory
                        .take(rule, silent_s, last + limit, i64::MAX, true)
                        .grades,
                );
            }
            note(memory.take(rule, 0.0, row.at, i64::MAX, true).grades);
            heard = Some(row.at);
            continue;
        }
        let in_force = rule
            .schedule
            .as_ref()
            .is_none_or(|schedule| schedule.holds(calendar, Timestamp::from_ms(row.at)));
        let mut measure = None;
        for (place, value) in row.values.iter().enumerate() {
            if let Some(value) = value {
                measure = probe.take(rule, place, row.at, *value, until).or(measure);
            }
        }
        if let Some(measure) = measure {
            note(memory.take(rule, measure, row.at, until, in_force).grades);
        }
    }
    episodes
}

/// How often three began within a minute, and how many came in floods.
pub(super) fn bursts(episodes: &[(i64, Option<i64>)]) -> (usize, usize) {
    let starts: Vec<i64> = episodes.iter().map(|(from, _)| *from).collect();
    let chatter = starts
        .windows(3)
        .filter(|three| three[2] - three[0] <= MINUTE_MS)
        .count();
    let mut flooded = 0;
    let mut bins: std::collections::BTreeMap<i64, usize> = std::collections::BTreeMap::new();
    for start in &starts {
        *bins.entry(start.div_euclid(10 * MINUTE_MS)).or_default() += 1;
    }
    for count in bins.into_values().filter(|count| *count > FLOOD) {
        flooded += count;
    }
    (chatter, flooded)
}

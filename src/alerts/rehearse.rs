//! Rehearsal: what a rule would have done in the last weeks, before it is saved.
//!
//! Bounded: a number of points is read at most, first as they were stored and then by the minute;
//! between two days it is looked whether anybody still waits for the answer.

use super::replay::{Row, bursts, replay};
use super::rule::{NewRule, Rule};
use super::service::Alerts;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::tsdb::{Query, Resolution, SeriesId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// Days that a rehearsal may look back.
const DAYS_MAX: u32 = 90;
/// Stored points that one rehearsal reads before it goes on by the minute.
const POINTS_MAX: usize = 600_000;
/// Points of one day that are read as they are stored.
const DAY_POINTS_MAX: usize = 90_000;
/// Alerts of the rehearsal that are listed.
const EPISODES_MAX: usize = 50;
/// Dead bands, as shares of the limit, and delays, s, that are tried for the suggestion.
const BANDS: [f64; 4] = [0.0, 0.01, 0.02, 0.05];
const DELAYS_S: [u32; 6] = [0, 10, 30, 60, 120, 300];

/// What is asked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertRehearse)]
pub struct Rehearse {
    /// The rule, as it would be made.
    pub rule: NewRule,
    /// How many days back, 1 to 90.
    #[serde(default = "month")]
    pub days: u32,
}

const fn month() -> u32 {
    30
}

/// An alert that would have been.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RehearsedAlert)]
pub struct Episode {
    /// When it would have begun.
    pub from: Timestamp,
    /// When it would have ended; absent when it would still stand.
    pub to: Option<Timestamp>,
}

/// What the rule would do with another dead band and delay.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RehearsalTry)]
pub struct Try {
    /// Dead band, in the unit of the value.
    pub dead_band: f64,
    /// On-delay, s.
    pub on_delay_s: u32,
    /// Alerts.
    pub alerts: usize,
    /// Times that three came within a minute.
    pub chatter: usize,
}

/// What the rule would have done.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertRehearsal)]
pub struct Rehearsal {
    /// From here.
    pub from: Timestamp,
    /// To here.
    pub to: Timestamp,
    /// Points that were looked at.
    pub points: usize,
    /// Days that were looked at by the minute, because they hold too many points.
    pub days_by_minute: u32,
    /// Share of the time of which anything is known, 0 to 1.
    pub coverage: f64,
    /// Alerts that there would have been.
    pub alerts: usize,
    /// Mean of a day.
    pub per_day: f64,
    /// How long it would have been active in all, s.
    pub active_s: f64,
    /// The longest alert, s.
    pub longest_s: f64,
    /// Half of the alerts would have been no longer, s.
    pub median_s: f64,
    /// Times that three came within a minute.
    pub chatter: usize,
    /// Share of the alerts that came in floods, more than ten in ten minutes, 0 to 1.
    pub flood_share: f64,
    /// The last alerts, newest first, fifty at most.
    pub episodes: Vec<Episode>,
    /// Other dead bands and delays, and what they would do.
    pub tries: Vec<Try>,
    /// The gentlest of them that makes no chatter and at most one alert a day; absent when the rule
    /// is well as it is, or none of them helps.
    pub suggested: Option<Try>,
}

impl Alerts {
    /// Replays a rule. Reads the disk for a while: call it outside the runtime's own threads, and
    /// cancel `stop` when nobody waits any more.
    ///
    /// # Errors
    /// Every refused field; equipment without such readings; a file that cannot be read.
    pub fn rehearse(
        &self,
        site: &str,
        asked: Rehearse,
        stop: &CancellationToken,
    ) -> Result<Rehearsal> {
        if !(1..=DAYS_MAX).contains(&asked.days) {
            return Err(Error::invalid("days", "1 to 90 days."));
        }
        let rule = self.drafted(asked.rule, site)?;
        let now = self.clock.now();
        let days = i64::from(asked.days);
        let range = TimeRange::new(now.minus_ms(days * DAY_MS), now)?;
        let calendar = self
            .sites
            .by_key(site)
            .map_or_else(Calendar::utc, |s| s.calendar());
        let series = self.series_of(&rule)?;
        let (rows, days_by_minute) = self.rows(&rule, &series, range, stop)?;
        Ok(judge(&rule, &rows, range, days_by_minute, &calendar))
    }

    fn series_of(&self, rule: &Rule) -> Result<Vec<SeriesId>> {
        let followed = rule.condition.followed();
        if followed.is_empty() {
            // Silence shows in any of its series.
            let all = self.tsdb.series_of(rule.equipment_id);
            let first = all.first().map(|(id, _)| *id);
            return first.map(|id| vec![id]).ok_or_else(never_read);
        }
        let find = |(of, metric, phase): (Option<EquipmentId>, Metric, Phase)| {
            let id = of.unwrap_or(rule.equipment_id);
            self.tsdb.find(id, &metric, phase).ok_or_else(never_read)
        };
        followed.into_iter().map(find).collect()
    }

    fn rows(
        &self,
        rule: &Rule,
        series: &[SeriesId],
        range: TimeRange,
        stop: &CancellationToken,
    ) -> Result<(Vec<Row>, u32)> {
        let (mut rows, mut by_minute) = (Vec::new(), 0);
        let mut from = range.from;
        while from < range.to {
            if stop.is_cancelled() {
                return Err(Error::unavailable(
                    "Nobody waits for the rehearsal any more.",
                ));
            }
            let to = from.plus_ms(DAY_MS).min(range.to);
            let day = TimeRange { from, to };
            let room = rows.len() < POINTS_MAX;
            let points = room.then(|| self.tsdb.raw_up_to(series, day, DAY_POINTS_MAX));
            match points {
                Some(Ok(points)) if !points.is_empty() => {
                    let row = |point: crate::tsdb::Point| Row {
                        at: point.at.ms(),
                        values: point.values,
                        interval_ms: 0,
                    };
                    rows.extend(points.into_iter().map(row));
                }
                _ => {
                    let minutes = self.minutes(rule, series, day)?;
                    by_minute += u32::from(!minutes.is_empty());
                    rows.extend(minutes);
                }
            }
            from = to;
        }
        space(&mut rows);
        Ok((rows, by_minute))
    }

    /// A day by the minute: of each the value that the rule would mind most.
    fn minutes(&self, rule: &Rule, series: &[SeriesId], day: TimeRange) -> Result<Vec<Row>> {
        let query = Query {
            series: series.to_vec(),
            range: day,
            resolution: Resolution::Buckets(BucketSize::Fixed(MINUTE_MS)),
            calendar: Calendar::utc(),
        };
        let comparison = rule.condition.comparison();
        let mut rows = Vec::new();
        for bucket in self.tsdb.buckets(&query)?.iter() {
            let pick = |summary: &Option<crate::tsdb::rollup::Summary>| {
                let summary = summary.as_ref()?;
                Some(match comparison {
                    Some((operator, _)) if operator.is_upward() => summary.max,
                    Some((operator, _)) if operator.is_downward() => summary.min,
                    _ => summary.mean(),
                })
            };
            let values: Vec<_> = bucket.columns.iter().map(pick).collect();
            if values.iter().any(Option::is_some) {
                rows.push(Row {
                    at: bucket.start.ms(),
                    values,
                    interval_ms: MINUTE_MS,
                });
            }
        }
        Ok(rows)
    }
}

fn never_read() -> Error {
    let sentence = "Nothing of this was ever read there: there is nothing to rehearse with.";
    Error::invalid("rule", sentence)
}

/// Notes how far apart the points are: the usual distance of stored ones is their interval.
fn space(rows: &mut [Row]) {
    let mut steps: Vec<i64> = rows
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    let middle = steps.len() / 2;
    let usual = match steps.is_empty() {
        true => MINUTE_MS,
        false => *steps.select_nth_unstable(middle).1,
    };
    for row in rows.iter_mut().filter(|row| row.interval_ms == 0) {
        row.interval_ms = usual;
    }
}

#[allow(clippy::cast_precision_loss)] // counts, and times of 90 days in ms
fn judge(
    rule: &Rule,
    rows: &[Row],
    range: TimeRange,
    days_by_minute: u32,
    calendar: &Calendar,
) -> Rehearsal {
    let episodes = replay(rule, rows, calendar);
    let seconds = |(from, to): &(i64, Option<i64>)| {
        (to.unwrap_or(range.to.ms()) - from).max(0) as f64 / 1_000.0
    };
    let mut lengths: Vec<f64> = episodes.iter().map(seconds).collect();
    lengths.sort_by(f64::total_cmp);
    let (chatter, flooded) = bursts(&episodes);
    let known: i64 = rows.iter().map(|row| row.interval_ms).sum();
    let days = range.length_ms() as f64 / DAY_MS as f64;
    let show = |(from, to): &(i64, Option<i64>)| Episode {
        from: Timestamp::from_ms(*from),
        to: to.map(Timestamp::from_ms),
    };
    let (tries, suggested) = tries(rule, rows, calendar, (episodes.len(), chatter), days);
    Rehearsal {
        from: range.from,
        to: range.to,
        points: rows.len(),
        days_by_minute,
        coverage: (known as f64 / range.length_ms() as f64).min(1.0),
        alerts: episodes.len(),
        per_day: episodes.len() as f64 / days,
        active_s: lengths.iter().sum(),
        longest_s: lengths.last().copied().unwrap_or(0.0),
        median_s: lengths.get(lengths.len() / 2).copied().unwrap_or(0.0),
        chatter,
        flood_share: flooded as f64 / episodes.len().max(1) as f64,
        episodes: episodes.iter().rev().take(EPISODES_MAX).map(show).collect(),
        tries,
        suggested,
    }
}

/// What other dead bands and delays would do; only where there is something to gain.
#[allow(clippy::cast_precision_loss)] // counts
fn tries(
    rule: &Rule,
    rows: &[Row],
    calendar: &Calendar,
    (alerts, chatter): (usize, usize),
    days: f64,
) -> (Vec<Try>, Option<Try>) {
    let is_well = |alerts: usize, chatter: usize| chatter == 0 && alerts as f64 <= days;
    let limit = rule.condition.comparison().map(|(_, limit)| limit.abs());
    let Some(limit) = limit.filter(|_| !is_well(alerts, chatter)) else {
        return (Vec::new(), None);
    };
    let mut tries = Vec::new();
    for band in BANDS {
        for on_delay_s in DELAYS_S {
            let dead_band = rule.dead_band.max(limit * band);
            let on_delay_s = rule.on_delay_s.max(on_delay_s);
            let seen =
                |t: &Try| t.on_delay_s == on_delay_s && (t.dead_band - dead_band).abs() <= 0.0;
            if tries.iter().any(seen) {
                continue;
            }
            let other = Rule {
                dead_band,
                on_delay_s,
                ..rule.clone()
            };
            let episodes = replay(&other, rows, calendar);
            tries.push(Try {
                dead_band,
                on_delay_s,
                alerts: episodes.len(),
                chatter: bursts(&episodes).0,
            });
        }
    }
    let gentlest = tries.iter().filter(|t| is_well(t.alerts, t.chatter));
    let suggested = gentlest.min_by(|a, b| {
        let by_delay = a.on_delay_s.cmp(&b.on_delay_s);
        by_delay.then(a.dead_band.total_cmp(&b.dead_band))
    });
    let suggested = suggested.cloned();
    (tries, suggested)
}

#[cfg(test)]
#[path = "rehearse_tests.rs"]
mod tests;

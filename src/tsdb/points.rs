//! Raw points: every stored tick, as it was measured and corrected.

use super::hours::Fresh;
use super::pack;
use super::query::{POINTS_MAX, by_device, too_many};
use super::track::Track;
use super::{DAY_MS, SeriesId, Tsdb};
use crate::base::{Result, TimeRange, Timestamp};

/// One stored tick: a column per series, `None` where it is missing or not to be believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When the values were true.
    pub at: Timestamp,
    /// The values.
    pub values: Vec<Option<f64>>,
}

impl Tsdb {
    /// Every stored tick of a range in which one of the series was asked for, in order of time.
    ///
    /// # Errors
    /// When the files cannot be read, or the answer would have too many points.
    pub fn raw(&self, series: &[SeriesId], range: TimeRange) -> Result<Vec<Point>> {
        self.raw_up_to(series, range, POINTS_MAX)
    }

    /// As [`Tsdb::raw`] with up to `max` points: for files, which nobody draws.
    ///
    /// # Errors
    /// As [`Tsdb::raw`].
    pub fn raw_up_to(
        &self,
        series: &[SeriesId],
        range: TimeRange,
        max: usize,
    ) -> Result<Vec<Point>> {
        let state = self.state();
        let devices = by_device(&state, series);
        let mut points: Vec<Point> = Vec::new();
        let (mut from, to) = (range.from.ms().max(0), range.to.ms());
        while from < to {
            let end = to.min((from.div_euclid(DAY_MS) + 1) * DAY_MS);
            let before = points.len();
            for (device, wanted) in &devices {
                let fresh = self.fresh(*device, wanted, end);
                let look = self.blocks.look();
                let desk = self.desk(&look, &state, *device, &fresh);
                let tracks = desk.corrected(wanted, from, end)?;
                push_points(&mut points, &tracks, series);
            }
            if devices.len() > 1 {
                join_points(&mut points, before);
            }
            if points.len() > max {
                return Err(too_many());
            }
            from = end;
        }
        Ok(points)
    }
}

/// Adds the ticks of one device, in order of time; `series` are the columns of the points.
fn push_points(points: &mut Vec<Point>, tracks: &Fresh, series: &[SeriesId]) {
    let mut cursors: Vec<(&Track, Vec<usize>, usize)> = tracks
        .iter()
        .map(|(id, track)| {
            let places = (0..series.len()).filter(|n| series[*n] == *id);
            (track, places.collect(), 0)
        })
        .collect();
    while let Some(at) = cursors.iter().filter_map(|(t, _, n)| t.at.get(*n)).min() {
        let at = *at;
        let mut values = vec![None; series.len()];
        for (track, places, n) in &mut cursors {
            if track.at.get(*n) != Some(&at) {
                continue;
            }
            let value = match track.state[*n] {
                pack::State::Value(quality) if quality.counts() => track.value(*n),
                _ => None,
            };
            places.iter().for_each(|place| values[*place] = value);
            *n += 1;
        }
        points.push(Point {
            at: Timestamp::from_ms(at),
            values,
        });
    }
}

/// Sorts the points from `before` on by time and joins those of the same instant.
fn join_points(points: &mut Vec<Point>, before: usize) {
    let mut fresh = points.split_off(before);
    fresh.sort_by_key(|point| point.at);
    for point in fresh {
        match points.get_mut(before..).and_then(<[Point]>::last_mut) {
            Some(last) if last.at == point.at => {
                for (old, new) in last.values.iter_mut().zip(point.values) {
                    *old = old.or(new);
                }
            }
            _ => points.push(point),
        }
    }
}

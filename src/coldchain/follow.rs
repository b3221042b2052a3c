//! *pure* — a cell over time, from what its probes say to what was wrong.
//!
//! The same code follows what comes in and what is looked up again when something came late, so
//! that both tell the same of the same readings.

use super::cell::NewCell;
use super::track::{Look, Rule, Run, Side, Track};
use crate::base::Timestamp;
use crate::base::time::Calendar;

/// Quantities of one probe, in the order of its columns.
pub const COLUMNS: [&str; 3] = ["temperature", "door_open", "power_ok"];
/// Probes that differ have to differ for this long, ms: air is stirred slowly.
const DISAGREE_MS: i64 = 30 * 60_000;

/// What is known of a cell at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// The warmest probe, °C.
    pub warmest_c: Option<f64>,
    /// The coldest probe, °C.
    pub coldest_c: Option<f64>,
    /// Which probe is the warmest, and which the coldest.
    pub ends: (usize, usize),
    /// Whether the door is open.
    pub door_open: Option<bool>,
    /// Whether there is power.
    pub power_ok: Option<bool>,
}

/// An excursion that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Which limit.
    pub side: Side,
    /// What it was.
    pub run: Run,
    /// The first value that was well again, ms.
    pub end: i64,
}

/// A cell followed over time.
#[derive(Clone, Debug)]
pub struct Follow {
    hold_ms: i64,
    /// The last value of each column, and when.
    columns: Vec<Option<(i64, f64)>>,
    tracks: Vec<(Rule, Track)>,
    /// The instant of the newest values, ms.
    pub to: Option<i64>,
    /// What was seen last.
    pub seen: Seen,
    /// Since when the door is open, ms.
    pub open_since: Option<i64>,
    /// When it was last opened, ms.
    opened_at: Option<i64>,
    /// How often it was opened.
    pub openings: u32,
    /// Time it was open, ms.
    pub open_ms: i64,
    /// Since when there is no power, ms.
    pub dark_since: Option<i64>,
    /// Since when the probes differ, ms.
    differ_since: Option<i64>,
}

impl Follow {
    /// A cell with so many probes, of which nothing is known yet.
    #[must_use]
    pub fn new(cell: &NewCell, probes: usize, hold_ms: i64) -> Self {
        let tracks = cell.rules().into_iter();
        Self {
            hold_ms,
            columns: vec![None; probes * COLUMNS.len()],
            tracks: tracks.map(|rule| (rule, Track::default())).collect(),
            to: None,
            seen: Seen::default(),
            open_since: None,
            opened_at: None,
            openings: 0,
            open_ms: 0,
            dark_since: None,
            differ_since: None,
        }
    }

    /// Takes the values of one instant, corrected; gives back what ended with them.
    pub fn take(
        &mut self,
        cell: &NewCell,
        calendar: &Calendar,
        at: i64,
        values: &[Option<f64>],
    ) -> Vec<Ended> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            if let Some(value) = value {
                *column = Some((at, *value));
            }
        }
        let before = self.to.replace(at);
        self.seen = self.look(at);
        self.follow_door(before, at);
        self.dark_since = match self.seen.power_ok {
            Some(false) => self.dark_since.or(Some(at)),
            Some(true) => None,
            None => self.dark_since,
        };
        let differ = self.difference_c().is_some_and(|k| k > cell.disagree_c);
        self.differ_since = differ.then(|| self.differ_since.unwrap_or(at));
        let grace_ms = i64::from(cell.door_grace_s) * 1_000;
        let door = self.opened_at.is_some_and(|opened| at - opened < grace_ms);
        let defrost = cell.is_defrosting(calendar, Timestamp::from_ms(at), true);
        let mut ended = Vec::new();
        for (rule, track) in &mut self.tracks {
            let value_c = match rule.side {
                Side::High => self.seen.warmest_c,
                Side::Low => self.seen.coldest_c,
            };
            let look = Look {
                at,
                value_c,
                door,
                defrost,
            };
            let side = rule.side;
            let over = track.take(rule, look, self.hold_ms);
            ended.extend(over.map(|(run, end)| Ended { side, run, end }));
        }
        ended
    }

    /// What the columns say at an instant, each for as long as it stands.
    fn look(&self, at: i64) -> Seen {
        let mut seen = Seen::default();
        for (probe, columns) in self.columns.chunks(COLUMNS.len()).enumerate() {
            let fresh = |n: usize| {
                let (of, value) = columns.get(n).copied().flatten()?;
                (at - of <= self.hold_ms).then_some(value)
            };
            if let Some(value) = fresh(0) {
                if seen.warmest_c.is_none_or(|warmest| value > warmest) {
                    seen.warmest_c = Some(value);
                    seen.ends.0 = probe;
                }
                if seen.coldest_c.is_none_or(|coldest| value < coldest) {
                    seen.coldest_c = Some(value);
                    seen.ends.1 = probe;
                }
            }
            if let Some(value) = fresh(1) {
                seen.door_open = Some(seen.door_open.unwrap_or(false) || value > 0.5);
            }
            if let Some(value) = fresh(2) {
                seen.power_ok = Some(seen.power_ok.unwrap_or(true) && value > 0.5);
            }
        }
        seen
    }

    fn follow_door(&mut self, before: Option<i64>, at: i64) {
        if let (Some(_), Some(before)) = (self.open_since, before) {
            self.open_ms += (at - before).min(self.hold_ms);
        }
        match self.seen.door_open {
            Some(true) if self.open_since.is_none() => {
                (self.open_since, self.opened_at) = (Some(at), Some(at));
                self.openings += 1;
            }
            Some(true) => {}
            // Of a door of which nothing is known it is not said that it is open.
            Some(false) | None => self.open_since = None,
        }
    }

    /// How far the probes differ, K; absent with one probe.
    #[must_use]
    pub fn difference_c(&self) -> Option<f64> {
        let seen = &self.seen;
        (seen.ends.0 != seen.ends.1).then_some(seen.warmest_c? - seen.coldest_c?)
    }

    /// Since when the probes disagree, ms; for long enough to say so.
    #[must_use]
    pub fn disagree_since(&self) -> Option<i64> {
        let (since, to) = (self.differ_since?, self.to?);
        (to - since >= DISAGREE_MS).then_some(since)
    }

    /// Excursions that stand at `now`, as far as they are known.
    #[must_use]
    pub fn standing(&self, now: i64) -> Vec<(Side, f64, Run)> {
        let stands = |(rule, track): &(Rule, Track)| {
            let run = track.standing(rule, now, self.hold_ms)?;
            Some((rule.side, rule.limit_c, run))
        };
        self.tracks.iter().filter_map(stands).collect()
    }

    /// Whether what is seen is back beyond the dead band of every limit, or nothing is seen.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let well = |(rule, track): &(Rule, Track)| {
            let value_c = match rule.side {
                Side::High => self.seen.warmest_c,
                Side::Low => self.seen.coldest_c,
            };
            let beyond = value_c.map(|value_c| rule.side.beyond(value_c, rule.limit_c));
            track.run.is_none() && beyond.is_none_or(|beyond| beyond <= -rule.dead_band_c)
        };
        self.tracks.iter().all(well)
    }

    /// The limit of a side, °C.
    #[must_use]
    pub fn limit_c(&self, side: Side) -> Option<f64> {
        let of = |(rule, _): &&(Rule, Track)| rule.side == side;
        self.tracks.iter().find(of).map(|(rule, _)| rule.limit_c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LocationId;
    use serde_json::json;

    const MINUTE: i64 = 60_000;

    fn cell() -> NewCell {
        serde_json::from_value(json!({ "location_id": LocationId::new(), "name": "Cell",
            "set_point_c": 4.0, "max_c": 8.0, "min_c": 1.0, "high_delay_s": 180,
            "door_grace_s": 300, "disagree_c": 2.0 }))
        .unwrap()
    }

    /// Follows minutes of values; what ended.
    fn minutes(follow: &mut Follow, from: i64, values: &[&[Option<f64>]]) -> Vec<Ended> {
        let (cell, calendar) = (cell(), Calendar::utc());
        let all = (from..).zip(values);
        all.flat_map(|(n, values)| follow.take(&cell, &calendar, n * MINUTE, values))
            .collect()
    }

    #[test]
    fn the_warmest_probe_counts_and_one_that_is_silent_is_left_out() {
        let mut follow = Follow::new(&cell(), 2, 2 * MINUTE);
        let both: &[Option<f64>] = &[Some(4.0), None, None, Some(9.0), None, None];
        let first: &[Option<f64>] = &[Some(4.0), None, None, None, None, None];
        minutes(&mut follow, 0, &[both, both]);
        assert_eq!(
            (follow.seen.warmest_c, follow.seen.ends),
            (Some(9.0), (1, 0))
        );
        assert_eq!(follow.difference_c(), Some(5.0));
        minutes(&mut follow, 2, &[first, first]);
        assert_eq!(
            follow.seen.warmest_c,
            Some(9.0),
            "it stands for two intervals"
        );
        let ended = minutes(&mut follow, 4, &[first]);
        assert_eq!(follow.seen.warmest_c, Some(4.0));
        // Four minutes are known of, one of them by nobody: the delay of three is over.
        assert_eq!((ended[0].run.begin, ended[0].end), (0, 4 * MINUTE));
    }

    #[test]
    fn doors_are_counted_and_excuse_for_a_while() {
        let mut follow = Follow::new(&cell(), 1, 2 * MINUTE);
        let value =
            |temperature, open: bool| [Some(temperature), Some(f64::from(u8::from(open))), None];
        let closed = value(5.0, false);
        let open = value(9.0, true);
        let warm = value(9.0, false);
        let list: Vec<&[Option<f64>]> = vec![&closed, &open, &open, &warm, &warm, &warm, &warm];
        assert!(minutes(&mut follow, 0, &list).is_empty());
        assert_eq!(
            (follow.openings, follow.open_ms, follow.open_since),
            (1, 2 * MINUTE, None)
        );
        assert!(
            follow.standing(6 * MINUTE).is_empty(),
            "five minutes are excused"
        );
        minutes(&mut follow, 7, &[&warm, &warm, &warm]);
        let standing = follow.standing(9 * MINUTE);
        assert_eq!(standing[0].2.counts_at, Some(9 * MINUTE));
        assert_eq!(standing[0].2.begin, MINUTE);
    }

    #[test]
    fn power_and_disagreement_have_a_beginning() {
        let mut follow = Follow::new(&cell(), 2, 2 * MINUTE);
        let apart: &[Option<f64>] = &[Some(4.0), None, Some(0.0), Some(7.0), None, None];
        minutes(&mut follow, 0, &vec![apart; 30]);
        assert_eq!(
            (follow.dark_since, follow.disagree_since()),
            (Some(0), None)
        );
        minutes(&mut follow, 30, &[apart]);
        assert_eq!(follow.disagree_since(), Some(0));
        minutes(
            &mut follow,
            31,
            &[&[Some(4.0), None, Some(1.0), Some(4.5), None, None]],
        );
        assert_eq!((follow.dark_since, follow.disagree_since()), (None, None));
    }
}

//! *pure* — the beat of the utility's demand windows, learnt from the pulses of its meter.
//!
//! A meter of the utility gives a pulse at the end of each of its windows; its clock is not the
//! site's. A single pulse is late, lost or doubled, its clock is steady: so what is learnt is by how
//! much its windows lie off those of the clock. A pulse that fits changes nothing, two that fit each
//! other and not the beat move it, and where one is missing the windows go on in the beat.

use super::beat_cut::Grid;
use crate::base::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long windows go on in the beat of a pulse that is not heard any more, ms: a clock that is
/// 50 millionths wrong is off by half a minute then.
pub const HOLD_MS: i64 = 7 * 86_400_000;
/// Most changes that are kept of a site: years of a beat that moves every day.
const CHANGES_MAX: usize = 2_000;
/// Pulses this many windows apart still tell the same beat: those between were missed.
const WINDOWS_APART_MAX: i64 = 4;
/// What a reading may come later than its own beat, ms.
const JITTER_MS: i64 = 2_000;
/// The input is looked at a few times a minute, ms: by then a look has taken a reading in.
const LOOK_MS: i64 = 60_000;

/// What the demand windows of a site follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DemandFollows)]
pub enum Follows {
    /// The clock of the site.
    #[default]
    Clock,
    /// The pulse of the utility.
    Pulse,
    /// The beat of the last pulses: the pulse that was due is missing.
    Held,
}

/// From when on windows follow what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// From when on.
    pub at: Timestamp,
    /// What they follow.
    pub follows: Follows,
    /// By how much they begin after those of the clock, ms; below zero before them.
    pub offset_ms: i64,
}

/// What was learnt of the pulses of a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// In the order of time; before the first one, windows follow the clock.
    pub changes: Vec<Change>,
    /// The last edge at which a pulse was heard.
    pub heard: Option<Timestamp>,
    /// How much later than its pulse an edge of the beat may lie, ms: as long as the input was not
    /// read in between.
    #[serde(default)]
    near_ms: i64,
    /// A pulse that does not fit the beat.
    odd: Option<Timestamp>,
    /// The last reading of the input that counts pulses: when, and what it said.
    last: Option<(Timestamp, f64)>,
}

impl Beat {
    /// Up to when readings were taken in.
    #[must_use]
    pub fn seen(&self) -> Option<Timestamp> {
        self.last.map(|(at, _)| at)
    }

    /// Whether more was learnt than that the input still says the same.
    #[must_use]
    pub fn differs(&self, later: &Self) -> bool {
        (&self.changes, self.heard, self.odd) != (&later.changes, later.heard, later.odd)
    }

    /// What windows follow at an instant.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Change {
        let until = self.changes.partition_point(|change| change.at <= at);
        let clock = Change {
            at: Timestamp::from_ms(i64::MIN),
            follows: Follows::Clock,
            offset_ms: 0,
        };
        until.checked_sub(1).map_or(clock, |n| self.changes[n])
    }

    fn now(&self) -> Option<Change> {
        let last = self.changes.last().copied();
        last.filter(|change| change.follows != Follows::Clock)
    }

    /// Takes a reading of the input in: an input that goes on, or a counter that grows, is a pulse;
    /// one that falls is none.
    pub fn read(&mut self, at: Timestamp, value: f64, grid: Grid<'_>) {
        if self.seen().is_some_and(|seen| at <= seen) {
            return;
        }
        if let Some((before, last)) = self.last.replace((at, value))
            && value > last
        {
            self.pulse(at, at.since_ms(before) + JITTER_MS, grid);
        }
    }

    /// A pulse, heard up to so many ms after it was given.
    fn pulse(&mut self, at: Timestamp, slack_ms: i64, grid: Grid<'_>) {
        if slack_ms > grid.tolerance_ms() {
            // It was not looked for a while: somewhere in between there was a pulse.
            return;
        }
        if let Some(change) = self.now() {
            let edge = grid.nearest(at, change.offset_ms);
            let off_ms = at.since_ms(edge).abs();
            if off_ms <= slack_ms || off_ms <= self.near_ms {
                self.odd = None;
                if self.heard < Some(edge) {
                    // What is read more often than before tells the same edge more exactly.
                    let is_finer = off_ms > slack_ms;
                    let offset_ms = if is_finer {
                        grid.offset_of(at)
                    } else {
                        change.offset_ms
                    };
                    let edge = if is_finer { at } else { edge };
                    self.near_ms = if is_finer { slack_ms } else { self.near_ms };
                    self.heard = Some(edge);
                    self.note(Change {
                        at: edge,
                        follows: Follows::Pulse,
                        offset_ms,
                    });
                }
                return;
            }
            if off_ms <= grid.tolerance_ms() {
                // Not missing, and yet not where it should be: the next one tells.
                self.heard = self.heard.max(Some(edge));
            }
        }
        match self.odd {
            // Of pulses that follow each other quickly the first one counts.
            Some(odd) if at.since_ms(odd) < grid.window_ms / 2 => {}
            Some(odd) if is_whole(at.since_ms(odd), slack_ms, grid.window_ms) => {
                let offset_ms = grid.offset_of(at);
                self.odd = None;
                self.heard = Some(at);
                self.near_ms = slack_ms;
                self.note(Change {
                    at: grid.nearest(odd, offset_ms),
                    follows: Follows::Pulse,
                    offset_ms,
                });
            }
            _ => self.odd = Some(at),
        }
    }

    /// Up to when no pulse that is heard from `now` on changes where windows end: one that is due may
    /// still come, and one that does not fit the beat may be the first of another.
    #[must_use]
    pub fn told_until(&self, now: Timestamp, grid: Grid<'_>) -> Timestamp {
        let due = now.minus_ms(grid.tolerance_ms() + LOOK_MS);
        let waits_ms = WINDOWS_APART_MAX * grid.window_ms + grid.tolerance_ms() + LOOK_MS;
        let odd = self.odd.filter(|odd| now.since_ms(*odd) <= waits_ms);
        odd.map_or(due, |odd| due.min(odd.minus_ms(grid.tolerance_ms())))
    }

    /// Whether a pulse tells where windows end, or may begin to.
    #[must_use]
    pub fn is_heard(&self, now: Timestamp) -> bool {
        self.at(now).follows != Follows::Clock
            || self.odd.is_some_and(|odd| now.since_ms(odd) <= HOLD_MS)
    }

    /// Notes that a pulse is missing, and after a long silence that the clock is followed again.
    pub fn listen(&mut self, now: Timestamp, grid: Grid<'_>) {
        let (Some(change), Some(heard)) = (self.now(), self.heard) else {
            return;
        };
        let due = heard.plus_ms(grid.window_ms);
        if change.follows == Follows::Pulse && now > due.plus_ms(grid.tolerance_ms()) {
            self.note(Change {
                at: due,
                follows: Follows::Held,
                ..change
            });
        }
        if now.since_ms(heard) > HOLD_MS {
            self.stop(now, grid);
        }
    }

    /// Follows the clock again from the next window of it on.
    pub fn stop(&mut self, now: Timestamp, grid: Grid<'_>) {
        if self.now().is_some() {
            self.note(Change {
                at: grid.next(grid.start_of(now, 0)),
                follows: Follows::Clock,
                offset_ms: 0,
            });
        }
        (self.odd, self.heard, self.last) = (None, None, None);
    }

    /// A change, which takes back what was thought of the time after it.
    fn note(&mut self, change: Change) {
        while self.changes.last().is_some_and(|last| last.at >= change.at) {
            self.changes.pop();
        }
        let before = self.changes.last();
        let goes_on = before.is_some_and(|before| {
            (before.follows, before.offset_ms) == (change.follows, change.offset_ms)
        });
        if !goes_on {
            self.changes.push(change);
        }
        if self.changes.len() > CHANGES_MAX {
            self.changes.remove(0);
        }
    }
}

/// Whether a time is one or a few whole windows.
fn is_whole(ms: i64, slack_ms: i64, window_ms: i64) -> bool {
    let windows = (ms + window_ms / 2) / window_ms;
    (1..=WINDOWS_APART_MAX).contains(&windows) && (ms - windows * window_ms).abs() <= slack_ms
}

#[cfg(test)]
#[path = "beat_tests.rs"]
mod tests;

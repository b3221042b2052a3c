//! *pure* — where the demand windows of a site begin and end, and the energy of each, cut out of
//! minutes.

use super::beat::{Beat, Follows};
use super::metered::SupplyCell;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{TimeRange, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// Windows of one length on the clock of a site.
#[derive(Clone, Copy, Debug)]
pub struct Grid<'a> {
    /// Length of a window, ms.
    pub window_ms: i64,
    /// The clock.
    pub calendar: &'a Calendar,
}

/// A demand window, and what its end was told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// What says when it ends.
    pub follows: Follows,
}

impl Cut {
    /// Its middle, which says of which month and of which period of a tariff it is: the edges of
    /// the utility's windows lie on either side of those of the clock.
    #[must_use]
    pub fn middle(&self) -> Timestamp {
        self.from.plus_ms(self.length_ms() / 2)
    }

    /// How long it is, ms.
    #[must_use]
    pub fn length_ms(&self) -> i64 {
        self.to.since_ms(self.from)
    }
}

impl Grid<'_> {
    /// How much a window may be longer or shorter than it should be, ms.
    #[must_use]
    pub const fn tolerance_ms(&self) -> i64 {
        self.window_ms / 10
    }

    const fn size(&self) -> BucketSize {
        BucketSize::Fixed(self.window_ms)
    }

    /// Start of the window that holds an instant, where windows begin so much after the clock's.
    #[must_use]
    pub fn start_of(&self, at: Timestamp, offset_ms: i64) -> Timestamp {
        let on_clock = self
            .calendar
            .bucket_start(at.minus_ms(offset_ms), self.size());
        on_clock.plus_ms(offset_ms)
    }

    /// Start of the window after the one that starts at an instant.
    #[must_use]
    pub fn next(&self, start: Timestamp) -> Timestamp {
        start.plus_ms(self.window_ms)
    }

    /// The beginning of a window that lies nearest to an instant.
    #[must_use]
    pub fn nearest(&self, at: Timestamp, offset_ms: i64) -> Timestamp {
        self.start_of(at.plus_ms(self.window_ms / 2), offset_ms)
    }

    /// By how much an instant lies after the nearest window of the clock, ms; below zero before it.
    #[must_use]
    pub fn offset_of(&self, at: Timestamp) -> i64 {
        at.since_ms(self.nearest(at, 0))
    }

    /// Whether a window is as long as it should be.
    #[must_use]
    pub fn is_whole(&self, cut: &Cut) -> bool {
        (cut.length_ms() - self.window_ms).abs() <= self.tolerance_ms()
    }
}

impl Beat {
    /// The window that runs at an instant.
    #[must_use]
    pub fn window_at(&self, at: Timestamp, grid: Grid<'_>) -> Cut {
        let change = self.at(at);
        let from = grid.start_of(at, change.offset_ms);
        Cut {
            from,
            to: grid.next(from),
            follows: change.follows,
        }
    }

    /// Since when a range has windows that are not those of the clock.
    #[must_use]
    pub fn heard_from(&self, range: TimeRange) -> Option<Timestamp> {
        if self.at(range.from).follows != Follows::Clock {
            return Some(range.from);
        }
        let within = self.changes.iter().find(|change| {
            change.follows != Follows::Clock && range.from < change.at && change.at < range.to
        });
        within.map(|change| change.at)
    }

    /// The windows whose middle lies in a range, one after the other: each begins where the one
    /// before it ended. Those at a change of the beat may be shorter or longer than the others.
    #[must_use]
    pub fn cuts(&self, range: TimeRange, grid: Grid<'_>) -> Vec<Cut> {
        let first = range.from.minus_ms(2 * grid.window_ms);
        let last = range.to.plus_ms(2 * grid.window_ms);
        let mut edges: Vec<Timestamp> = Vec::new();
        let mut from = first;
        while from < last {
            let change = self.at(from);
            let next = self.changes.iter().find(|change| change.at > from);
            let to = next.map_or(last, |change| change.at.min(last));
            let start = grid.start_of(from, change.offset_ms);
            let mut edge = if start < from {
                grid.next(start)
            } else {
                start
            };
            // An edge that was expected just before the one that came was none.
            let is_doubt =
                |last: &Timestamp| edge.since_ms(*last).abs() <= grid.tolerance_ms() && edge < to;
            if edges.last().is_some_and(is_doubt) {
                edges.pop();
            }
            while edge < to {
                edges.push(edge);
                edge = grid.next(edge);
            }
            from = to;
        }
        let cuts = edges.windows(2).map(|pair| Cut {
            from: pair[0],
            to: pair[1],
            follows: self.at(pair[1]).follows,
        });
        let within = |cut: &Cut| range.from <= cut.middle() && cut.middle() < range.to;
        cuts.filter(within).collect()
    }
}

/// Energy by the minute, of which any stretch can be cut: a minute that a stretch holds in part
/// counts by that part, so that stretches that follow each other add up to the whole.
#[derive(Clone, Debug, Default)]
pub struct Minutes {
    from: Timestamp,
    /// Up to the beginning of each minute, mWh; one more than there are minutes.
    sums: Vec<i64>,
    /// As `sums`: how many minutes of which not all is known.
    unknown: Vec<usize>,
    /// As `sums`: how many whose energy was shared out by time.
    estimated: Vec<usize>,
}

impl Minutes {
    /// Of cells of a minute in the order of time, without a hole between them.
    #[must_use]
    pub fn of(cells: &[SupplyCell]) -> Self {
        let energy = |cell: &SupplyCell| cell.import_mwh.filter(|_| !cell.partial);
        let mut minutes = Self::from_energy(
            cells.first().map(|cell| cell.start),
            cells.iter().map(energy),
        );
        let mut estimated = 0;
        minutes.estimated = vec![0];
        minutes.estimated.extend(cells.iter().map(|cell| {
            estimated += usize::from(cell.estimated);
            estimated
        }));
        minutes
    }

    /// The same of the energy of each minute, mWh.
    #[must_use]
    pub fn from_energy(from: Option<Timestamp>, energy: impl Iterator<Item = Option<i64>>) -> Self {
        let (mut sums, mut unknown) = (vec![0], vec![0]);
        let (mut sum, mut missing) = (0, 0);
        for mwh in energy {
            sum += mwh.unwrap_or(0);
            missing += usize::from(mwh.is_none());
            sums.push(sum);
            unknown.push(missing);
        }
        Self {
            from: from.unwrap_or_default(),
            sums,
            unknown,
            estimated: Vec::new(),
        }
    }

    /// Whether some of a stretch was shared out by time.
    #[must_use]
    pub fn is_estimated(&self, from: Timestamp, to: Timestamp) -> bool {
        let until = |minute: Option<usize>| self.estimated.get(minute?).copied();
        let (first, last) = (self.minute(from), self.minute(to.minus_ms(1)));
        until(first) != until(last.map(|minute| minute + 1))
    }

    /// The beginning of the first minute of which something is known.
    #[must_use]
    pub fn known_from(&self) -> Option<Timestamp> {
        let known = self.unknown.windows(2).position(|pair| pair[0] == pair[1]);
        let minute = i64::try_from(known?).ok()?;
        Some(self.from.plus_ms(minute * MINUTE_MS))
    }

    /// The energy of a stretch, mWh; `None` when some of it is not known.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Option<i64> {
        let (first, last) = (self.minute(from)?, self.minute(to.minus_ms(1))?);
        if self.unknown.get(last + 1)? != self.unknown.get(first)? {
            return None;
        }
        Some(self.up_to(to)? - self.up_to(from)?)
    }

    fn minute(&self, at: Timestamp) -> Option<usize> {
        usize::try_from(at.since_ms(self.from).div_euclid(MINUTE_MS)).ok()
    }

    fn up_to(&self, at: Timestamp) -> Option<i64> {
        let minute = self.minute(at)?;
        let whole = *self.sums.get(minute)?;
        let part = at.since_ms(self.from).rem_euclid(MINUTE_MS);
        if part == 0 {
            return Some(whole);
        }
        let energy = i128::from(*self.sums.get(minute + 1)? - whole);
        let share = (energy * i128::from(part)).div_euclid(i128::from(MINUTE_MS));
        i64::try_from(share).ok().map(|share| whole + share)
    }
}

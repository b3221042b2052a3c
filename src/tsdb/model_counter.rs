//! What the readings of a counter mean, written down a second time for the tests: from the
//! beginning, with everything that was ever read at hand, and without a thought for speed.

use super::counter::{Event, What};

/// One reading that counts: when, poll interval, value.
pub(super) type Read = (i64, i64, f64);

/// What the counter grew by between two readings.
#[derive(Clone, Debug)]
pub(super) struct Booking {
    from: i64,
    to: i64,
    growth: f64,
    /// Places that the growth is counted in; `None` when it is no decimal.
    places: Option<i32>,
    gap: bool,
    late: bool,
    /// The hour of the reading that told it.
    told: i64,
}

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;

#[derive(Default)]
struct Reader {
    all: Vec<Booking>,
    base: Option<(i64, f64)>,
    before: Option<f64>,
    /// Values that were counted from, one of each number of places.
    known: Vec<f64>,
    held: Vec<Read>,
    /// When, value, how many bookings there were then.
    left: Vec<(i64, f64, usize)>,
    old: Option<f64>,
    /// Hour and exponent of levels that were confirmed faster than the counter was.
    faster: Vec<(i64, i32)>,
    now: i64,
}

/// Everything that the counter grew by, in the order in which it was told.
pub(super) fn interpret(reads: &[Read], events: &[Event]) -> Vec<Booking> {
    let mut reader = Reader::default();
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.at);
    let mut next = 0;
    for read in reads {
        reader.now = (read.0 - 1).div_euclid(HOUR);
        while let Some(event) = events.get(next).filter(|event| event.at <= read.0) {
            if let What::Exchange { end, start } = event.what {
                reader.exchange(event.at, end, start);
            }
            next += 1;
        }
        reader.read(*read);
    }
    reader.all
}

/// The smallest power of two that is not below.
fn exponent(rate: f64) -> i32 {
    (-1_000..1_000).find(|e| 2f64.powi(*e) >= rate).unwrap()
}

fn places(value: f64) -> Option<i32> {
    (0..=4).find(|p| {
        let power = 10f64.powi(*p);
        ((value * power).round() / power).to_bits() == value.to_bits() && value.abs() < 9e11
    })
}

fn rate(a: Read, b: Read) -> f64 {
    (b.2 - a.2) / ((b.0 - a.0).max(1) as f64)
}

impl Reader {
    /// Two steps of the finest place that was ever read.
    fn two_steps(&self, a: f64, b: f64) -> f64 {
        let all = self.known.iter().copied().chain([a, b]);
        let finest: Option<Vec<i32>> = all.map(places).collect();
        finest.map_or(0.0, |all| 2.5 / 10f64.powi(all.into_iter().max().unwrap()))
    }

    fn set_base(&mut self, at: i64, value: f64) {
        self.base = Some((at, value));
        // One of each fineness is as good as all.
        if !self
            .known
            .iter()
            .any(|known| places(*known) == places(value))
        {
            self.known.push(value);
        }
    }

    /// Eight times how fast it grew in the last hour that it grew in.
    fn lately(&self) -> Option<f64> {
        let told = |hour: i64| self.all.iter().filter(move |b| b.told == hour);
        let grown = |hour: &i64| told(*hour).map(|b| b.growth).sum::<f64>() > 0.0;
        let mut hours: Vec<i64> = self.all.iter().map(|b| b.told).collect();
        hours.dedup();
        let last = hours.into_iter().filter(|h| *h < self.now).rfind(grown);
        let of_hour = last.map(|hour| {
            let grown: f64 = told(hour).map(|b| b.growth).sum();
            let time: i64 = told(hour).map(|b| b.to - b.from).sum();
            exponent(grown / time as f64)
        });
        let here = self.faster.iter().filter(|(hour, _)| *hour == self.now);
        let most = here.map(|(_, e)| *e).chain(of_hour).max();
        most.map(|e| 8.0 * 2f64.powi(e))
    }

    fn read(&mut self, read: Read) {
        let (at, _, value) = read;
        let Some((since, base)) = self.base else {
            self.grow((at, value), read, 0.0);
            return;
        };
        let growth = value - base;
        let can = match self.lately() {
            Some(most) => {
                growth <= most * (at - since) as f64 || growth <= self.two_steps(base, value)
            }
            None => true,
        };
        if growth == 0.0 || (growth > 0.0 && can) {
            let mut from = (since, base);
            for between in std::mem::take(&mut self.held) {
                if (from.1..=value).contains(&between.2) {
                    self.grow(from, between, between.2 - from.1);
                    from = (between.0, between.2);
                }
            }
            self.grow(from, read, value - from.1);
        } else if self
            .old
            .is_some_and(|old| (old - value).abs() < growth.abs())
        {
            // Still the meter that went.
        } else if growth < 0.0
            && (self.before.is_some_and(|before| value >= before)
                || self.lately().is_some_and(|most| {
                    value > base / 2.0 && base - value <= most * (at - since).max(MINUTE) as f64
                }))
        {
            self.held.clear();
            self.base = Some((at, base));
        } else {
            self.held.push(read);
            self.decide();
        }
    }

    fn grow(&mut self, from: (i64, f64), to: Read, growth: f64) {
        let time = to.0 - from.0;
        let silent = time > 2 * to.1 && time > MINUTE;
        let gap = silent && time <= 35 * 24 * HOUR;
        self.all.push(Booking {
            from: from.0,
            to: to.0,
            growth,
            places: places(from.1).zip(places(to.2)).map(|(a, b)| a.max(b)),
            gap,
            late: silent && !gap,
            told: self.now,
        });
        if to.2 > from.1 {
            self.before = (!silent).then_some(from.1);
        } else if to.2 < from.1 {
            self.before = None;
        }
        self.set_base(to.0, to.2);
        self.old = None;
    }

    /// Whether three of the held readings go together, and what that means.
    fn decide(&mut self) {
        let lately = self.lately().unwrap_or(0.0);
        let n = self.held.len();
        let last = self.held[n - 1];
        let mut three = None;
        for i in 0..n {
            for j in i + 1..n.saturating_sub(1) {
                let (a, b) = (self.held[i], self.held[j]);
                let goes = |x: Read, y: Read, other: f64| {
                    let most = lately.max(8.0 * other) * (y.0 - x.0) as f64;
                    y.2 >= x.2 && (y.2 - x.2 <= most || y.2 - x.2 <= self.two_steps(x.2, y.2))
                };
                if three.is_none() && goes(a, b, rate(b, last)) && goes(b, last, rate(a, b)) {
                    three = Some((a, b, last));
                }
            }
        }
        if let Some(three) = three {
            self.held.clear();
            self.take_up(three, lately);
        } else if n > 6 {
            self.held.clear();
            self.leave_for(last);
        }
    }

    fn take_up(&mut self, (a, b, c): (Read, Read, Read), lately: f64) {
        let (since, base) = self.base.unwrap();
        let most = lately.max(8.0 * rate(a, c));
        let growth = a.2 - base;
        let near = growth >= 0.0
            && (growth <= most * (a.0 - since) as f64 || growth <= self.two_steps(base, a.2));
        let came_back = self.left.iter().rposition(|(at, value, n)| {
            let booked: f64 = self.all[*n..].iter().map(|b| b.growth).sum();
            a.0 - at <= 24 * HOUR && a.2 >= *value && 2.0 * (a.2 - value) >= booked
        });
        if near {
            self.grow((since, base), a, growth);
        } else if let Some(n) = came_back {
            let (at, value, then) = self.left[n];
            let booked: f64 = self.all[then..].iter().map(|b| b.growth).sum();
            self.left.truncate(n);
            let goes_on = a.2.max(value + booked);
            self.grow((at, value), (a.0, a.1, goes_on), goes_on - value - booked);
            self.before = Some(value);
        } else if growth >= 0.0 {
            self.grow((since, base), a, growth);
        } else if let Some(growth) = self.around((since, base), a, rate(a, c)) {
            self.grow((since, base), a, growth);
        } else {
            self.leave_for(a);
        }
        for read in [b, c] {
            let (since, base) = self.base.unwrap();
            if read.2 >= base {
                self.grow((since, base), read, read.2 - base);
            } else {
                self.base = Some((read.0, base));
            }
        }
        if c.2 > a.2 {
            self.faster.push((self.now, exponent(rate(a, c))));
        }
    }

    fn leave_for(&mut self, to: Read) {
        if let Some((at, base)) = self.base {
            self.left.push((at, base, self.all.len()));
            if self.left.len() > 2 {
                self.left.remove(0);
            }
        }
        self.set_base(to.0, to.2);
        self.before = None;
    }

    /// Past the end of a register.
    fn around(&self, from: (i64, f64), to: Read, rate: f64) -> Option<f64> {
        let lately = self.lately().unwrap_or(0.0).max(8.0 * rate);
        if lately == 0.0 {
            return None;
        }
        let most = (lately * (to.0 - from.0) as f64).max(self.two_steps(from.1, to.2));
        let digits = (4..10).map(|n| 10f64.powi(n));
        let bits = [16, 31, 32].map(|n| 2f64.powi(n));
        let mut best: Option<f64> = None;
        for end in digits.chain(bits) {
            for places in 0..4 {
                let end = end / 10f64.powi(places);
                let grown = end - from.1 + to.2;
                let there = from.1 < end && from.1 >= end * 15.0 / 16.0 && to.2 <= end / 16.0;
                if there && to.2 >= 0.0 && grown <= most && best.is_none_or(|b| grown < b) {
                    best = Some(grown);
                }
            }
        }
        best
    }

    fn exchange(&mut self, at: i64, end: f64, start: f64) {
        if let Some((since, base)) = self.base {
            if (end - base).abs() > (base - start).abs() {
                return;
            }
            let around = if end < base {
                self.around((since, base), (at, 0, end), 0.0)
            } else {
                None
            };
            let growth = around.unwrap_or((end - base).max(0.0));
            self.grow((since, base), (at, 0, end), growth);
        } else {
            self.grow((at, start), (at, 0, start), 0.0);
        }
        self.set_base(at, start);
        self.before = None;
        self.held.clear();
        self.left.clear();
        self.old = Some(end);
    }
}

impl Booking {
    /// What of it belongs to a bucket, and whether it is a guess; `None` when nothing does.
    pub(super) fn within(&self, start: i64, end: i64, events: &[Event]) -> Option<(f64, bool)> {
        if !self.gap {
            let cuts = self.cuts();
            let ends = cuts.windows(2).filter(|p| p[1] > start && p[1] <= end);
            let parts = ends.map(|p| {
                let whole = cuts.len() == 2;
                let grown = if whole {
                    self.growth
                } else {
                    self.until(p[1]) - self.until(p[0])
                };
                grown * factor(events, p[1])
            });
            let parts: Vec<f64> = parts.collect();
            return (!parts.is_empty()).then(|| (parts.iter().sum(), self.late));
        }
        let (from, to) = (self.from.max(start), self.to.min(end));
        if from >= to {
            return None;
        }
        // Cut wherever the transformers were changed.
        let inside = |at: &i64| *at > from && *at < to;
        let mut cuts: Vec<i64> = events.iter().map(|e| e.at).filter(inside).collect();
        cuts.extend([from, to]);
        cuts.sort_unstable();
        let parts = cuts.windows(2);
        let sum = parts.map(|p| (self.until(p[1]) - self.until(p[0])) * factor(events, p[1]));
        Some((sum.sum(), true))
    }

    /// Where it begins and ends, and the quarters between when it took more than a minute.
    fn cuts(&self) -> Vec<i64> {
        let is_whole = self.late || self.growth == 0.0 || self.to - self.from <= MINUTE;
        let mut cuts = vec![self.from];
        let mut quarter = self.from - self.from.rem_euclid(15 * MINUTE);
        while !is_whole && quarter < self.to {
            if quarter > self.from {
                cuts.push(quarter);
            }
            quarter += 15 * MINUTE;
        }
        cuts.push(self.to);
        cuts
    }

    /// What of it had grown at an instant, in whole units of the counter.
    fn until(&self, at: i64) -> f64 {
        let (gone, time) = (i128::from(at - self.from), i128::from(self.to - self.from));
        let Some(places) = self.places else {
            return self.growth * (gone as f64 / time as f64);
        };
        let power = 10f64.powi(places);
        #[allow(clippy::cast_possible_truncation)] // below 2^53
        let units = (self.growth * power).round() as i128;
        let (whole, rest) = ((units * gone) / time, (units * gone) % time);
        (whole + i128::from(2 * rest >= time)) as f64 / power
    }
}

fn factor(events: &[Event], until: i64) -> f64 {
    let mut factor = (i64::MIN, 1.0);
    for event in events {
        if let What::Factor(value) = event.what
            && event.at < until
            && event.at >= factor.0
        {
            factor = (event.at, value);
        }
    }
    factor.1
}

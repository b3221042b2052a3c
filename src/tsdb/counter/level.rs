//! *pure* — what it means that a counter is at another level than it could have grown to.

use super::rules::{Lately, rolled_over};
use super::{
    Booked, Counter, Event, FASTER, GAP_MIN_MS, Growth, LEFT_MAX, Left, Limits, Reading, Rules,
    What, chain, grows_within, power, power_above, slack,
};

impl Counter {
    /// Goes over to a level that three readings confirm.
    pub(super) fn settle(&mut self, chain: [Reading; 3], limits: &Limits, out: &mut Vec<Growth>) {
        let [first, second, third] = chain;
        let Some(base) = self.base else { return };
        let rate = chain::rate(first, third);
        let like = FASTER * self.pace.map_or(0.0, power).max(rate);
        let places = self.places;
        let near = |growth: f64, time: i64| {
            growth >= 0.0
                && (grows_within(growth, like, time)
                    || growth <= slack(places, base.value, first.value))
        };
        let possible = |growth: f64, time: i64| {
            let most = limits.per_ms;
            near(growth, time)
                || (growth >= 0.0 && most.is_none_or(|most| grows_within(growth, most, time)))
        };
        let (growth, time) = (first.value - base.value, first.at - base.at);
        let returns = |left: &Left| {
            let grown = first.value - left.value;
            2.0 * grown >= left.booked && possible(grown, first.at - left.at)
        };
        if near(growth, time) {
            self.believe(base, first, growth, out);
        } else if let Some(n) = self.left.iter().position(returns) {
            self.come_back(n, first, out);
        } else if possible(growth, time) || near(growth, GAP_MIN_MS) {
            // In no time, as it looks, when a clock was set back for a moment.
            self.believe(base, first, growth, out);
        } else if let Some(growth) = rolled_over((base, first), places, limits, self.lately(rate)) {
            self.believe(base, first, growth, out);
        } else {
            self.change_level(first, out);
        }
        self.follow(second, out);
        self.follow(third, out);
        if rate > 0.0 {
            self.pace = self.pace.max(Some(power_above(rate)));
        }
    }

    /// How fast it may have grown, when `rate` is how fast it grows now: while nothing is known of
    /// how it grew, only its limits say so.
    fn lately(&self, rate: f64) -> Lately {
        Lately {
            rate: FASTER * self.pace.map_or(0.0, power).max(rate),
            is_watched: self.pace.is_some(),
        }
    }

    /// Goes on from a level that the counter seemed to leave: nothing had happened.
    fn come_back(&mut self, n: usize, to: Reading, out: &mut Vec<Growth>) {
        let left = self.left[n];
        self.left.drain(..=n);
        let from = Reading {
            at: left.at,
            value: left.value,
            interval: 0,
        };
        // What was booked meanwhile is paid back by waiting when it was more than it grew.
        let value = to.value.max(left.value + left.booked);
        let growth = value - left.value - left.booked;
        self.believe(from, Reading { value, ..to }, growth, out);
        self.before = Some(left.value);
    }

    /// Takes a reading of a level that is believed.
    pub(super) fn follow(&mut self, reading: Reading, out: &mut Vec<Growth>) {
        let Some(base) = self.base else { return };
        if reading.value >= base.value {
            self.believe(base, reading, reading.value - base.value, out);
        } else {
            self.base = Some(Reading {
                at: reading.at,
                ..base
            });
        }
    }

    /// Takes the counter up at another level: what lies between the two is no energy.
    pub(super) fn change_level(&mut self, to: Reading, out: &mut Vec<Growth>) {
        if let Some(base) = self.base {
            self.left.insert(
                0,
                Left {
                    at: base.at,
                    value: base.value,
                    booked: 0.0,
                },
            );
            self.left.truncate(LEFT_MAX);
        }
        let value = to.value;
        out.push(Growth {
            from: to.at,
            to: to.at,
            start: value,
            end: value,
            value,
            growth: 0.0,
            booked: Booked::There,
        });
        self.rebase(to);
        self.before = None;
    }

    /// Somebody put another meter in: the old one ended at `end`, the new one began at `start`.
    pub(super) fn exchange(&mut self, event: &Event, rules: &Rules, out: &mut Vec<Growth>) {
        let What::Exchange { end, start } = event.what else {
            return;
        };
        let new = Reading {
            at: event.at,
            value: start,
            interval: 0,
        };
        if let Some(base) = self.base {
            if (end - base.value).abs() > (base.value - start).abs() {
                // The new meter was there already: its level was taken up when it was read.
                return;
            }
            let old = Reading { value: end, ..new };
            let over = rolled_over((base, old), self.places, &rules.limits, self.lately(0.0));
            let growth = (end - base.value).max(over.unwrap_or(0.0)).max(0.0);
            self.believe(base, old, growth, out);
            if let Some(last) = out.last_mut() {
                last.value = start;
            }
        } else {
            self.believe(new, new, 0.0, out);
        }
        self.rebase(new);
        *self = Self {
            base: self.base,
            places: self.places,
            pace: self.pace,
            old: Some(end),
            grown: self.grown,
            lasted: self.lasted,
            ..Self::default()
        };
    }
}

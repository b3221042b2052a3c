//! *pure* — from the values that a rule follows to the one number it compares.
//!
//! Windows are kept as at most sixty pieces, so that a day of seconds costs no more than an hour.

use super::condition::{Condition, WindowFunction};
use super::rule::Rule;
use std::collections::VecDeque;

/// Pieces of a window.
const PIECES: i64 = 60;
/// Shortest piece, ms.
const PIECE_MIN_MS: i64 = 1_000;
const MINUTE_MS: f64 = 60_000.0;

/// What has to be remembered of the values of one rule.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    /// Nothing: the value itself is compared.
    Direct,
    /// The last minutes.
    Window(Window),
    /// What each comparison said last.
    Leaves(Vec<Leaf>),
}

/// The last value of one comparison.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leaf {
    holds: bool,
    /// Until when it stands, ms; 0 before the first.
    until: i64,
}

/// The values of the last minutes, in pieces.
#[derive(Clone, Debug)]
pub(super) struct Window {
    length_ms: i64,
    pieces: VecDeque<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    start: i64,
    first: (i64, f64),
    last: (i64, f64),
    least: f64,
    most: f64,
    sum: f64,
    count: f64,
}

impl Window {
    fn new(minutes: u32) -> Self {
        Self {
            length_ms: i64::from(minutes) * 60_000,
            pieces: VecDeque::new(),
        }
    }

    fn take(&mut self, at: i64, value: f64) {
        let width = (self.length_ms / PIECES).max(PIECE_MIN_MS);
        let start = at.div_euclid(width) * width;
        while self
            .pieces
            .front()
            .is_some_and(|piece| piece.start <= start - self.length_ms)
        {
            self.pieces.pop_front();
        }
        match self.pieces.back_mut() {
            Some(piece) if piece.start == start => {
                piece.last = (at, value);
                piece.least = piece.least.min(value);
                piece.most = piece.most.max(value);
                piece.sum += value;
                piece.count += 1.0;
            }
            _ => self.pieces.push_back(Piece {
                start,
                first: (at, value),
                last: (at, value),
                least: value,
                most: value,
                sum: value,
                count: 1.0,
            }),
        }
    }

    /// The first and the last value, once they span half of the window: before that nothing is
    /// said.
    fn ends(&self) -> Option<((i64, f64), (i64, f64))> {
        let (first, last) = (self.pieces.front()?.first, self.pieces.back()?.last);
        (2 * (last.0 - first.0) >= self.length_ms).then_some((first, last))
    }

    /// Change per minute.
    #[allow(clippy::cast_precision_loss)] // a day in ms is far below 2^53
    fn rate(&self) -> Option<f64> {
        let (first, last) = self.ends()?;
        Some((last.1 - first.1) / (last.0 - first.0) as f64 * MINUTE_MS)
    }

    fn of(&self, function: WindowFunction) -> Option<f64> {
        let (first, last) = self.ends()?;
        let pieces = self.pieces.iter();
        Some(match function {
            WindowFunction::Mean => {
                let add = |(sum, count), piece: &Piece| (sum + piece.sum, count + piece.count);
                let (sum, count) = pieces.fold((0.0, 0.0), add);
                sum / count
            }
            WindowFunction::Max => pieces.map(|p| p.most).fold(f64::NEG_INFINITY, f64::max),
            WindowFunction::Min => pieces.map(|p| p.least).fold(f64::INFINITY, f64::min),
            WindowFunction::Energy => last.1 - first.1,
        })
    }
}

impl Probe {
    pub(super) fn of(condition: &Condition) -> Self {
        match condition {
            Condition::Rate { minutes, .. } | Condition::Window { minutes, .. } => {
                Self::Window(Window::new(*minutes))
            }
            Condition::Combination { term } => {
                Self::Leaves(vec![Leaf::default(); term.leaves().len()])
            }
            _ => Self::Direct,
        }
    }

    /// Whether it is a window into which nothing came yet.
    pub(super) fn is_empty_window(&self) -> bool {
        matches!(self, Self::Window(window) if window.pieces.is_empty())
    }

    /// How far back it looks, ms.
    pub(super) const fn reach_ms(&self) -> i64 {
        match self {
            Self::Window(window) => window.length_ms,
            _ => 0,
        }
    }

    /// A value of the series at `place`, which stands until `until`; what it makes is to be
    /// compared, if it says anything.
    pub(super) fn take(
        &mut self,
        rule: &Rule,
        place: usize,
        at: i64,
        value: f64,
        until: i64,
    ) -> Option<f64> {
        match (self, &rule.condition) {
            (Self::Window(window), condition) => {
                let energy = WindowFunction::Energy;
                let counts =
                    matches!(condition, Condition::Window { function, .. } if *function == energy);
                let fell = window.pieces.back().is_some_and(|p| value < p.last.1);
                if counts && fell {
                    // A counter that was exchanged or began anew: its growth is not known.
                    window.pieces.clear();
                }
                window.take(at, value);
                match condition {
                    Condition::Window { function, .. } => window.of(*function),
                    _ => window.rate(),
                }
            }
            (Self::Leaves(leaves), Condition::Combination { term }) => {
                if let (Some(leaf), Some(is)) = (leaves.get_mut(place), term.leaves().get(place)) {
                    leaf.holds = is
                        .operator
                        .holds(value, is.threshold, is.dead_band, leaf.holds);
                    leaf.until = until;
                }
                let say = |leaf: &Leaf| (leaf.until >= at).then_some(leaf.holds);
                let holds = term.judge(&mut leaves.iter().map(say))?;
                Some(if holds { 1.0 } else { 0.0 })
            }
            _ => Some(value),
        }
    }

    /// Whether a step of a rule holds for what is compared.
    pub(super) fn holds(rule: &Rule, step: usize, measure: f64, held: bool) -> bool {
        match &rule.condition {
            Condition::State { values, .. } => values.iter().any(|v| (v - measure).abs() <= 1e-9),
            Condition::Combination { .. } => measure > 0.5,
            Condition::NoData { silent_s } => measure >= f64::from(*silent_s),
            other => match (other.comparison(), rule.limit_of(step)) {
                (Some((operator, _)), Some(limit)) => {
                    operator.holds(measure, limit, rule.dead_band, held)
                }
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_moves_and_forgets() {
        let mut window = Window::new(10);
        for minute in 0..5 {
            window.take(minute * 60_000, 10.0);
        }
        assert_eq!(
            window.of(WindowFunction::Mean),
            None,
            "half is not there yet"
        );
        for minute in 5..30 {
            window.take(minute * 60_000, if minute == 12 { 100.0 } else { 10.0 });
        }
        assert_eq!(window.of(WindowFunction::Max), Some(10.0));
        assert!(window.pieces.len() <= 60);
        window.take(30 * 60_000, 0.0);
        assert_eq!(window.of(WindowFunction::Min), Some(0.0));
        assert!((window.of(WindowFunction::Mean).unwrap() - 9.0).abs() < 1e-9);
        assert!((window.rate().unwrap() + 10.0 / 9.0).abs() < 1e-9);
    }
}

//! *pure* — choosing how a column is packed. Only the writer does this; a poor choice costs bytes,
//! never a value.

use super::basis::{Basis, Others, Shape, WEIGHTS_MAX, stored};
use super::model::Pace;
use super::residuals::{Plan, cost};
use super::tables::ONE;
use std::ops::Range;

/// A long column is judged by this many pieces of it.
const PIECES: usize = 6;
/// Values of a piece.
const PIECE: usize = 512;
/// How often the weights are fitted, each time trusting steady stretches more.
const ROUNDS: usize = 3;
/// How fast the level may follow; the fit takes the best.
const LEVELS: [u32; 3] = [2, 4, 6];
/// How fast the width may follow.
const WIDTHS: [u32; 3] = [2, 3, 4];

/// The pieces by which a column of `count` values is judged.
fn pieces(count: usize) -> Vec<Range<usize>> {
    let (pieces, length) = if count <= PIECES * PIECE {
        (1, count)
    } else {
        (PIECES, PIECE)
    };
    let apart = (count - length) / (PIECES - 1);
    (0..pieces).map(|n| n * apart..n * apart + length).collect()
}

/// A running mean distance that weighs samples: noisy stretches and jumps count little.
struct Noise(f64);

impl Noise {
    fn weight(&mut self, miss: f64) -> f64 {
        let weight = 1.0 / (self.0 * self.0 + 0.25 * miss * miss + 0.05);
        self.0 += (miss.abs().min(8.0 * self.0 + 1.0) - self.0) / 16.0;
        weight
    }
}

/// Least squares of `N` weights.
struct Squares<const N: usize> {
    matrix: [[f64; N]; N],
    right: [f64; N],
}

impl<const N: usize> Squares<N> {
    const fn new() -> Self {
        Self {
            matrix: [[0.0; N]; N],
            right: [0.0; N],
        }
    }

    #[inline]
    fn add(&mut self, terms: &[f64; N], target: f64, weight: f64) {
        for (n, term) in terms.iter().enumerate() {
            let weighted = term * weight;
            self.right[n] += weighted * target;
            for (sum, other) in self.matrix[n].iter_mut().zip(terms) {
                *sum += weighted * other;
            }
        }
    }

    /// The first `used` weights by elimination.
    fn solve(mut self, used: usize) -> [f64; N] {
        for n in 0..used {
            self.matrix[n][n] = self.matrix[n][n] * (1.0 + 1e-9) + 1e-12;
        }
        for pivot in 0..used {
            for row in pivot + 1..used {
                let factor = self.matrix[row][pivot] / self.matrix[pivot][pivot];
                for column in pivot..used {
                    self.matrix[row][column] -= factor * self.matrix[pivot][column];
                }
                self.right[row] -= factor * self.right[pivot];
            }
        }
        let mut weights = [0.0; N];
        for row in (0..used).rev() {
            let known: f64 = (row + 1..used)
                .map(|n| self.matrix[row][n] * weights[n])
                .sum();
            weights[row] = (self.right[row] - known) / self.matrix[row][row];
        }
        if weights.iter().all(|weight| weight.is_finite()) {
            weights
        } else {
            [0.0; N]
        }
    }
}

/// Fits the weights of a basis: the steps of the column from the steps of its terms.
pub(super) fn fit_basis(values: &[i64], others: &Others<'_>, basis: &mut Basis) {
    let most = others.of.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    basis.scale = match basis.shape {
        Shape::Powers | Shape::Quotient(_) => (0..31)
            .find(|n| f64::from(1_u32 << n) >= most)
            .unwrap_or(31),
        Shape::Sum => 10,
    };
    let pieces = pieces(values.len());
    let terms: Vec<_> = pieces
        .iter()
        .map(|piece| basis.terms(&piece_of(others, piece)))
        .collect();
    for _ in 0..ROUNDS {
        let mut squares = Squares::new();
        for (piece, terms) in pieces.iter().zip(&terms) {
            let mut noise = Noise(1.0);
            for (pair, values) in terms.windows(2).zip(values[piece.clone()].windows(2)) {
                let mut step = [0.0; WEIGHTS_MAX];
                let mut known = 0.0;
                for n in 0..basis.used {
                    step[n] = pair[1][n] - pair[0][n];
                    known += step[n] * basis.weights[n];
                }
                let target = as_float(values[1] - values[0]);
                let weight = noise.weight(target - known);
                squares.add(&step, target, weight);
            }
        }
        basis.weights = squares.solve(basis.used).map(stored);
    }
}

/// The other columns at some of the ticks.
fn piece_of<'a>(others: &Others<'a>, piece: &Range<usize>) -> Others<'a> {
    Others {
        of: others.of.get(piece.clone()).unwrap_or_default(),
        by: others.by.get(piece.clone()).unwrap_or_default(),
        times: others.times.get(piece.clone()).unwrap_or_default(),
    }
}

#[allow(clippy::cast_precision_loss)] // an estimate
fn as_float(value: i64) -> f64 {
    value as f64
}

/// A plan and what the whole column will take by it, in bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) bits: f64,
}

/// Fits a plan to values along a curve (empty, or one entry for each value).
pub(super) fn fit_plan(values: &[i64], curve: &[i64]) -> Planned {
    let pieces = pieces(values.len());
    let distances: Vec<Vec<f64>> = pieces
        .iter()
        .map(|piece| {
            let base = values[piece.start];
            let at = |n: usize| curve.get(n).copied().unwrap_or(0);
            let scale = 1.0 / as_float(1 << ONE);
            piece
                .clone()
                .map(|n| as_float(values[n] - base) - as_float(at(n) - at(piece.start)) * scale)
                .collect()
        })
        .collect();
    let mut best = (f64::MAX, Pace::default());
    for level in LEVELS {
        let (error, last, before) = fit_pace(&distances, level);
        if error < best.0 {
            best = (
                error,
                Pace {
                    last,
                    before,
                    level,
                    width: 3,
                },
            );
        }
    }
    let start = start_of(&distances);
    let whole = Planned {
        plan: Plan {
            pace: best.1,
            start,
        },
        bits: f64::MAX,
    };
    cheapest_width(values, curve, whole)
}

/// The weights of the last two distances against a level, and their squared error.
fn fit_pace(pieces: &[Vec<f64>], level: u32) -> (f64, i64, i64) {
    let follow = 1.0 / f64::from(1_u32 << level);
    let mut squares = Squares::<2>::new();
    let (mut total, mut weights) = (0.0, 0.0);
    for piece in pieces {
        let mut noise = Noise(1.0);
        let first = piece.first().copied().unwrap_or_default();
        let (mut mean, mut last, mut before) = (first, first, first);
        for value in piece {
            let weight = noise.weight(value - last);
            let terms = [last - mean, before - mean];
            squares.add(&terms, value - mean, weight);
            total += weight * (value - mean) * (value - mean);
            weights += weight;
            mean += (value - mean) * follow;
            (before, last) = (last, *value);
        }
    }
    let right = squares.right;
    let solved = squares.solve(2);
    #[allow(clippy::cast_possible_truncation)] // clamped
    let rounded = |weight: f64| (weight.clamp(-4.0, 4.0) * 256.0).round() as i64;
    // What the weights explain of the squares; enough to compare levels.
    let error = (total - solved[0] * right[0] - solved[1] * right[1]) / weights.max(1e-9);
    (error, rounded(solved[0]), rounded(solved[1]))
}

/// The width to start with: the mean step at the front, as a power of two.
fn start_of(pieces: &[Vec<f64>]) -> u32 {
    let front = pieces
        .first()
        .map(|piece| &piece[..piece.len().min(24)])
        .unwrap_or_default();
    let steps: f64 = front.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    let mean = steps / as_float(i64::try_from(front.len()).unwrap_or(1)).max(1.0);
    (10..46)
        .find(|power| as_float(1 << power) > mean * as_float(1 << ONE))
        .unwrap_or(46)
}

fn cheapest_width(values: &[i64], curve: &[i64], mut best: Planned) -> Planned {
    let mut plan = best.plan;
    for width in WIDTHS {
        plan.pace.width = width;
        let bits = estimate(values, curve, &plan);
        if bits < best.bits {
            best = Planned { plan, bits };
        }
    }
    best
}

/// What a column takes by a plan, in bits, judged by its pieces.
pub(super) fn estimate(values: &[i64], curve: &[i64], plan: &Plan) -> f64 {
    let pieces = pieces(values.len());
    let judged: usize = pieces.iter().map(ExactSizeIterator::len).sum();
    let bits: f64 = pieces
        .into_iter()
        .map(|piece| {
            cost(
                &values[piece.clone()],
                curve.get(piece).unwrap_or_default(),
                plan,
            )
        })
        .sum();
    let count = |n: usize| as_float(i64::try_from(n).unwrap_or(i64::MAX));
    bits * count(values.len()) / count(judged.max(1))
}

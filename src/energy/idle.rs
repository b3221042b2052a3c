//! *pure* — what a machine does, learnt from its power: off, idle or running.
//!
//! The mean powers of minutes fall into two or three heaps. Where to cut is decided by Otsu's
//! method (IEEE Transactions on Systems, Man and Cybernetics 9, 1979): the cuts between which the
//! values differ least, on the square root of the power, so that standby is seen beside full load.

use serde::Serialize;
use utoipa::ToSchema;

/// Cells of the histogram.
const CELLS: usize = 128;
/// Fewest minutes from which anything is learnt: a day.
const LEARN_MIN: usize = 1_440;
/// A state that is seen in less of the time than this is chance.
const SHARE_MIN: f64 = 0.01;
/// A middle heap must explain at least this much of what two heaps leave over.
const BETTER: f64 = 0.6;
/// Below this share of the running power a low heap is off, above it idle.
const OFF_SHARE: f64 = 0.05;
/// Heaps closer than this share of the upper one are one heap.
const APART: f64 = 0.35;
/// How far the power must go beyond a cut before the state changes, as a share of the cut.
const BAND: f64 = 0.05;

/// What a machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MachineState {
    /// It takes next to nothing.
    Off,
    /// It is switched on and makes nothing.
    Idle,
    /// It works.
    Run,
}

/// The powers between which the states lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Cuts {
    /// Below it the machine is off, kW; 0 when it was never seen off.
    pub off_below_kw: f64,
    /// Above it the machine runs, kW.
    pub run_above_kw: f64,
}

/// Learns the cuts from mean powers of minutes, kW; `None` when there are too few of them, or all
/// are of one kind.
#[must_use]
pub fn learn(powers: &[f64]) -> Option<Cuts> {
    if powers.len() < LEARN_MIN {
        return None;
    }
    let mut sorted: Vec<f64> = powers.iter().map(|p| p.abs()).collect();
    sorted.sort_by(f64::total_cmp);
    // What is rare on top must not stretch the scale.
    let top = sorted[sorted.len() * 99 / 100];
    if top.is_nan() || top <= 0.0 {
        return None;
    }
    let heaps = Heaps::of(&sorted, top);
    let run_or_less = heaps.two()?;
    let three = heaps
        .three()
        .filter(|(low, high)| heaps.is_better(run_or_less, *low, *high));
    let power = |cut: usize| heaps.power(cut);
    Some(match three {
        Some((low, high)) => Cuts {
            off_below_kw: power(low),
            run_above_kw: power(high),
        },
        None => {
            let (below, above) = heaps.means(run_or_less);
            let cut = power(run_or_less);
            if below <= OFF_SHARE * above {
                // Nothing between: what is not off runs.
                Cuts {
                    off_below_kw: cut,
                    run_above_kw: cut,
                }
            } else {
                Cuts {
                    off_below_kw: 0.0,
                    run_above_kw: cut,
                }
            }
        }
    })
}

/// A histogram of roots of powers, with running sums.
struct Heaps {
    top: f64,
    /// Values, their sum and the sum of their squares up to each cell, on the scale of roots.
    sums: Vec<(f64, f64, f64)>,
}

impl Heaps {
    fn of(powers: &[f64], top: f64) -> Self {
        let mut cells = vec![(0.0, 0.0, 0.0); CELLS];
        for power in powers {
            let root = (power / top).min(1.0).sqrt();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to CELLS
            #[allow(clippy::cast_precision_loss)]
            let place = ((root * CELLS as f64) as usize).min(CELLS - 1);
            let (count, sum, squares) = &mut cells[place];
            *count += 1.0;
            *sum += root;
            *squares += root * root;
        }
        let mut sums = vec![(0.0, 0.0, 0.0)];
        let mut total = (0.0, 0.0, 0.0);
        for (count, sum, squares) in cells {
            total = (total.0 + count, total.1 + sum, total.2 + squares);
            sums.push(total);
        }
        Self { top, sums }
    }

    /// Values, mean and sum of squared distances of the cells from `from` up to `to`.
    fn heap(&self, from: usize, to: usize) -> (f64, f64, f64) {
        let (low, high) = (self.sums[from], self.sums[to]);
        let (count, sum, squares) = (high.0 - low.0, high.1 - low.1, high.2 - low.2);
        if count <= 0.0 {
            return (0.0, 0.0, 0.0);
        }
        (count, sum / count, (squares - sum * sum / count).max(0.0))
    }

    fn is_heap(&self, from: usize, to: usize) -> bool {
        self.heap(from, to).0 >= SHARE_MIN * self.sums[CELLS].0
    }

    fn scatter(&self, cuts: &[usize]) -> f64 {
        let edges = [&[0], cuts, &[CELLS]].concat();
        edges
            .windows(2)
            .map(|edge| self.heap(edge[0], edge[1]).2)
            .sum()
    }

    /// The best cut into two heaps that are apart.
    fn two(&self) -> Option<usize> {
        let cuts = (1..CELLS).filter(|cut| self.is_heap(0, *cut) && self.is_heap(*cut, CELLS));
        let best = cuts.min_by(|a, b| self.scatter(&[*a]).total_cmp(&self.scatter(&[*b])))?;
        let (below, above) = self.means(best);
        (above - below >= APART * above).then_some(self.middle(best))
    }

    /// The best cuts into three.
    fn three(&self) -> Option<(usize, usize)> {
        let pairs = (1..CELLS).flat_map(|low| (low + 1..CELLS).map(move |high| (low, high)));
        let heaps = |(low, high): &(usize, usize)| {
            self.is_heap(0, *low) && self.is_heap(*low, *high) && self.is_heap(*high, CELLS)
        };
        let scatter = |(low, high): &(usize, usize)| self.scatter(&[*low, *high]);
        let best = pairs
            .filter(heaps)
            .min_by(|a, b| scatter(a).total_cmp(&scatter(b)))?;
        Some((self.middle(best.0), self.middle(best.1)))
    }

    /// Whether three heaps tell much more than two, and the lowest is off.
    fn is_better(&self, two: usize, low: usize, high: usize) -> bool {
        let (off, idle) = (self.heap(0, low).1.powi(2), self.heap(low, high).1.powi(2));
        let run = self.heap(high, CELLS).1.powi(2);
        let explained = 1.0 - self.scatter(&[low, high]) / self.scatter(&[two]).max(1e-12);
        explained >= BETTER && off <= OFF_SHARE * run && run - idle >= APART * run
    }

    /// The middle of the empty cells around a cut: as far from both heaps as can be.
    fn middle(&self, cut: usize) -> usize {
        let is_empty = |cell: usize| self.heap(cell, cell + 1).0 == 0.0;
        let mut low = cut;
        while low > 1 && is_empty(low - 1) {
            low -= 1;
        }
        let mut high = cut;
        while high < CELLS - 1 && is_empty(high) {
            high += 1;
        }
        usize::midpoint(low, high)
    }

    /// The mean powers below and above a cut, as shares of the top.
    fn means(&self, cut: usize) -> (f64, f64) {
        (self.heap(0, cut).1.powi(2), self.heap(cut, CELLS).1.powi(2))
    }

    fn power(&self, cut: usize) -> f64 {
        #[allow(clippy::cast_precision_loss)] // at most CELLS
        let root = cut as f64 / CELLS as f64;
        root * root * self.top
    }
}

/// Follows the state of a machine: a power that hangs around a cut changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Follower {
    cuts: Cuts,
    state: Option<MachineState>,
}

impl Follower {
    /// A machine with these cuts, of which nothing is known yet.
    #[must_use]
    pub const fn new(cuts: Cuts) -> Self {
        Self { cuts, state: None }
    }

    /// The state in a minute with this mean power; `None` where nothing was measured, which is
    /// forgotten at once.
    pub fn next(&mut self, power_kw: Option<f64>) -> Option<MachineState> {
        let power = power_kw?.abs();
        let above = |cut: f64, holds: bool| {
            let band = if holds { 1.0 - BAND } else { 1.0 + BAND };
            power > cut * band
        };
        let was = self.state;
        let runs = above(self.cuts.run_above_kw, was == Some(MachineState::Run));
        let on = above(
            self.cuts.off_below_kw,
            was.is_some_and(|s| s > MachineState::Off),
        );
        let state = match (runs, on || self.cuts.off_below_kw == 0.0) {
            (true, _) => MachineState::Run,
            // Between the bands of two cuts that are one.
            (false, true) if self.cuts.off_below_kw >= self.cuts.run_above_kw => {
                was.unwrap_or(MachineState::Off)
            }
            (false, true) => MachineState::Idle,
            (false, false) => MachineState::Off,
        };
        self.state = Some(state);
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day in minutes: off at night, idle in the breaks, running else, with some noise.
    fn day(off: f64, idle: f64, run: f64) -> Vec<f64> {
        let power = |minute: u32| {
            let noise = f64::from(minute * 7_919 % 101) / 100.0 - 0.5;
            match minute % 480 {
                0..160 => off * (1.0 + 0.1 * noise),
                160..240 => idle * (1.0 + 0.1 * noise),
                _ => run * (1.0 + 0.3 * noise),
            }
        };
        (0..2_880).map(power).collect()
    }

    #[test]
    fn three_heaps_are_told_apart() {
        for (off, idle, run) in [(0.0, 4.0, 20.0), (0.05, 1.2, 7.5), (0.2, 30.0, 110.0)] {
            let cuts = learn(&day(off, idle, run)).unwrap();
            let between = |a: f64, cut: f64, b: f64| cut > a * 1.06 && cut < b * 0.84;
            assert!(
                between(off, cuts.off_below_kw, idle),
                "{cuts:?} {off} {idle} {run}"
            );
            assert!(
                between(idle, cuts.run_above_kw, run),
                "{cuts:?} {off} {idle} {run}"
            );
        }
    }

    #[test]
    fn two_heaps_are_off_and_run_or_idle_and_run() {
        let cuts = learn(&day(0.0, 0.0, 12.0)).unwrap();
        assert!(
            (cuts.off_below_kw - cuts.run_above_kw).abs() < 1e-12 && cuts.run_above_kw < 10.0,
            "{cuts:?}"
        );
        let cuts = learn(&day(3.0, 3.0, 12.0)).unwrap();
        assert!(
            cuts.off_below_kw == 0.0 && (3.5..10.0).contains(&cuts.run_above_kw),
            "{cuts:?}"
        );
    }

    #[test]
    fn nothing_is_learnt_from_one_heap_or_too_little() {
        assert_eq!(learn(&day(10.0, 10.0, 10.0)), None);
        assert_eq!(learn(&day(0.0, 4.0, 20.0)[..600]), None);
        assert_eq!(learn(&[0.0; 3_000]), None);
    }

    #[test]
    fn a_power_that_hangs_around_a_cut_changes_nothing() {
        use MachineState::{Idle, Off, Run};
        let cuts = Cuts {
            off_below_kw: 1.0,
            run_above_kw: 10.0,
        };
        let mut machine = Follower::new(cuts);
        let powers = [0.2, 1.02, 3.0, 0.97, 10.2, 12.0, 9.7, 10.1, 9.0, 0.5];
        let states: Vec<_> = powers
            .iter()
            .map(|p| machine.next(Some(*p)).unwrap())
            .collect();
        assert_eq!(
            states,
            [Off, Off, Idle, Idle, Idle, Run, Run, Run, Idle, Off]
        );
        assert_eq!(machine.next(None), None);
        let one = Cuts {
            off_below_kw: 5.0,
            run_above_kw: 5.0,
        };
        let mut machine = Follower::new(one);
        let states: Vec<_> = [5.1, 6.0, 4.9, 4.0]
            .iter()
            .map(|p| machine.next(Some(*p)).unwrap())
            .collect();
        assert_eq!(states, [Off, Run, Run, Off]);
    }
}

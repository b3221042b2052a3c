//! *pure* — the voltage of a week against the limits of EN 50160:2010, clause 4, from means of ten
//! minutes. Indicative: a meter is no class A instrument (EN 61000-4-30), frequency is judged by
//! ten-minute means instead of ten seconds, and unbalance by the magnitudes of the phases.

use super::places::millionths;
use serde::Serialize;
use utoipa::ToSchema;

/// Less of the week than this says nothing of it.
const COVERAGE_MIN: f64 = 0.8;

/// Means of ten minutes; `None` where nothing was measured.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// Voltage of each phase, V; one alone where the meter knows no phases.
    pub voltages: Vec<Option<f64>>,
    /// Mains frequency, Hz.
    pub frequency_hz: Option<f64>,
    /// Total harmonic distortion of the voltage, the worst phase, %.
    pub thd_percent: Option<f64>,
    /// Readings of the voltage that its mean is made of, of the phase that has the fewest; `None`
    /// where there is no mean.
    pub readings: Option<u32>,
}

/// Means of the voltage that are made of one reading or none: the meter is read less often than
/// twice in ten minutes, and what its voltage was in between nobody knows.
#[must_use]
pub fn estimated(intervals: &[Interval]) -> usize {
    let few = |interval: &&Interval| interval.readings.is_some_and(|count| count < 2);
    intervals.iter().filter(few).count()
}

/// What was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PowerQualityCharacteristic)]
pub enum Characteristic {
    /// Slow changes of the voltage: 95 % of the week within ±10 %.
    Voltage,
    /// The same: all of the week within +10 and -15 %.
    VoltageAlways,
    /// Phases against each other: 95 % of the week at most 2 %.
    Unbalance,
    /// 99.5 % of the time within ±1 %.
    Frequency,
    /// All of the time within +4 and -6 %.
    FrequencyAlways,
    /// Harmonics: 95 % of the week at most 8 %.
    Harmonics,
}

/// How it was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PowerQualityVerdict)]
pub enum Verdict {
    /// The limit was kept.
    Kept,
    /// It was not.
    Broken,
    /// Too little was measured to say.
    Unknown,
}

/// One line of the statement.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = PowerQualityLine)]
pub struct Line {
    /// What was judged.
    pub characteristic: Characteristic,
    /// Lower limit, in the unit of the characteristic; `null` where there is none.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: f64,
    /// V, Hz or %.
    pub unit: &'static str,
    /// Which share of the means must lie within.
    pub wanted: f64,
    /// Which share does; of voltages the worst phase. `null` when nothing was measured.
    pub within: Option<f64>,
    /// The smallest mean.
    pub min: Option<f64>,
    /// The greatest mean.
    pub max: Option<f64>,
    /// How much of the week was measured, 0 to 1.
    pub coverage: f64,
    /// The verdict.
    pub verdict: Verdict,
}

struct Limit {
    characteristic: Characteristic,
    low: Option<f64>,
    high: f64,
    unit: &'static str,
    wanted: f64,
}

/// The statement of a week, or of the part of it that is over.
#[must_use]
pub fn statement(intervals: &[Interval], nominal_v: f64, nominal_hz: f64) -> Vec<Line> {
    use Characteristic as C;
    let phases = intervals
        .iter()
        .map(|i| i.voltages.len())
        .max()
        .unwrap_or(0);
    let voltages: Vec<Vec<Option<f64>>> = (0..phases)
        .map(|n| {
            intervals
                .iter()
                .map(|i| i.voltages.get(n).copied().flatten())
                .collect()
        })
        .collect();
    let unbalance = vec![intervals.iter().map(unbalance_percent).collect()];
    let frequency = vec![intervals.iter().map(|i| i.frequency_hz).collect()];
    let thd = vec![intervals.iter().map(|i| i.thd_percent).collect()];
    let limit = |characteristic, low: Option<f64>, high: f64, unit, wanted| Limit {
        characteristic,
        low: low.map(millionths),
        high: millionths(high),
        unit,
        wanted,
    };
    let (v, f) = (nominal_v, nominal_hz);
    [
        (
            limit(C::Voltage, Some(0.9 * v), 1.1 * v, "V", 0.95),
            &voltages,
        ),
        (
            limit(C::VoltageAlways, Some(0.85 * v), 1.1 * v, "V", 1.0),
            &voltages,
        ),
        (limit(C::Unbalance, None, 2.0, "%", 0.95), &unbalance),
        (
            limit(C::Frequency, Some(0.99 * f), 1.01 * f, "Hz", 0.995),
            &frequency,
        ),
        (
            limit(C::FrequencyAlways, Some(0.94 * f), 1.04 * f, "Hz", 1.0),
            &frequency,
        ),
        (limit(C::Harmonics, None, 8.0, "%", 0.95), &thd),
    ]
    .into_iter()
    .map(|(limit, series)| judge(&limit, series, intervals.len()))
    .collect()
}

/// How far the phases are from their mean at most, %.
fn unbalance_percent(interval: &Interval) -> Option<f64> {
    let phases: Vec<f64> = interval.voltages.iter().copied().flatten().collect();
    let [a, b, c] = phases.as_slice() else {
        return None;
    };
    let mean = (a + b + c) / 3.0;
    let worst = [a, b, c]
        .iter()
        .map(|v| (*v - mean).abs())
        .fold(0.0, f64::max);
    (mean > 0.0).then(|| worst / mean * 100.0)
}

fn judge(limit: &Limit, series: &[Vec<Option<f64>>], intervals: usize) -> Line {
    let share = |part: usize, whole: usize| {
        #[allow(clippy::cast_precision_loss)] // a week
        let share = part as f64 / whole.max(1) as f64;
        share
    };
    let inside = |v: &&f64| limit.low.is_none_or(|low| **v >= low) && **v <= limit.high;
    let (mut within, mut coverage) = (None::<f64>, 1.0f64);
    let mut known_all = Vec::new();
    for values in series {
        let known: Vec<f64> = values.iter().copied().flatten().collect();
        coverage = coverage.min(share(known.len(), intervals));
        if !known.is_empty() {
            let kept = share(known.iter().filter(inside).count(), known.len());
            within = Some(within.map_or(kept, |worst| worst.min(kept)));
        }
        known_all.extend(known);
    }
    if series.is_empty() || intervals == 0 {
        coverage = 0.0;
    }
    let verdict = match within {
        Some(within) if coverage >= COVERAGE_MIN => {
            if within >= limit.wanted {
                Verdict::Kept
            } else {
                Verdict::Broken
            }
        }
        _ => Verdict::Unknown,
    };
    Line {
        characteristic: limit.characteristic,
        low: limit.low,
        high: limit.high,
        unit: limit.unit,
        wanted: limit.wanted,
        within,
        min: known_all.iter().copied().reduce(f64::min),
        max: known_all.iter().copied().reduce(f64::max),
        coverage,
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten-minute means of a week.
    const INTERVALS: usize = 1_008;

    fn week(change: impl Fn(usize, &mut Interval)) -> Vec<Line> {
        let calm = |n: usize| {
            let mut interval = Interval {
                voltages: vec![Some(230.0), Some(231.0), Some(229.0)],
                frequency_hz: Some(50.01),
                thd_percent: Some(2.5),
                readings: Some(60),
            };
            change(n, &mut interval);
            interval
        };
        let intervals: Vec<_> = (0..INTERVALS).map(calm).collect();
        statement(&intervals, 230.0, 50.0)
    }

    fn verdicts(lines: &[Line]) -> Vec<Verdict> {
        lines.iter().map(|line| line.verdict).collect()
    }

    #[test]
    fn a_mean_of_one_reading_is_estimated() {
        let of = |readings| Interval {
            readings,
            ..Interval::default()
        };
        let all = [Some(60), Some(2), Some(1), Some(0), None].map(of);
        assert_eq!(estimated(&all), 2);
    }

    #[test]
    fn the_limits_are_those_of_the_standard() {
        use Verdict::{Broken, Kept, Unknown};
        let calm = week(|_, _| {});
        assert_eq!(verdicts(&calm), [Kept; 6]);
        let near = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-9;
        assert!(near(calm[0].low, 207.0) && (calm[0].high - 253.0).abs() < 1e-9);
        assert!(near(calm[2].max, 1.0 / 2.3), "{:?}", calm[2]);
        // Fifty of 1,008 are 4.96 %, fifty-one 5.06 %.
        let low = |count: usize| {
            week(move |n, i| {
                if n < count {
                    i.voltages[1] = Some(205.0);
                }
            })
        };
        assert_eq!(low(50)[0].verdict, Kept);
        assert_eq!(low(51)[0].verdict, Broken);
        assert_eq!(low(51)[1].verdict, Kept, "205 V is above -15 %");
        assert_eq!(low(51)[2].verdict, Broken, "one phase alone is low");
        let sag = week(|n, i| {
            if n == 7 {
                i.voltages[0] = Some(190.0);
            }
        });
        assert_eq!(verdicts(&sag), [Kept, Broken, Kept, Kept, Kept, Kept]);
        let fast = week(|n, i| {
            if n < 6 {
                i.frequency_hz = Some(50.6);
            }
        });
        assert_eq!(verdicts(&fast)[3..5], [Broken, Kept]);
        let dirty = week(|n, i| {
            if n < 60 {
                i.thd_percent = Some(8.5);
            }
        });
        assert_eq!(dirty[5].verdict, Broken);
        let half = week(|n, i| {
            if n.is_multiple_of(2) {
                *i = Interval::default();
            }
        });
        assert_eq!(verdicts(&half), [Unknown; 6]);
        assert_eq!(verdicts(&statement(&[], 230.0, 50.0)), [Unknown; 6]);
        let one = Interval {
            voltages: vec![Some(230.0)],
            ..Interval::default()
        };
        let found = statement(&vec![one; INTERVALS], 230.0, 50.0);
        assert_eq!(
            verdicts(&found),
            [Kept, Kept, Unknown, Unknown, Unknown, Unknown]
        );
    }
}

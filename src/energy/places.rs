//! *pure* — figures of a bucket from the columns of many meters.

use super::history::{HistoryPoint, HistoryQuery};
use crate::base::sample::MetricKind;
use crate::base::{EquipmentId, Metric, Phase};
use crate::tsdb::rollup::Summary;
use crate::tsdb::{Bucket, SeriesId};

const MS_PER_HOUR: f64 = 3_600_000.0;

/// What one column of a query stands for.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) equipment: EquipmentId,
    pub(super) metric: Metric,
    pub(super) phase: Phase,
    pub(super) series: SeriesId,
}

/// Means that a site shows as a mean over its meters; everything else adds up.
fn is_intensive(metric: &Metric) -> bool {
    let name = metric.as_str();
    ["voltage", "frequency", "power_factor", "temperature", "thd"]
        .iter()
        .any(|w| name.contains(w))
}

/// Which columns a figure of a point is made of.
pub(super) struct Places {
    consumption: EnergyPlaces,
    power: Vec<usize>,
    phases: [Vec<usize>; 3],
    voltage: Vec<usize>,
    frequency: Vec<usize>,
    power_factor: Vec<usize>,
    current: Vec<usize>,
    temperature: Vec<usize>,
    asked: Vec<usize>,
    asked_energy: Option<Asked>,
    intensive: bool,
}

/// The counter that is asked for.
enum Asked {
    /// The one that every point tells.
    Consumption,
    Other(EnergyPlaces),
}

/// The counters of the meters, and the power of those that have none.
struct EnergyPlaces {
    counters: Vec<usize>,
    stand_ins: Vec<usize>,
}

impl Places {
    pub(super) fn of(columns: &[Column], query: &HistoryQuery) -> Self {
        let of = |metric: &Metric, phase: Phase| -> Vec<usize> {
            let is = |n: &usize| columns[*n].metric == *metric && columns[*n].phase == phase;
            (0..columns.len()).filter(is).collect()
        };
        let total = |metric: &Metric| of(metric, Phase::Total);
        let energy = |metric: &Metric, phase: Phase| {
            let counters = of(metric, phase);
            let counted = |n: &usize| {
                let same = |c: &usize| columns[*c].equipment == columns[*n].equipment;
                counters.iter().any(same)
            };
            let mut stand_ins = Vec::new();
            if *metric == Metric::CONSUMPTION {
                stand_ins = total(&Metric::POWER);
                stand_ins.retain(|n| !counted(n));
            }
            EnergyPlaces {
                counters,
                stand_ins,
            }
        };
        let is_counter = query.metric.kind() == MetricKind::Counter;
        Self {
            consumption: energy(&Metric::CONSUMPTION, Phase::Total),
            power: total(&Metric::POWER),
            phases: Phase::LINES.map(|phase| of(&Metric::VOLTAGE, phase)),
            voltage: total(&Metric::VOLTAGE),
            frequency: total(&Metric::FREQUENCY),
            power_factor: total(&Metric::POWER_FACTOR),
            current: total(&Metric::CURRENT),
            temperature: total(&Metric::TEMPERATURE),
            asked: of(&query.metric, query.phase),
            asked_energy: is_counter.then(|| match (&query.metric, query.phase) {
                (metric, Phase::Total) if *metric == Metric::CONSUMPTION => Asked::Consumption,
                (metric, phase) => Asked::Other(energy(metric, phase)),
            }),
            intensive: is_intensive(&query.metric),
        }
    }

    pub(super) fn point(&self, bucket: &Bucket<'_>, query: &HistoryQuery) -> HistoryPoint {
        let length_ms = bucket.end.since_ms(bucket.start);
        let spread = Spread::of(bucket, &self.asked, length_ms, query);
        let (mut sum, mut count) = (0.0, 0.0);
        for phase in &self.phases {
            if let Some(mean) = mean_of(bucket, phase, true) {
                sum += mean;
                count += 1.0;
            }
        }
        let voltage = if count > 0.0 {
            Some(sum / count)
        } else {
            mean_of(bucket, &self.voltage, true)
        };
        let mean = |places: &[usize], intensive| mean_of(bucket, places, intensive).map(millionths);
        let energy = self.consumption.energy(bucket);
        let asked = match &self.asked_energy {
            Some(Asked::Consumption) => energy,
            Some(Asked::Other(places)) => places.energy(bucket),
            None => mean_of(bucket, &self.asked, self.intensive),
        };
        HistoryPoint {
            timestamp: bucket.start,
            consumption: energy.map(millionths),
            power: mean(&self.power, false),
            voltage: Some(voltage.map(millionths)),
            frequency: Some(mean(&self.frequency, true)),
            power_factor: Some(mean(&self.power_factor, true)),
            current: Some(mean(&self.current, false)),
            temperature: Some(mean(&self.temperature, true)),
            value: asked.map(millionths),
            min: Some(spread.min),
            max: Some(spread.max),
            coverage: Some(Some(millionths(spread.coverage))),
            // Nothing of no energy.
            substituted: Some(energy.map(|_| millionths(self.consumption.substituted(bucket)))),
        }
    }
}

/// What is told of the one column of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// What a counter grew by.
    Growth,
    /// Energy of a meter without a counter: its mean power over the measured time.
    PowerOverTime,
    /// The mean.
    Mean,
}

impl Figure {
    /// That of a quantity which is measured by this one.
    pub(super) fn of(asked: &Metric, measured: &Metric) -> Self {
        match measured.kind() {
            MetricKind::Counter => Self::Growth,
            MetricKind::Gauge if *asked == Metric::CONSUMPTION => Self::PowerOverTime,
            MetricKind::Gauge => Self::Mean,
        }
    }

    /// The figure of a bucket to a millionth of its unit, as [`Places`] has it; `None` when nothing
    /// is known of it.
    pub(super) fn read(self, summary: &Summary) -> Option<f64> {
        let is_known = summary.covered_ms > 0 || (self == Self::Growth && summary.delta > 0.0);
        let value = match self {
            Self::Growth => summary.delta,
            Self::PowerOverTime => summary.weighted_sum / MS_PER_HOUR,
            Self::Mean => summary.mean(),
        };
        is_known.then(|| millionths(value))
    }
}

/// How much of a bucket was measured, 0 to 1, to a millionth.
pub(super) fn covered(summary: &Summary, length_ms: i64) -> f64 {
    match summary.covered_ms > 0 {
        true => millionths(summary.coverage(length_ms).min(1.0)),
        false => 0.0,
    }
}

/// A float from here on has no places.
const WHOLE_FROM: f64 = 4_503_599_627_370_496.0;

/// A computed figure to a millionth of its unit, a milliwatt-hour of a kWh: what lies behind is the
/// dirt of binary fractions, which no meter measured and every reader has to carry.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // below 2^52
pub(super) fn millionths(value: f64) -> f64 {
    let scaled = value * 1e6;
    // A figure too large to have such digits is left as it is.
    if scaled.is_nan() || scaled.abs() >= WHOLE_FROM {
        return value;
    }
    // Half away from zero as `f64::round`, which is a call where the processor is not known to round
    // by itself, for each figure of each point.
    let whole = scaled as i64;
    let rest = scaled - whole as f64;
    let rounded = whole + i64::from(rest >= 0.5) - i64::from(rest <= -0.5);
    rounded as f64 / 1e6
}

impl EnergyPlaces {
    /// Energy of all meters in a bucket: the delta of the counter, or for a meter that has none
    /// the mean power over the measured time.
    fn energy(&self, bucket: &Bucket<'_>) -> Option<f64> {
        let mut energy = None;
        for summary in known(bucket, &self.counters) {
            if summary.covered_ms > 0 || summary.delta > 0.0 {
                *energy.get_or_insert(0.0) += summary.delta;
            }
        }
        for summary in known(bucket, &self.stand_ins) {
            if summary.covered_ms > 0 {
                *energy.get_or_insert(0.0) += summary.weighted_sum / MS_PER_HOUR;
            }
        }
        energy
    }

    /// The part of the energy that is not as it was read.
    fn substituted(&self, bucket: &Bucket<'_>) -> f64 {
        let parts = self.counters.iter().map(|n| bucket.substituted(*n));
        parts.fold(0.0, |sum, part| sum + part)
    }
}

/// What is known of some columns of a bucket.
fn known<'b>(
    bucket: &Bucket<'b>,
    places: &'b [usize],
) -> impl Iterator<Item = &'b Summary> + Clone {
    let columns = bucket.columns;
    places.iter().filter_map(|n| columns[*n].as_ref())
}

/// The mean of the meters that were measured, or the sum of their means.
fn mean_of(bucket: &Bucket<'_>, places: &[usize], intensive: bool) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for summary in known(bucket, places) {
        if summary.covered_ms > 0 {
            sum += summary.mean();
            count += 1.0;
        }
    }
    (count > 0.0).then(|| if intensive { sum / count } else { sum })
}

/// Smallest, greatest and coverage of the asked quantity.
#[derive(Clone, Copy, Debug)]
struct Spread {
    min: Option<f64>,
    max: Option<f64>,
    coverage: f64,
}

impl Spread {
    fn of(bucket: &Bucket<'_>, places: &[usize], length_ms: i64, query: &HistoryQuery) -> Self {
        let covered = || known(bucket, places).filter(|summary| summary.covered_ms > 0);
        #[allow(clippy::cast_precision_loss)] // a few thousand meters
        let meters = query.equipment.len().max(1) as f64;
        // An empty sum is minus zero.
        let coverage = covered().fold(0.0, |sum, s| sum + s.coverage(length_ms)) / meters;
        // The extremes of several meters are not reached at the same time: there is no honest sum.
        let single = (query.equipment.len() == 1)
            .then(|| covered().next())
            .flatten();
        Self {
            min: single.map(|s| s.min),
            max: single.map(|s| s.max),
            coverage: coverage.min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_are_those_of_the_standard_library() {
        let mut figures = vec![0.0, 0.3, 1e-7, 4.4e9, 12_345.678_912_5, 999_999.999_999_5];
        // Halves, and what lies beside them.
        for whole in [0_u32, 1, 2, 7, 1_000_001, 4_000_000_000] {
            let half = (f64::from(whole) + 0.5) / 1e6;
            figures.extend([half, half.next_up(), half.next_down()]);
        }
        for figure in figures.iter().flat_map(|figure| [*figure, -figure]) {
            let wanted = (figure * 1e6).round() / 1e6;
            // Nothing has no sign here.
            let same = millionths(figure).to_bits() == (wanted + 0.0).to_bits();
            assert!(same, "{figure}: {} for {wanted}", millionths(figure));
        }
        for far in [4.6e9, 1e300, f64::MAX, f64::INFINITY] {
            assert_eq!(millionths(-far).to_bits(), (-far).to_bits());
        }
        assert!(millionths(f64::NAN).is_nan());
    }
}

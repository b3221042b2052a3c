//! *pure* — bars and lines over an axis, as shapes.

use super::document::{Chart, Form};
use super::format;
use super::scene::{Anchor, FOOT, Ink, LEGEND, Scene, count, width_of};
use crate::notify::Language;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// Most lines across.
const TICKS_MAX: f64 = 5.0;

/// The plot of a chart on the page.
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) top: f32,
    pub(super) bottom: f32,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Frame {
    fn y(&self, value: f64) -> f32 {
        #[allow(clippy::cast_possible_truncation)] // points of a page
        let share = ((value - self.low) / (self.high - self.low)) as f32;
        self.bottom - share * (self.bottom - self.top)
    }

    fn slot(&self, slots: usize) -> f32 {
        (self.right - self.left) / count(slots.max(1))
    }
}

/// Draws bars or lines with their axes.
pub(super) fn plot(scene: &mut Scene, chart: &Chart, language: Language) {
    let (low, high, step) = scale(chart);
    let decimals = if step < 1.0 { 2 } else { 0 };
    let mut ticks = Vec::new();
    let mut tick = low;
    while tick <= high + step / 2.0 {
        let value = Decimal::from_f64_retain(tick).unwrap_or_default();
        ticks.push((tick, format::number(value, decimals, language)));
        tick += step;
    }
    let widest = ticks.iter().map(|(_, text)| width_of(text));
    let frame = Frame {
        left: widest.fold(12.0, f32::max) + 6.0,
        right: scene.width - 2.0,
        top: LEGEND + 6.0,
        bottom: scene.height - FOOT,
        low,
        high,
    };
    for (value, text) in ticks {
        let y = frame.y(value);
        let ink = if value.abs() < step / 2.0 {
            Ink::Axis
        } else {
            Ink::Grid
        };
        scene.line(&[frame.left, y, frame.right, y], 0.5, ink);
        scene.text((frame.left - 4.0, y + 2.6), Anchor::Right, text);
    }
    match chart.form {
        Form::Lines => lines(scene, chart, &frame),
        _ => bars(scene, chart, &frame),
    }
    labels(scene, chart, &frame);
    legend(scene, chart, &frame);
}

/// The value of a series at a place.
pub(super) fn value_at(values: &[Option<Decimal>], at: usize) -> Option<f64> {
    values.get(at).copied().flatten().and_then(|v| v.to_f64())
}

/// From where to where the axis goes, and in which steps.
fn scale(chart: &Chart) -> (f64, f64, f64) {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for at in 0..chart.labels.len() {
        let all = chart.series.iter();
        let values: Vec<f64> = all
            .filter_map(|series| value_at(&series.values, at))
            .collect();
        if chart.form == Form::Stacked {
            high = high.max(values.iter().filter(|v| **v > 0.0).sum());
            low = low.min(values.iter().filter(|v| **v < 0.0).sum());
        } else {
            high = values.iter().copied().fold(high, f64::max);
            low = values.iter().copied().fold(low, f64::min);
        }
    }
    if let Some(limit) = chart.limit.as_ref().and_then(|limit| limit.value.to_f64()) {
        high = high.max(limit);
    }
    if high - low <= 0.0 {
        // Half of an alert is none.
        return (0.0, 1.0, if chart.decimals == 0 { 1.0 } else { 0.5 });
    }
    let rough = (high - low) / TICKS_MAX;
    let size = 10.0_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 2.5, 5.0, 10.0];
    let step = nice.into_iter().map(|n| n * size).find(|s| *s >= rough);
    let step = step.unwrap_or(size * 10.0);
    let step = match chart.decimals {
        0 => step.ceil(),
        _ => step,
    };
    (
        (low / step).floor() * step,
        (high / step).ceil() * step,
        step,
    )
}

fn bars(scene: &mut Scene, chart: &Chart, frame: &Frame) {
    let slot = frame.slot(chart.labels.len());
    let room = slot * if slot > 4.0 { 0.72 } else { 0.9 };
    let beside = match chart.form {
        Form::Stacked => 1,
        _ => chart.series.len().max(1),
    };
    let bar = room / count(beside);
    for at in 0..chart.labels.len() {
        let start = frame.left + slot * count(at) + (slot - room) / 2.0;
        let (mut above, mut below) = (0.0, 0.0);
        for (number, series) in chart.series.iter().enumerate() {
            let Some(value) = value_at(&series.values, at) else {
                continue;
            };
            let (from, x) = match chart.form {
                Form::Stacked if value < 0.0 => (below, start),
                Form::Stacked => (above, start),
                _ => (0.0, start + bar * count(number)),
            };
            let (a, b) = (frame.y(from), frame.y(from + value));
            scene.rect((x, a.min(b)), (bar, (a - b).abs()), Ink::Series(number));
            if value < 0.0 {
                below += value;
            } else {
                above += value;
            }
        }
    }
}

fn lines(scene: &mut Scene, chart: &Chart, frame: &Frame) {
    let slot = frame.slot(chart.labels.len());
    for (number, series) in chart.series.iter().enumerate() {
        let mut points = Vec::new();
        for at in 0..chart.labels.len() {
            match value_at(&series.values, at) {
                Some(value) => {
                    let x = frame.left + slot * (count(at) + 0.5);
                    points.extend([x, frame.y(value)]);
                }
                // A gap stays a gap.
                None => stroke(scene, &mut points, number),
            }
        }
        stroke(scene, &mut points, number);
    }
}

fn stroke(scene: &mut Scene, points: &mut Vec<f32>, number: usize) {
    match points.len() {
        0 => {}
        2 => scene.rect(
            (points[0] - 1.0, points[1] - 1.0),
            (2.0, 2.0),
            Ink::Series(number),
        ),
        _ => scene.line(points, 1.2, Ink::Series(number)),
    }
    points.clear();
}

/// Labels that are names and not times, at most.
const NAMES_MAX: usize = 8;
/// How much lower a second line of labels stands, points.
const LOWER: f32 = 9.0;

/// Writes what each place on the axis is, as many as there is room for.
pub(super) fn labels(scene: &mut Scene, chart: &Chart, frame: &Frame) {
    let slot = frame.slot(chart.labels.len());
    let widest = chart.labels.iter().map(|label| width_of(label));
    let room = widest.fold(0.0, f32::max) + 6.0;
    let mut each = 1;
    while slot * count(each) < room && each < chart.labels.len() {
        each += 1;
    }
    // Few names are all told, every second one a line lower; of many times some are left out.
    let in_two = each == 2 && chart.form == Form::Heat && chart.labels.len() <= NAMES_MAX;
    if in_two {
        each = 1;
        scene.height += LOWER;
    }
    for (at, label) in chart.labels.iter().enumerate().step_by(each) {
        let x = frame.left + slot * (count(at) + 0.5);
        let lower = if in_two && at % 2 == 1 { LOWER } else { 0.0 };
        let y = frame.bottom + 10.0 + lower;
        scene.text((x, y), Anchor::Middle, label.clone());
    }
}

/// The unit, what each colour stands for, and the limit.
fn legend(scene: &mut Scene, chart: &Chart, frame: &Frame) {
    scene.text((0.0, 8.0), Anchor::Left, chart.unit.clone());
    let mut x = frame.left.max(width_of(&chart.unit) + 8.0);
    let named = chart.series.iter().filter(|series| !series.name.is_empty());
    if chart.series.len() > 1 {
        for (number, series) in named.enumerate() {
            scene.rect((x, 2.0), (7.0, 7.0), Ink::Series(number));
            scene.text((x + 10.0, 8.0), Anchor::Left, series.name.clone());
            x += 22.0 + width_of(&series.name);
        }
    }
    if let Some(limit) = &chart.limit
        && let Some(value) = limit.value.to_f64()
    {
        let y = frame.y(value);
        scene.line(&[frame.left, y, frame.right, y], 1.0, Ink::Limit);
        // Its name stands with those of the colours: on the line, bars would lie below the letters.
        scene.line(&[x, 5.5, x + 12.0, 5.5], 1.0, Ink::Limit);
        scene.text((x + 16.0, 8.0), Anchor::Left, limit.name.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::tests::chart;
    use super::*;

    #[test]
    fn axes_have_round_numbers() {
        let (low, high, step) = scale(&chart(Form::Bars, &[&[Some(1_234), Some(-90)]]));
        assert!((low + 500.0).abs() < 1e-9 && (high - 1_500.0).abs() < 1e-9);
        assert!((step - 500.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_counted_has_no_halves() {
        let mut counted = chart(Form::Bars, &[&[Some(1), Some(0)]]);
        counted.decimals = 0;
        let (low, high, step) = scale(&counted);
        assert!(low.abs() < 1e-9 && (high - 1.0).abs() < 1e-9 && (step - 1.0).abs() < 1e-9);
        let none = chart(Form::Bars, &[&[Some(0)]]);
        let (_, high, step) = scale(&Chart {
            decimals: 0,
            ..none
        });
        assert!((high - 1.0).abs() < 1e-9 && (step - 1.0).abs() < 1e-9);
    }
}

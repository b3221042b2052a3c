//! *pure* — a chart as shapes: what the PDF, the HTML and the page draw are the same lines.
//!
//! Time runs from left to right in every language, as it does on the page.

use super::document::{Chart, Form};
use super::format;
use super::plot::{Frame, labels, plot, value_at};
use crate::notify::Language;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use utoipa::ToSchema;

/// Size of letters, points.
const LETTERS: f32 = 7.5;
/// Mean width of a letter in parts of its size: labels are thinned by it, not set by it.
const LETTER_WIDTH: f32 = 0.56;
/// Room above the plot for the legend, and below for the labels, points.
pub(super) const LEGEND: f32 = 14.0;
pub(super) const FOOT: f32 = 14.0;
/// Height of a row of a heat map, and of any other chart, points.
const HEAT_ROW: f32 = 13.0;
const HEIGHT: f32 = 150.0;

/// With what something is drawn; whoever draws it chooses the colour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportInk)]
pub enum Ink {
    /// The colour of a series, by its number.
    Series(usize),
    /// The shade of a field, 0 to 1.
    Shade(f32),
    /// Lines across.
    Grid,
    /// The base line.
    Axis,
    /// Letters.
    Text,
    /// A limit.
    Limit,
}

/// Which point of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportAnchor)]
pub enum Anchor {
    /// Its left end.
    Left,
    /// Its middle.
    Middle,
    /// Its right end.
    Right,
}

/// A shape; lengths in points from the upper left corner.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "shape", rename_all = "snake_case")]
#[schema(as = ReportShape)]
pub enum Shape {
    /// A filled rectangle.
    Rect {
        /// Left edge.
        x: f32,
        /// Upper edge.
        y: f32,
        /// Width.
        w: f32,
        /// Height.
        h: f32,
        /// With what.
        ink: Ink,
    },
    /// A line through points.
    Line {
        /// The points, x and y in turn.
        points: Vec<f32>,
        /// Its width.
        width: f32,
        /// With what.
        ink: Ink,
    },
    /// Letters; `y` is their base line.
    Text {
        /// Where.
        x: f32,
        /// Base line.
        y: f32,
        /// Which point of the text `x` is.
        anchor: Anchor,
        /// Size.
        size: f32,
        /// What they say.
        text: String,
    },
}

/// A drawing.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ReportScene)]
pub struct Scene {
    /// Width, points.
    pub width: f32,
    /// Height, points.
    pub height: f32,
    /// The shapes, the lower ones first.
    pub shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn rect(&mut self, (x, y): (f32, f32), (w, h): (f32, f32), ink: Ink) {
        let (x, y, w, h) = (tenth(x), tenth(y), tenth(w), tenth(h));
        self.shapes.push(Shape::Rect { x, y, w, h, ink });
    }

    pub(super) fn line(&mut self, points: &[f32], width: f32, ink: Ink) {
        let points = points.iter().copied().map(tenth).collect();
        self.shapes.push(Shape::Line { points, width, ink });
    }

    pub(super) fn text(&mut self, (x, y): (f32, f32), anchor: Anchor, text: String) {
        let (x, y, size) = (tenth(x), tenth(y), LETTERS);
        self.shapes.push(Shape::Text {
            x,
            y,
            anchor,
            size,
            text,
        });
    }
}

/// A tenth of a point is finer than any printer; longer numbers would only fill files.
fn tenth(length: f32) -> f32 {
    (length * 10.0).round() / 10.0
}

pub(super) fn width_of(text: &str) -> f32 {
    #[allow(clippy::cast_precision_loss)] // letters of a label
    let letters = text.chars().count() as f32;
    letters * LETTERS * LETTER_WIDTH
}

#[allow(clippy::cast_precision_loss)] // bars of a chart
pub(super) const fn count(number: usize) -> f32 {
    number as f32
}

/// Draws a chart so wide.
#[must_use]
pub fn draw(chart: &Chart, width: f32, language: Language) -> Scene {
    let mut scene = Scene {
        width,
        height: HEIGHT,
        shapes: Vec::new(),
    };
    match chart.form {
        Form::Heat => heat(&mut scene, chart, language),
        Form::Ranked => ranked(&mut scene, chart, language),
        _ => plot(&mut scene, chart, language),
    }
    scene
}

fn heat(scene: &mut Scene, chart: &Chart, language: Language) {
    let names = chart.series.iter().map(|series| width_of(&series.name));
    // Short names may be all wide letters: more room than their mean width asks for.
    let left = names.fold(0.0, f32::max).min(scene.width / 3.0) + 12.0;
    scene.height = LEGEND + HEAT_ROW * count(chart.series.len()) + FOOT;
    let slot = (scene.width - left) / count(chart.labels.len().max(1));
    let all = || {
        let values = chart.series.iter().flat_map(|series| &series.values);
        values
            .flatten()
            .filter_map(rust_decimal::prelude::ToPrimitive::to_f64)
    };
    let low = all().fold(f64::INFINITY, f64::min).min(0.0);
    let span = (all().fold(0.0, f64::max) - low).max(f64::MIN_POSITIVE);
    for (row, series) in chart.series.iter().enumerate() {
        let y = LEGEND + HEAT_ROW * count(row);
        let place = (left - 4.0, y + HEAT_ROW - 4.0);
        scene.text(place, Anchor::Right, series.name.clone());
        for at in 0..chart.labels.len() {
            let Some(value) = value_at(&series.values, at) else {
                continue;
            };
            #[allow(clippy::cast_possible_truncation)] // 0 to 1
            let shade = ((value - low) / span) as f32;
            let shade = (shade * 100.0).round() / 100.0;
            let x = left + slot * count(at);
            scene.rect((x, y), (slot - 0.5, HEAT_ROW - 1.0), Ink::Shade(shade));
        }
    }
    let frame = Frame {
        left,
        right: scene.width,
        top: LEGEND,
        bottom: scene.height - FOOT,
        low: 0.0,
        high: 1.0,
    };
    labels(scene, chart, &frame);
    // What the palest and the darkest stand for.
    let ends = [low, low + span].map(|end| Decimal::from_f64_retain(end).unwrap_or_default());
    let ends = ends.map(|end| format::number(end, chart.decimals.min(1), language));
    let scale = format!("{} \u{b7} {} \u{2013} {}", chart.unit, ends[0], ends[1]);
    scene.text((0.0, 8.0), Anchor::Left, scale);
}

fn ranked(scene: &mut Scene, chart: &Chart, language: Language) {
    let names = chart.labels.iter().map(|label| width_of(label));
    let left = names.fold(0.0, f32::max).min(scene.width / 3.0) + 6.0;
    scene.height = HEAT_ROW * count(chart.labels.len()) + 4.0;
    let values = chart
        .series
        .first()
        .map_or(&[][..], |series| &series.values);
    let most = values.iter().flatten().map(Decimal::abs).max();
    let most = most.and_then(|most| most.to_f64()).unwrap_or(0.0);
    let most = most.max(f64::MIN_POSITIVE);
    // Room for the number behind the longest bar.
    let room = scene.width - left - 90.0;
    for (row, label) in chart.labels.iter().enumerate() {
        let y = HEAT_ROW * count(row);
        let base = y + HEAT_ROW - 4.0;
        scene.text((left - 4.0, base), Anchor::Right, label.clone());
        let Some(value) = values.get(row).copied().flatten() else {
            continue;
        };
        #[allow(clippy::cast_possible_truncation)] // points of a page
        let bar = (value.to_f64().unwrap_or(0.0).abs() / most) as f32 * room;
        let ink = if value.is_sign_negative() {
            Ink::Limit
        } else {
            Ink::Series(0)
        };
        scene.rect((left, y + 1.5), (bar, HEAT_ROW - 4.0), ink);
        let shown = format::quantity(Some(value), &chart.unit, chart.decimals, language);
        scene.text((left + bar + 4.0, base), Anchor::Left, shown);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::document::Series;
    use super::*;

    pub(crate) fn chart(form: Form, values: &[&[Option<i64>]]) -> Chart {
        let series = |values: &&[Option<i64>]| Series {
            name: "A".to_owned(),
            values: values.iter().map(|v| v.map(Decimal::from)).collect(),
        };
        Chart {
            title: String::new(),
            form,
            unit: "kWh".to_owned(),
            decimals: 0,
            labels: vec!["1".to_owned(), "2".to_owned(), "3".to_owned()],
            series: values.iter().map(series).collect(),
            limit: None,
        }
    }

    #[test]
    fn bars_stand_on_the_axis_and_on_each_other() {
        let stacked = chart(Form::Stacked, &[&[Some(30), None], &[Some(20)]]);
        let scene = draw(&stacked, 400.0, Language::En);
        let bars: Vec<(f32, f32)> = scene
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Rect { y, h, w, .. } if *w > 10.0 => Some((*y, *h)),
                _ => None,
            })
            .collect();
        let [lower, upper] = bars[..] else {
            panic!("{bars:?}");
        };
        assert!((upper.0 + upper.1 - lower.0).abs() < 0.2, "{bars:?}");
        assert!((lower.1 / upper.1 - 1.5).abs() < 0.05, "{bars:?}");
    }

    #[test]
    fn a_gap_breaks_a_line_and_an_empty_chart_is_drawn() {
        let gap = chart(Form::Lines, &[&[Some(1), None, Some(3)]]);
        let lines = |scene: &Scene| {
            let is = |shape: &&Shape| {
                matches!(
                    shape,
                    Shape::Line {
                        ink: Ink::Series(_),
                        ..
                    }
                )
            };
            scene.shapes.iter().filter(is).count()
        };
        assert_eq!(lines(&draw(&gap, 400.0, Language::Fr)), 0);
        let whole = chart(Form::Lines, &[&[Some(1), Some(2), Some(3)]]);
        assert_eq!(lines(&draw(&whole, 400.0, Language::Fr)), 1);
        for form in [Form::Bars, Form::Heat, Form::Ranked] {
            assert!(draw(&chart(form, &[]), 400.0, Language::Ar).height > 0.0);
        }
    }
}

//! One indicator of the management review: what came of it, how good its model is, its periods.

use super::document::{
    Block, Cell, Chart, Column, Figure, Form, Precision, Section, Series, Table,
};
use super::format::quantity;
use super::review::{Judged, coverage, measured};
use super::template::{Work, decimal, number_cell, percent};
use crate::base::Timestamp;
use crate::base::time::BucketSize;
use crate::energy::enpi::{Baseline, BaselineWarning, Enpi, EnpiKind, EvaluatedPoint, LeftOut};

/// Most periods that are shown one by one; more are put together by months.
const ROWS_MAX: usize = 60;

/// One indicator: what came of it, how good its model is, and its periods.
pub(super) fn section(work: &Work<'_>, one: &Judged) -> Section {
    let w = work.words;
    let mut blocks = vec![figures(work, one)];
    if let Some(baseline) = &one.baseline {
        blocks.push(Block::Text {
            text: model(work, baseline),
        });
    }
    blocks.extend(
        notes(work, one)
            .into_iter()
            .map(|text| Block::Note { text }),
    );
    let points = &one.evaluation.points;
    let stretches = stretches(work, points);
    let drawn = self::stretches(work, counted(points));
    if one.baseline.is_some() && !drawn.is_empty() {
        blocks.push(Block::Chart(cusum(work, &drawn)));
    }
    blocks.push(Block::Table(table(work, &stretches)));
    if !one.enpi.adjustments.is_empty() {
        blocks.push(Block::Table(adjustments(work, &one.enpi)));
    }
    let hash = one.baseline.as_ref().map(|baseline| &baseline.data_hash);
    Section {
        title: w.with("section.indicator", &[("name", &one.enpi.name)]),
        blocks,
        source: match hash {
            Some(hash) => {
                let short: String = hash.chars().take(12).collect();
                w.with("source.indicator", &[("hash", &short)])
            }
            None => w.of("source.indicators").to_owned(),
        },
        coverage: coverage(one).and_then(percent),
    }
}

fn figures(work: &Work<'_>, one: &Judged) -> Block {
    let w = work.words;
    let evaluation = &one.evaluation;
    let figure = |name: &str, value: Option<f64>, unit: &str, decimals, remark| Figure {
        name: w.of(name).to_owned(),
        value: value.and_then(decimal),
        unit: unit.to_owned(),
        decimals,
        remark,
    };
    let (is, was) = told(one);
    let unit = match &*evaluation.unit {
        "1" => "",
        unit => unit,
    };
    let beside = was.map(|was| {
        let value = quantity(decimal(was), unit, 3, w.language);
        w.with("review.baseline_says", &[("value", &value)])
    });
    let count = evaluation.points.len() - evaluation.left_out;
    let (count, left) = (count.to_string(), evaluation.left_out.to_string());
    let counted = w.with("review.counted", &[("count", &count), ("left", &left)]);
    let savings = evaluation.savings.as_ref();
    let energy = savings.map_or_else(|| measured(one), |of| Some(of.measured_kwh));
    let mut figures = vec![
        figure("review.value", is, unit, 3, beside),
        figure("review.measured", energy, "kWh", 1, Some(counted)),
    ];
    if let Some(savings) = savings {
        let expected = Some(savings.expected_kwh);
        figures.push(figure("review.expected", expected, "kWh", 1, None));
        let interval = savings.low_kwh.zip(savings.high_kwh);
        let remark = interval.map(|(low, high)| interval_of(work, low, high));
        let saved = Some(savings.saved_kwh);
        figures.push(figure("review.saved", saved, "kWh", 1, remark));
    }
    Block::Figures { figures }
}

/// The interval of savings in words.
fn interval_of(work: &Work<'_>, low: f64, high: f64) -> String {
    let w = work.words;
    let shown = |kwh| {
        let shown = quantity(decimal(kwh), "kWh", 1, w.language);
        format!("\u{2066}{shown}\u{2069}")
    };
    let ends = [("low", &*shown(low)), ("high", &*shown(high))];
    w.with("review.interval", &ends)
}

/// The indicator over all periods that count, and what the baseline says of the same.
fn told(one: &Judged) -> (Option<f64>, Option<f64>) {
    let (mut energy, mut expected, mut by) = (0.0, 0.0, 0.0);
    for point in &one.evaluation.points {
        let wanted = point.expected_kwh.map(|kwh| kwh + point.adjustment_kwh);
        let share = match one.enpi.recipe.kind {
            EnpiKind::Value => Some(point.observed.days()),
            EnpiKind::Ratio => point.observed.values.first().copied().flatten(),
            EnpiKind::Model => wanted,
        };
        let (None, Some(kwh), Some(share)) = (point.left_out, point.observed.energy_kwh, share)
        else {
            continue;
        };
        energy += kwh;
        expected += wanted.unwrap_or(0.0);
        by += share;
    }
    let by_all = |kwh: f64| (by != 0.0).then(|| kwh / by);
    let was = one.baseline.as_ref().and_then(|_| by_all(expected));
    (by_all(energy), was)
}

/// How good the model of a baseline is.
fn model(work: &Work<'_>, baseline: &Baseline) -> String {
    let w = work.words;
    let quality = &baseline.model.quality;
    let shown = |value: Option<f64>, unit: &str| {
        let shown = quantity(value.and_then(decimal), unit, 2, w.language);
        format!("\u{2066}{shown}\u{2069}")
    };
    let scatter = quality.cv_rmse.map(|cv| cv * 100.0);
    let version = baseline.version.to_string();
    let days = work.dates().period(baseline.from, baseline.to);
    let count = quality.observations.to_string();
    w.with(
        "review.model",
        &[
            ("version", &version),
            ("days", &days),
            ("count", &count),
            ("fit", &shown(Some(quality.r2), "")),
            ("scatter", &shown(scatter, "%")),
        ],
    )
}

/// What a reader must know before he believes the figures.
fn notes(work: &Work<'_>, one: &Judged) -> Vec<String> {
    let w = work.words;
    let mut notes = Vec::new();
    match &one.baseline {
        None => notes.push(w.of("review.makes_no_baseline").to_owned()),
        Some(baseline) => notes.extend(baseline.warnings.iter().map(|warning| {
            let key = match warning {
                BaselineWarning::WeakFit => "review.warning.weak_fit",
                BaselineWarning::WideScatter => "review.warning.wide_scatter",
                BaselineWarning::WeakVariable => "review.warning.weak_variable",
                BaselineWarning::Autocorrelation => "review.warning.autocorrelation",
                BaselineWarning::ShortPeriod => "review.warning.short_period",
            };
            w.of(key).to_owned()
        })),
    }
    if one.evaluation.boundary_changed {
        notes.push(w.of("review.boundary").to_owned());
    }
    if one.evaluation.points.iter().any(|p| !p.beyond.is_empty()) {
        notes.push(w.of("review.beyond").to_owned());
    }
    notes
}

/// One period, or the periods of a month.
struct Stretch {
    start: Timestamp,
    label: String,
    measured: Option<f64>,
    expected: Option<f64>,
    difference: Option<f64>,
    cusum: Option<f64>,
    /// Why periods of it do not count.
    remark: String,
}

/// The periods from the first one that counts to the last.
fn counted(points: &[EvaluatedPoint]) -> &[EvaluatedPoint] {
    let counts = |point: &EvaluatedPoint| point.left_out.is_none();
    let ends = (
        points.iter().position(counts),
        points.iter().rposition(counts),
    );
    match ends {
        (Some(first), Some(last)) => &points[first..=last],
        _ => &[],
    }
}

fn stretches(work: &Work<'_>, points: &[EvaluatedPoint]) -> Vec<Stretch> {
    let by_month = points.len() > ROWS_MAX;
    let start = |point: &EvaluatedPoint| match by_month {
        true => {
            let month = BucketSize::Month;
            work.calendar.bucket_start(point.observed.start, month)
        }
        false => point.observed.start,
    };
    let precision = if by_month {
        Precision::Month
    } else {
        Precision::Day
    };
    points
        .chunk_by(|a, b| start(a) == start(b))
        .map(|chunk| stretch(work, start(&chunk[0]), precision, chunk))
        .collect()
}

/// The sums of those periods that count.
fn stretch(
    work: &Work<'_>,
    start: Timestamp,
    precision: Precision,
    points: &[EvaluatedPoint],
) -> Stretch {
    let counting: Vec<_> = points.iter().filter(|p| p.left_out.is_none()).collect();
    let sum = |of: &dyn Fn(&EvaluatedPoint) -> Option<f64>| {
        let known = counting.iter().filter_map(|point| of(point));
        known.reduce(|sum, kwh| sum + kwh)
    };
    let mut reasons: Vec<LeftOut> = points.iter().filter_map(|p| p.left_out).collect();
    let left = reasons.len();
    reasons.dedup();
    let names: Vec<&str> = reasons
        .into_iter()
        .map(|reason| match reason {
            LeftOut::Open => work.words.of("review.left.open"),
            LeftOut::Energy => work.words.of("review.left.energy"),
            LeftOut::Variable => work.words.of("review.left.variable"),
            LeftOut::Excluded => work.words.of("review.left.excluded"),
        })
        .collect();
    let remark = match left {
        0 => String::new(),
        _ if points.len() == 1 => work.words.list(&names),
        many => format!("{many}: {}", work.words.list(&names)),
    };
    Stretch {
        start,
        label: work.dates().show(start, precision),
        measured: sum(&|point| point.observed.energy_kwh),
        expected: sum(&|point| Some(point.expected_kwh? + point.adjustment_kwh)),
        difference: sum(&|point| point.difference_kwh),
        cusum: counting.iter().rev().find_map(|point| point.cusum_kwh),
        remark,
    }
}

fn cusum(work: &Work<'_>, stretches: &[Stretch]) -> Chart {
    let w = work.words;
    Chart {
        title: w.of("review.cusum_chart").to_owned(),
        form: Form::Lines,
        unit: "kWh".to_owned(),
        decimals: 1,
        labels: stretches.iter().map(|of| of.label.clone()).collect(),
        series: vec![Series {
            name: w.of("review.cusum").to_owned(),
            values: stretches
                .iter()
                .map(|of| of.cusum.and_then(decimal))
                .collect(),
        }],
        limit: None,
    }
}

fn table(work: &Work<'_>, stretches: &[Stretch]) -> Table {
    let w = work.words;
    let energy = |name: &str| Column::number(w.of(name).to_owned(), "kWh", 1);
    let columns = vec![
        Column::time(w.of("column.time").to_owned(), Precision::Day),
        energy("review.measured"),
        energy("review.expected_adjusted"),
        energy("review.difference"),
        energy("review.cusum"),
        Column::text(w.of("review.not_counted").to_owned()),
    ];
    let mut table = Table::new(w.of("review.periods").to_owned(), columns);
    for of in stretches {
        table.push(vec![
            Cell::Time(of.start),
            number_cell(of.measured),
            number_cell(of.expected),
            number_cell(of.difference),
            number_cell(of.cusum),
            Cell::text(&of.remark),
        ]);
    }
    table
}

fn adjustments(work: &Work<'_>, enpi: &Enpi) -> Table {
    let w = work.words;
    let columns = vec![
        Column::time(w.of("column.since").to_owned(), Precision::Day),
        Column::time(w.of("review.until").to_owned(), Precision::Day),
        Column::number(w.of("review.per_day").to_owned(), "kWh/d", 1),
        Column::text(w.of("review.reason").to_owned()),
        Column::text(w.of("review.by").to_owned()),
    ];
    let mut table = Table::new(w.of("review.adjustments").to_owned(), columns);
    for of in &enpi.adjustments {
        table.push(vec![
            Cell::Time(of.from),
            of.to.map_or(Cell::Empty, Cell::Time),
            number_cell(Some(of.kwh_per_day)),
            Cell::text(&of.reason),
            Cell::text(&of.by),
        ]);
    }
    table
}

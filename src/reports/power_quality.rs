//! The voltage of each week against EN 50160, meter by meter: indicative, as the page says too.

use super::document::{Block, Cell, Chart, Column, Figure, Form, Section, Series, Table};
use super::format::quantity;
use super::template::{Work, decimal, number_cell, percent, percent_cell};
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange};
use crate::energy::{Characteristic, Extras, HistoryQuery, QualityLine, QualityWeek, Verdict};
use crate::tsdb::Resolution;
use rust_decimal::Decimal;

/// Most weeks of one report: longer periods show the last ones.
const WEEKS_MAX: usize = 13;
/// Nominal voltages between phase and neutral, and between phases (IEC 60038), V.
const NOMINAL_V: [f64; 4] = [120.0, 230.0, 400.0, 690.0];
/// How far the mean of a week may be from the nominal voltage for that to be the one that is meant.
const NEAR: f64 = 0.2;
/// Above this mean the mains is one of 60 Hz.
const BETWEEN_HZ: f64 = 55.0;

/// A meter with its statement of a week.
struct Judged {
    name: String,
    week: QualityWeek,
}

/// Makes the sections: one for each week.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let w = work.words;
    let all = work.sources.registry.all();
    let meters: Vec<_> = all
        .iter()
        .filter(|one| one.site == work.site.key)
        .filter(|one| tells_voltage(work, one.id))
        .collect();
    let mut weeks = work.starts(BucketSize::Week);
    let skipped = weeks.len().saturating_sub(WEEKS_MAX);
    weeks.drain(..skipped);
    work.progress.expect(weeks.len() * meters.len());
    let mut sections = Vec::new();
    for start in weeks {
        let range = TimeRange {
            from: start.max(work.range.from),
            to: work
                .calendar
                .next_bucket(start, BucketSize::Week)
                .min(work.range.to),
        };
        let (mut judged, mut unknown) = (Vec::new(), Vec::new());
        for meter in &meters {
            work.progress.step(1)?;
            let Some(nominal) = nominal(work, meter.id, range)? else {
                unknown.push(meter.name.clone());
                continue;
            };
            let history = &work.sources.history;
            judged.push(Judged {
                name: meter.name.clone(),
                week: history.power_quality(&work.calendar, meter.id, range, nominal)?,
            });
        }
        sections.push(section(work, range, &judged, &unknown));
    }
    if meters.is_empty() || sections.is_empty() {
        return Ok(vec![work.nothing(w.of("section.power_quality"))]);
    }
    if skipped > 0 {
        let count = WEEKS_MAX.to_string();
        let text = w.with("quality.last_weeks", &[("count", &count)]);
        sections[0].blocks.insert(0, Block::Note { text });
    }
    Ok(sections)
}

/// Whether more of its means are made of one reading than the standard lets lie outside.
const fn is_read_seldom(week: &QualityWeek) -> bool {
    week.estimated * 20 > week.intervals
}

fn tells_voltage(work: &Work<'_>, id: EquipmentId) -> bool {
    let history = &work.sources.history;
    let phases = Phase::LINES.into_iter().chain([Phase::Total]);
    phases
        .into_iter()
        .any(|phase| history.has_of(id, &Metric::VOLTAGE, phase))
}

/// What the meter is meant to show, V and Hz: the usual voltage that its mean is near to. `None`
/// when nothing was measured, or it is none of the usual ones: then only a person knows.
fn nominal(work: &Work<'_>, id: EquipmentId, range: TimeRange) -> Result<Option<(f64, f64)>> {
    let query = HistoryQuery {
        equipment: vec![id],
        range,
        resolution: Resolution::Buckets(BucketSize::Day),
        metric: Metric::FREQUENCY,
        phase: Phase::Total,
        calendar: work.calendar.clone(),
    };
    let history = &work.sources.history;
    let points = history.points_within(&query, Extras::ALL)?;
    let mean = |values: Vec<f64>| {
        #[allow(clippy::cast_precision_loss)] // days of a week
        let count = values.len() as f64;
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)
    };
    let volts = mean(points.iter().filter_map(|point| point.voltage?).collect());
    let hertz = mean(points.iter().filter_map(|point| point.value).collect());
    let is_near = |volts: f64, usual: &f64| (volts / usual - 1.0).abs() <= NEAR;
    let usual = volts.and_then(|volts| NOMINAL_V.into_iter().find(|one| is_near(volts, one)));
    let hertz = match hertz {
        Some(mean) if mean > BETWEEN_HZ => 60.0,
        _ => 50.0,
    };
    Ok(usual.map(|volts| (volts, hertz)))
}

fn section(work: &Work<'_>, range: TimeRange, judged: &[Judged], unknown: &[String]) -> Section {
    let w = work.words;
    let days = work.dates().period(range.from, range.to);
    let text = w.of("quality.indicative").to_owned();
    let mut blocks = vec![Block::Note { text }];
    if !unknown.is_empty() {
        let names = w.list(unknown);
        let text = w.with("quality.unknown_nominal", &[("names", &names)]);
        blocks.push(Block::Note { text });
    }
    let seldom = judged.iter().filter(|one| is_read_seldom(&one.week));
    let names: Vec<_> = seldom.map(|one| one.name.clone()).collect();
    if !names.is_empty() {
        let text = w.with("quality.estimated", &[("names", &w.list(&names))]);
        blocks.push(Block::Note { text });
    }
    if !judged.is_empty() {
        blocks.push(figures(work, judged));
        blocks.push(Block::Chart(chart(work, judged)));
        blocks.push(Block::Table(table(work, judged)));
        let text = w.of("quality.scope").to_owned();
        blocks.push(Block::Text { text });
    }
    // Each meter by its voltage: what it does not measure at all is told line by line.
    let shares = judged.iter().filter_map(|one| one.week.lines.first());
    let shares: Vec<f64> = shares.map(|line| line.coverage).collect();
    #[allow(clippy::cast_precision_loss)] // meters
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    Section {
        title: w.with("quality.week", &[("days", &days)]),
        blocks,
        source: w.of("source.quality").to_owned(),
        coverage: (!shares.is_empty()).then(|| percent(mean)).flatten(),
    }
}

fn figures(work: &Work<'_>, judged: &[Judged]) -> Block {
    let w = work.words;
    let lines = || judged.iter().flat_map(|one| &one.week.lines);
    let of = |verdict: Verdict| lines().filter(|line| line.verdict == verdict).count();
    let figure = |name: &str, count: usize| Figure {
        name: w.of(name).to_owned(),
        value: Some(Decimal::from(count)),
        unit: String::new(),
        decimals: 0,
        remark: None,
    };
    Block::Figures {
        figures: vec![
            figure("data.meters", judged.len()),
            figure("quality.kept", of(Verdict::Kept)),
            figure("quality.broken", of(Verdict::Broken)),
            figure("quality.unknown", of(Verdict::Unknown)),
        ],
    }
}

/// The share of means within the limits; nothing where too little was measured to judge by.
fn chart(work: &Work<'_>, judged: &[Judged]) -> Chart {
    let w = work.words;
    let within = |one: &Judged| {
        let judged = |line: &QualityLine| line.within.filter(|_| line.verdict != Verdict::Unknown);
        let lines = one.week.lines.iter();
        lines.map(|line| judged(line).and_then(percent)).collect()
    };
    let lines = judged.first().map_or(&[][..], |one| &one.week.lines);
    Chart {
        title: w.of("quality.chart").to_owned(),
        form: Form::Heat,
        unit: "%".to_owned(),
        decimals: 1,
        labels: lines
            .iter()
            .map(|line| w.of(short(line.characteristic)).to_owned())
            .collect(),
        series: judged
            .iter()
            .map(|one| Series {
                name: one.name.clone(),
                values: within(one),
            })
            .collect(),
        limit: None,
    }
}

fn table(work: &Work<'_>, judged: &[Judged]) -> Table {
    let w = work.words;
    let share = |name: &str| Column::number(w.of(name).to_owned(), "%", 1);
    let columns = vec![
        Column::text(w.of("quality.line").to_owned()),
        Column::text(w.of("quality.limits").to_owned()),
        share("quality.wanted"),
        share("quality.within"),
        Column::number(w.of("quality.min").to_owned(), "", 2),
        Column::number(w.of("quality.max").to_owned(), "", 2),
        share("column.coverage"),
        Column::text(w.of("quality.verdict").to_owned()),
    ];
    let mut table = Table::new(w.of("quality.table").to_owned(), columns);
    for one in judged {
        let volts = quantity(decimal(one.week.nominal_v), "V", 0, w.language);
        let hertz = quantity(decimal(one.week.nominal_hz), "Hz", 0, w.language);
        let head = format!("{} (\u{2066}{volts}, {hertz}\u{2069})", one.name);
        let mut cells = vec![Cell::Text(head)];
        cells.resize(8, Cell::Empty);
        cells[1] = Cell::text("");
        cells[7] = Cell::text("");
        table.push_strong(0, cells);
        for line in &one.week.lines {
            table.push(row(work, line));
            table
                .rows
                .last_mut()
                .into_iter()
                .for_each(|row| row.depth = 1);
        }
    }
    table
}

fn row(work: &Work<'_>, line: &QualityLine) -> Vec<Cell> {
    let w = work.words;
    let shown = |value: f64| quantity(decimal(value), line.unit, 1, w.language);
    let high = shown(line.high);
    let limits = match line.low {
        Some(low) => format!("\u{2066}{} … {high}\u{2069}", shown(low)),
        None => w.with("quality.at_most", &[("high", &high)]),
    };
    let verdict = match line.verdict {
        Verdict::Kept => "quality.is_kept",
        Verdict::Broken => "quality.is_broken",
        Verdict::Unknown => "quality.is_unknown",
    };
    vec![
        Cell::text(w.of(long(line.characteristic))),
        Cell::Text(limits),
        percent_cell(Some(line.wanted)),
        percent_cell(line.within),
        number_cell(line.min),
        number_cell(line.max),
        percent_cell(Some(line.coverage)),
        Cell::text(w.of(verdict)),
    ]
}

const fn long(characteristic: Characteristic) -> &'static str {
    match characteristic {
        Characteristic::Voltage => "quality.voltage",
        Characteristic::VoltageAlways => "quality.voltage_always",
        Characteristic::Unbalance => "quality.unbalance",
        Characteristic::Frequency => "quality.frequency",
        Characteristic::FrequencyAlways => "quality.frequency_always",
        Characteristic::Harmonics => "quality.harmonics",
    }
}

/// For the axis of the chart.
const fn short(characteristic: Characteristic) -> &'static str {
    match characteristic {
        Characteristic::Voltage => "quality.short.voltage",
        Characteristic::VoltageAlways => "quality.short.voltage_always",
        Characteristic::Unbalance => "quality.short.unbalance",
        Characteristic::Frequency => "quality.short.frequency",
        Characteristic::FrequencyAlways => "quality.short.frequency_always",
        Characteristic::Harmonics => "quality.short.harmonics",
    }
}

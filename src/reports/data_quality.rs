//! How much was measured, meter by meter: what the figures of other reports rest on.

use super::document::{Block, Cell, Chart, Column, Figure, Form, Section, Series, Table};
use super::template::{Work, kwh, percent_cell};
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Metric, Phase, Result};
use crate::energy::{Extras, HistoryQuery, to_mwh};
use crate::tsdb::Resolution;
use rust_decimal::Decimal;

/// A day with less than this is one to look at.
const GOOD_SHARE: f64 = 0.95;
/// Most meters and days of the map: more cannot be read on paper.
const MAP_METERS: usize = 40;
const MAP_DAYS: usize = 62;

/// What is known of a meter.
struct Meter {
    name: String,
    energy: Option<Decimal>,
    substituted: Decimal,
    days: Vec<f64>,
}

impl Meter {
    fn coverage(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)] // days
        let count = self.days.len() as f64;
        (!self.days.is_empty()).then(|| self.days.iter().sum::<f64>() / count)
    }

    fn poor_days(&self) -> usize {
        self.days.iter().filter(|day| **day < GOOD_SHARE).count()
    }
}

/// Makes the section.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let w = work.words;
    let all = work.sources.registry.all();
    let here = all
        .iter()
        .filter(|equipment| equipment.site == work.site.key);
    let here: Vec<_> = here.collect();
    work.progress.expect(here.len());
    let mut meters = Vec::with_capacity(here.len());
    for equipment in here {
        meters.extend(read(work, equipment.id, &equipment.name)?);
        work.progress.step(1)?;
    }
    let title = w.of("section.data");
    if meters.is_empty() {
        return Ok(vec![work.nothing(title)]);
    }
    // The worst first: that is what somebody has to look after.
    meters.sort_by(|a, b| {
        let share = |meter: &Meter| meter.coverage().unwrap_or(0.0);
        share(a).total_cmp(&share(b)).then(a.name.cmp(&b.name))
    });
    let mut blocks = vec![figures(work, &meters), Block::Table(table(work, &meters))];
    let days = work.starts(BucketSize::Day).len();
    if (2..=MAP_DAYS).contains(&days) {
        blocks.push(Block::Chart(map(work, &meters)));
    }
    let text = w.of("data.scope").to_owned();
    blocks.push(Block::Text { text });
    Ok(vec![Section {
        title: title.to_owned(),
        blocks,
        source: w.of("source.meters").to_owned(),
        coverage: None,
    }])
}

/// What is known of a meter; `None` of what tells neither energy nor power.
fn read(work: &Work<'_>, id: EquipmentId, name: &str) -> Result<Option<Meter>> {
    let history = &work.sources.history;
    let tells = [Metric::CONSUMPTION, Metric::POWER];
    let Some(metric) = tells.into_iter().find(|metric| history.has(id, metric)) else {
        return Ok(None);
    };
    let query = HistoryQuery {
        equipment: vec![id],
        range: work.range,
        resolution: Resolution::Buckets(BucketSize::Day),
        metric,
        phase: Phase::Total,
        calendar: work.calendar.clone(),
    };
    let mut meter = Meter {
        name: name.to_owned(),
        energy: None,
        substituted: Decimal::ZERO,
        days: Vec::new(),
    };
    for point in history.points_within(&query, Extras::default())? {
        if let Some(energy) = point.consumption {
            *meter.energy.get_or_insert(Decimal::ZERO) += kwh(to_mwh(energy));
        }
        meter.substituted += kwh(to_mwh(point.substituted.flatten().unwrap_or(0.0)));
        // Of a day that is not over, only what has passed.
        let next = work.calendar.next_bucket(point.timestamp, BucketSize::Day);
        let whole_ms = next.since_ms(point.timestamp).max(1);
        let passed_ms = next.min(work.range.to).since_ms(point.timestamp).max(1);
        #[allow(clippy::cast_precision_loss)] // ms of a day
        let part = passed_ms as f64 / whole_ms as f64;
        let share = point.coverage.flatten().unwrap_or(0.0) / part;
        meter.days.push(share.min(1.0));
    }
    Ok(Some(meter))
}

fn figures(work: &Work<'_>, meters: &[Meter]) -> Block {
    let w = work.words;
    let count = |count: usize| Some(Decimal::from(count));
    let figure = |name: &str, value, unit: &str, decimals| Figure {
        name: w.of(name).to_owned(),
        value,
        unit: unit.to_owned(),
        decimals,
        remark: None,
    };
    let poor = meters.iter().filter(|meter| meter.poor_days() > 0).count();
    let substituted: Decimal = meters.iter().map(|meter| meter.substituted).sum();
    let shares = meters.iter().filter_map(Meter::coverage);
    #[allow(clippy::cast_precision_loss)] // meters
    let mean = shares.sum::<f64>() / meters.len().max(1) as f64;
    Block::Figures {
        figures: vec![
            figure("data.meters", count(meters.len()), "", 0),
            figure("data.mean", super::template::percent(mean), "%", 1),
            figure("data.poor", count(poor), "", 0),
            figure("data.substituted", Some(substituted), "kWh", 1),
        ],
    }
}

fn table(work: &Work<'_>, meters: &[Meter]) -> Table {
    let w = work.words;
    let columns = vec![
        Column::text(w.of("column.meter").to_owned()),
        Column::number(w.of("column.coverage").to_owned(), "%", 1),
        Column::number(w.of("column.poor_days").to_owned(), "", 0),
        Column::number(w.of("column.energy").to_owned(), "kWh", 1),
        Column::number(w.of("column.substituted").to_owned(), "kWh", 1),
    ];
    let mut table = Table::new(w.of("data.table").to_owned(), columns);
    for meter in meters {
        table.push(vec![
            Cell::text(&meter.name),
            percent_cell(meter.coverage()),
            Cell::Number(Decimal::from(meter.poor_days())),
            Cell::number(meter.energy),
            Cell::Number(meter.substituted),
        ]);
    }
    table
}

fn map(work: &Work<'_>, meters: &[Meter]) -> Chart {
    let w = work.words;
    let starts = work.starts(BucketSize::Day);
    let series = meters.iter().take(MAP_METERS).map(|meter| Series {
        name: meter.name.clone(),
        values: meter
            .days
            .iter()
            .map(|share| super::template::percent(*share))
            .collect(),
    });
    Chart {
        title: w.of("data.map").to_owned(),
        form: Form::Heat,
        unit: "%".to_owned(),
        decimals: 0,
        labels: starts.iter().map(|at| day_of(work, *at)).collect(),
        series: series.collect(),
        limit: None,
    }
}

/// The day of the month.
fn day_of(work: &Work<'_>, at: crate::base::Timestamp) -> String {
    let date = work.calendar.date(at);
    let day = date.rsplit('-').next().unwrap_or_default();
    day.trim_start_matches('0').to_owned()
}

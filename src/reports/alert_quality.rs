//! How good the alerts of a period were, against what EEMUA 191 and ISA-18.2 ask for.

use super::document::{
    Block, Cell, Chart, Column, Figure, Form, Precision, Section, Series, Table,
};
use super::template::{Work, percent, percent_cell};
use crate::alerts::Quality;
use crate::base::{Level, Result, Timestamp};
use crate::notify::{Said, said};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use std::collections::BTreeMap;

/// Makes the section.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let w = work.words;
    work.progress.expect(1);
    let quality = work.sources.alerts.quality(&work.site.key, work.range)?;
    work.progress.step(1)?;
    let mut blocks = vec![figures(work, &quality)];
    if quality.is_part {
        let text = w.of("alerts.part").to_owned();
        blocks.push(Block::Note { text });
    }
    blocks.push(Block::Chart(chart(work, &quality)));
    blocks.push(Block::Table(levels(work, &quality)));
    if !quality.top.is_empty() {
        blocks.push(Block::Table(offenders(work, &quality)));
    }
    if !quality.stale.is_empty() {
        blocks.push(Block::Table(stale(work, &quality)));
    }
    Ok(vec![Section {
        title: w.of("section.alerts").to_owned(),
        blocks,
        source: w.of("source.alerts").to_owned(),
        coverage: None,
    }])
}

fn figures(work: &Work<'_>, quality: &Quality) -> Block {
    let w = work.words;
    let figure = |name: &str, value, unit: &str, decimals, remark: &str| Figure {
        name: w.of(name).to_owned(),
        value,
        unit: unit.to_owned(),
        decimals,
        remark: (!remark.is_empty()).then(|| w.of(remark).to_owned()),
    };
    let count = |count: u32| Some(Decimal::from(count));
    let minutes = quality.mean_time_to_acknowledge_s.map(|s| s / 60.0);
    let figures = vec![
        figure("alerts.count", count(quality.alerts), "", 0, ""),
        figure(
            "alerts.rate",
            Decimal::from_f64(quality.per_ten_minutes),
            "",
            2,
            "alerts.rate_target",
        ),
        figure("alerts.peak", count(quality.peak_ten_minutes), "", 0, ""),
        figure(
            "alerts.flood",
            percent(quality.flood_share),
            "%",
            1,
            "alerts.flood_target",
        ),
        figure(
            "alerts.acknowledge",
            minutes.and_then(Decimal::from_f64),
            "min",
            1,
            "",
        ),
        figure(
            "alerts.acknowledged",
            quality.acknowledged_share.and_then(percent),
            "%",
            1,
            "",
        ),
        figure("alerts.chattering", count(quality.chattering), "", 0, ""),
        figure("alerts.stale", count(quality.stale_total), "", 0, ""),
    ];
    Block::Figures { figures }
}

fn chart(work: &Work<'_>, quality: &Quality) -> Chart {
    let w = work.words;
    let mut counts: BTreeMap<Timestamp, u32> = BTreeMap::new();
    for bin in &quality.bins {
        let start = work.calendar.bucket_start(bin.at, work.size());
        *counts.entry(start).or_default() += bin.alerts;
    }
    let starts = work.starts(work.size());
    let value = |at: &Timestamp| Some(Decimal::from(counts.get(at).copied().unwrap_or(0)));
    Chart {
        title: w.of("alerts.chart").to_owned(),
        form: Form::Bars,
        unit: String::new(),
        decimals: 0,
        labels: starts.iter().map(|at| work.label(*at)).collect(),
        series: vec![Series {
            name: w.of("alerts.count").to_owned(),
            values: starts.iter().map(value).collect(),
        }],
        limit: None,
    }
}

fn levels(work: &Work<'_>, quality: &Quality) -> Table {
    let w = work.words;
    let columns = vec![
        Column::text(w.of("column.level").to_owned()),
        Column::number(w.of("column.count").to_owned(), "", 0),
        Column::number(w.of("column.share").to_owned(), "%", 1),
    ];
    let mut table = Table::new(w.of("alerts.levels").to_owned(), columns);
    let level = |level: Level| w.language.level(level);
    for share in &quality.levels {
        table.push(vec![
            Cell::text(level(share.level)),
            Cell::Number(Decimal::from(share.alerts)),
            percent_cell(Some(share.share)),
        ]);
    }
    table
}

fn offenders(work: &Work<'_>, quality: &Quality) -> Table {
    let w = work.words;
    let columns = vec![
        Column::text(w.of("column.message").to_owned()),
        Column::text(w.of("column.equipment").to_owned()),
        Column::number(w.of("column.times").to_owned(), "", 0),
        Column::number(w.of("column.share").to_owned(), "%", 1),
    ];
    let mut table = Table::new(w.of("alerts.offenders").to_owned(), columns);
    for offender in &quality.top {
        table.push(vec![
            Cell::text(&message(work, offender.said.as_ref(), &offender.message)),
            Cell::text(&about(
                work,
                offender.said.as_ref(),
                &offender.equipment_name,
            )),
            Cell::Number(Decimal::from(offender.alerts)),
            percent_cell(Some(offender.share)),
        ]);
    }
    table
}

fn stale(work: &Work<'_>, quality: &Quality) -> Table {
    let w = work.words;
    let columns = vec![
        Column::text(w.of("column.message").to_owned()),
        Column::text(w.of("column.equipment").to_owned()),
        Column::time(w.of("column.since").to_owned(), Precision::Minute),
    ];
    let mut table = Table::new(w.of("alerts.stale").to_owned(), columns);
    for standing in &quality.stale {
        table.push(vec![
            Cell::text(&message(work, standing.said.as_ref(), &standing.message)),
            Cell::text(&about(
                work,
                standing.said.as_ref(),
                &standing.equipment_name,
            )),
            Cell::Time(standing.since),
        ]);
    }
    table
}

/// What an alert says in the language of the report; records of earlier versions say it as they do.
fn message(work: &Work<'_>, said: Option<&Said>, stored: &str) -> String {
    let written = said.and_then(|said| said.write(work.words.language));
    written.unwrap_or_else(|| stored.to_owned())
}

/// What it is about: a part of the appliance by its word.
fn about(work: &Work<'_>, said: Option<&Said>, stored: &str) -> String {
    let part =
        said.and_then(|said| said::part(work.words.language, &format!("appliance/{}", said.code)));
    part.unwrap_or(stored).to_owned()
}

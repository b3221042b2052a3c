//! *pure* — the tables of a cell's pages: its days, what happened and what people did about it, what
//! was not measured, and its certificates.

use super::calibration::Calibration;
use super::days::{Day, Gap};
use super::excursion::Excursion;
use super::paper::{Pen, Told, decimal, minutes};
use super::track::Side;
use crate::base::Timestamp;
use crate::reports::{Block, Cell, Column, Precision, Table};
use rust_decimal::Decimal;

/// How much of a hash stands in a table: enough to compare by eye; the last one stands whole below.
const HASH_SHOWN: usize = 12;

/// The days, with the links of the chain.
pub(super) fn days(pen: Pen<'_>, days: &[Day]) -> Table {
    let celsius = |key: &str| Column::number(pen.word(key), "°C", 2);
    let columns = vec![
        Column::text(pen.word("cold.day")),
        celsius("cold.coldest"),
        celsius("cold.warmest"),
        celsius("cold.mean"),
        celsius("cold.kinetic_short"),
        Column::number(pen.word("cold.measured"), "%", 1),
        Column::number(pen.word("cold.beyond"), "min", 0),
        Column::number(pen.word("cold.openings"), "", 0),
        Column::text(pen.word("cold.hash")),
    ];
    let mut table = Table::new(pen.word("cold.days"), columns);
    for day in days {
        let passed = Decimal::from(day.passed_s.max(1));
        let measured = Decimal::from(day.measured_s) * Decimal::ONE_HUNDRED / passed;
        // Of a day that nobody saw nothing is known, not that nothing happened.
        let known = day.measured_s > 0 || day.beyond_s > 0 || day.openings > 0;
        table.push(vec![
            Cell::text(&day.date),
            Cell::number(decimal(day.min_c)),
            Cell::number(decimal(day.max_c)),
            Cell::number(decimal(day.mean_c)),
            Cell::number(decimal(day.mean_kinetic_c)),
            Cell::Number(measured.min(Decimal::ONE_HUNDRED)),
            Cell::number(known.then(|| minutes(day.beyond_s))),
            Cell::number(known.then(|| Decimal::from(day.openings))),
            Cell::text(day.hash.get(..HASH_SHOWN).unwrap_or(&day.hash)),
        ]);
    }
    table
}

/// What happened, and what people did about it; a sentence when nothing happened, or when nothing is
/// known because nothing was measured.
pub(super) fn excursions(pen: Pen<'_>, told: &[Told], coverage: Option<f64>) -> Vec<Block> {
    if told.is_empty() {
        let text = pen.word(match coverage {
            Some(share) if share > 0.0 => "cold.no_excursions",
            _ => "cold.nothing_known",
        });
        return vec![Block::Text { text }];
    }
    let time = |key: &str| Column::time(pen.word(key), Precision::Minute);
    let number = |key: &str, unit: &str, decimals| Column::number(pen.word(key), unit, decimals);
    let happened = vec![
        Column::text(pen.word("cold.kind")),
        time("cold.began"),
        time("cold.ended"),
        number("cold.length", "min", 0),
        number("cold.peak", "°C", 2),
        number("cold.degree_minutes", "K·min", 1),
        number("cold.excused", "min", 0),
    ];
    let done = vec![
        time("cold.began"),
        Column::text(pen.word("cold.acknowledged")),
        Column::text(pen.word("cold.cause")),
        Column::text(pen.word("cold.action")),
        Column::text(pen.word("cold.goods")),
    ];
    let mut happened = Table::new(pen.word("cold.excursions"), happened);
    let mut done = Table::new(pen.word("cold.done"), done);
    for Told { excursion, alert } in told {
        let ended = excursion.ended_at.map_or(Cell::Empty, Cell::Time);
        happened.push(vec![
            Cell::Text(kind(pen, excursion)),
            Cell::Time(excursion.began_at),
            ended,
            Cell::Number(minutes(excursion.duration_s)),
            Cell::number(decimal(Some(excursion.peak_c))),
            Cell::number(decimal(Some(excursion.degree_minutes))),
            Cell::Number(minutes(excursion.excused_s)),
        ]);
        let heard = alert.as_ref().and_then(|alert| {
            let (by, at) = (alert.acknowledged_by.as_deref()?, alert.acknowledged_at?);
            Some((by, at))
        });
        let review = excursion.review.as_ref();
        let said = |text: Option<&str>| match text {
            Some(text) => Cell::text(text),
            None => Cell::Text(pen.word("cold.open")),
        };
        done.push(vec![
            Cell::Time(excursion.began_at),
            Cell::Text(signed(pen, heard)),
            said(review.map(|review| review.cause.as_str())),
            said(review.map(|review| review.action.as_str())),
            match review.and_then(|review| review.goods.as_deref()) {
                Some(goods) => Cell::text(goods),
                None => Cell::Empty,
            },
        ]);
    }
    vec![Block::Table(happened), Block::Table(done)]
}

/// Too warm or too cold, and whether it was taken back.
fn kind(pen: Pen<'_>, excursion: &Excursion) -> String {
    let side = match excursion.side {
        Side::High => pen.word("cold.too_warm"),
        Side::Low => pen.word("cold.too_cold"),
    };
    match excursion.withdrawn {
        true => format!("{side} ({})", pen.word("cold.withdrawn")),
        false => side,
    }
}

fn signed(pen: Pen<'_>, heard: Option<(&str, Timestamp)>) -> String {
    match heard {
        Some((by, at)) => format!("{by}, {}", pen.dates.show(at, Precision::Minute)),
        None => pen.word("cold.nobody"),
    }
}

/// What was not measured, each time by its ends.
pub(super) fn gaps(pen: Pen<'_>, gaps: &[Gap], more: bool) -> Vec<Block> {
    if gaps.is_empty() {
        let text = pen.word("cold.no_gaps");
        return vec![Block::Text { text }];
    }
    let columns = vec![
        Column::time(pen.word("cold.began"), Precision::Minute),
        Column::time(pen.word("cold.ended"), Precision::Minute),
        Column::number(pen.word("cold.length"), "min", 0),
    ];
    let mut table = Table::new(pen.word("cold.gaps"), columns);
    for gap in gaps {
        table.push(vec![
            Cell::Time(gap.from),
            Cell::Time(gap.to),
            Cell::Number(minutes(gap.to.since_ms(gap.from) / 1_000)),
        ]);
    }
    let text = pen.word("cold.more_gaps");
    let note = more.then_some(Block::Note { text });
    [Some(Block::Table(table)), note]
        .into_iter()
        .flatten()
        .collect()
}

/// The certificates of the probes; a note when there is none.
pub(super) fn calibrations(pen: Pen<'_>, all: &[Calibration]) -> Vec<Block> {
    if all.is_empty() {
        let text = pen.word("cold.no_calibration");
        return vec![Block::Note { text }];
    }
    let columns = vec![
        Column::text(pen.word("cold.probe")),
        Column::text(pen.word("cold.certificate")),
        Column::text(pen.word("cold.laboratory")),
        Column::text(pen.word("cold.calibrated")),
        Column::text(pen.word("cold.due")),
        Column::number(pen.word("cold.offset"), "K", 2),
    ];
    let mut table = Table::new(pen.word("cold.calibration"), columns);
    for one in all {
        let said = &one.said;
        let laboratory = said.laboratory.as_deref();
        let probe = if said.probe.is_empty() {
            "1"
        } else {
            &said.probe
        };
        table.push(vec![
            Cell::text(probe),
            Cell::text(&said.certificate),
            laboratory.map_or(Cell::Empty, Cell::text),
            Cell::text(&said.calibrated_on),
            Cell::text(&said.due_on),
            Cell::number(decimal(Some(said.offset_c))),
        ]);
    }
    vec![Block::Table(table)]
}

//! The plan of a site for its management: significant uses, objectives, actions, measures.

use super::document::{Block, Cell, Column, Figure, Precision, Section, Table};
use super::review::Judged;
use super::template::{Work, kwh, number_cell, percent_cell};
use crate::base::{EnpiId, ErrorKind, Result, Timestamp};
use crate::energy::enpi::{PlanItem, PlanKind, PlanProgress, PlanState};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

const DAY_MS: i64 = 86_400_000;

/// Makes the sections.
pub(super) fn build(work: &Work<'_>, judged: &[Judged]) -> Result<Vec<Section>> {
    let plan = work.sources.enpis.plan(&work.site.key)?;
    let of = |kind: PlanKind| -> Vec<&PlanItem> {
        plan.iter().filter(|item| item.said.kind == kind).collect()
    };
    let counted = [PlanKind::Objective, PlanKind::Measure].map(|kind| of(kind).len());
    work.progress.expect(counted.iter().sum());
    let uses = uses(work, &of(PlanKind::SignificantUse))?;
    let objectives = objectives(work, judged, &of(PlanKind::Objective))?;
    let actions = actions(work, &of(PlanKind::Action));
    let measures = measures(work, judged, &of(PlanKind::Measure))?;
    Ok(vec![uses, objectives, actions, measures])
}

fn section(work: &Work<'_>, title: &str, blocks: Vec<Block>, source: &str) -> Section {
    let w = work.words;
    let blocks = match blocks.is_empty() {
        true => vec![Block::Text {
            text: w.of("review.nothing_planned").to_owned(),
        }],
        false => blocks,
    };
    Section {
        title: w.of(title).to_owned(),
        blocks,
        source: w.of(source).to_owned(),
        coverage: None,
    }
}

fn text_column(work: &Work<'_>, name: &str) -> Column {
    Column::text(work.words.of(name).to_owned())
}

fn number_column(work: &Work<'_>, name: &str, unit: &str) -> Column {
    Column::number(work.words.of(name).to_owned(), unit, 1)
}

fn time_column(work: &Work<'_>, name: &str) -> Column {
    Column::time(work.words.of(name).to_owned(), Precision::Day)
}

fn time(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Empty, Cell::Time)
}

fn state(work: &Work<'_>, item: &PlanItem) -> Cell {
    Cell::text(match item.said.state {
        PlanState::Open => work.words.of("review.state.open"),
        PlanState::Doing => work.words.of("review.state.doing"),
        PlanState::Done => work.words.of("review.state.done"),
        PlanState::Dropped => work.words.of("review.state.dropped"),
    })
}

/// What uses most, with its energy of the period and how much of that was measured.
fn uses(work: &Work<'_>, items: &[&PlanItem]) -> Result<Section> {
    let w = work.words;
    let history = &work.sources.history;
    let mut site = Some(Decimal::ZERO);
    for (meter, factor) in &work.tree.supply() {
        let amount = history.energy_amount(*meter, work.range, &work.calendar)?;
        let of = amount.map(|amount| kwh(amount.value) * factor);
        site = site.zip(of).map(|(sum, of)| sum + of);
    }
    let columns = vec![
        text_column(work, "review.use"),
        text_column(work, "column.equipment"),
        text_column(work, "review.owner"),
        number_column(work, "column.energy", "kWh"),
        number_column(work, "column.share", "%"),
        number_column(work, "column.coverage", "%"),
        text_column(work, "review.state"),
    ];
    let mut table = Table::new(w.of("review.uses").to_owned(), columns);
    for item in items {
        let (mut energy, mut covered) = (Some(Decimal::ZERO), 1.0_f64);
        let mut names = Vec::new();
        for meter in &item.said.equipment {
            let amount = history.energy_amount(*meter, work.range, &work.calendar)?;
            let of = amount.map(|amount| kwh(amount.value));
            // What one of them does not tell makes the sum too small: then there is none.
            energy = energy.zip(of).map(|(sum, of)| sum + of);
            covered = covered.min(amount.map_or(0.0, |amount| amount.coverage));
            names.push(work.name_of(&crate::energy::tree::Part::Meter(*meter)));
        }
        energy = energy.filter(|_| !names.is_empty());
        let share = energy.zip(site.filter(|site| *site > Decimal::ZERO));
        let share = share.and_then(|(part, all)| (part / all).to_f64());
        table.push(vec![
            Cell::text(&item.said.name),
            Cell::Text(work.words.list(&names)),
            Cell::text(&item.said.owner),
            Cell::number(energy),
            percent_cell(share),
            percent_cell(energy.map(|_| covered)),
            state(work, item),
        ]);
    }
    let blocks = (!items.is_empty()).then_some(Block::Table(table));
    let blocks = blocks.into_iter().collect();
    Ok(section(work, "section.uses", blocks, "source.uses"))
}

fn indicator(judged: &[Judged], id: Option<EnpiId>) -> Cell {
    let found = judged.iter().find(|one| Some(one.enpi.id) == id);
    found.map_or(Cell::Empty, |one| Cell::text(&one.enpi.name))
}

/// What came of an item up to the end of the period; nothing when it cannot be counted.
fn progress(work: &Work<'_>, item: &PlanItem) -> Result<Option<PlanProgress>> {
    let enpis = &work.sources.enpis;
    let found = enpis.progress_until(&work.site, item.id, work.range.to);
    work.progress.step(1)?;
    match found {
        Ok(progress) => Ok(Some(progress)),
        Err(error) if error.kind == ErrorKind::Conflict => Ok(None),
        Err(error) => Err(error),
    }
}

/// Targets, and how near they are.
fn objectives(work: &Work<'_>, judged: &[Judged], items: &[&PlanItem]) -> Result<Section> {
    let w = work.words;
    let columns = vec![
        text_column(work, "review.objective"),
        text_column(work, "review.indicator"),
        text_column(work, "review.owner"),
        time_column(work, "column.since"),
        time_column(work, "review.due"),
        number_column(work, "review.target", "%"),
        number_column(work, "review.saved_share", "%"),
        number_column(work, "review.saved", "kWh"),
        text_column(work, "review.outcome"),
    ];
    let mut table = Table::new(w.of("review.objectives").to_owned(), columns);
    for item in items {
        let found = progress(work, item)?;
        let outcome = match found.as_ref().map(|of| of.reached) {
            Some(Some(true)) => w.of("review.reached"),
            Some(_) => w.of("review.not_reached"),
            None => w.of("review.uncounted"),
        };
        let savings = found.as_ref().map(|of| &of.savings);
        table.push(vec![
            Cell::text(&item.said.name),
            indicator(judged, item.said.enpi_id),
            Cell::text(&item.said.owner),
            time(item.said.since),
            time(item.said.due),
            percent_cell(item.said.target_fraction),
            percent_cell(savings.and_then(|of| of.saved_fraction)),
            number_cell(savings.map(|of| of.saved_kwh)),
            Cell::text(outcome),
        ]);
    }
    let blocks = (!items.is_empty()).then_some(Block::Table(table));
    let blocks = blocks.into_iter().collect();
    Ok(section(
        work,
        "section.objectives",
        blocks,
        "source.progress",
    ))
}

/// By how many days something that is not done is late at the end of the period.
fn overdue_days(item: &PlanItem, to: Timestamp) -> Option<i64> {
    let waits = matches!(item.said.state, PlanState::Open | PlanState::Doing);
    let late_ms = item.said.due.map(|due| to.since_ms(due))?;
    (waits && late_ms > 0).then_some((late_ms + DAY_MS - 1) / DAY_MS)
}

fn actions(work: &Work<'_>, items: &[&PlanItem]) -> Section {
    let w = work.words;
    let count = |name: &str, count: usize| Figure {
        name: w.of(name).to_owned(),
        value: Some(Decimal::from(count)),
        unit: String::new(),
        decimals: 0,
        remark: None,
    };
    let of = |state: PlanState| items.iter().filter(|item| item.said.state == state).count();
    let late = |item: &&&PlanItem| overdue_days(item, work.range.to).is_some();
    let figures = vec![
        count(
            "review.state.open",
            of(PlanState::Open) + of(PlanState::Doing),
        ),
        count("review.overdue", items.iter().filter(late).count()),
        count("review.state.done", of(PlanState::Done)),
        count("review.state.dropped", of(PlanState::Dropped)),
    ];
    let columns = vec![
        text_column(work, "review.action"),
        text_column(work, "review.owner"),
        time_column(work, "review.due"),
        text_column(work, "review.state"),
        Column::number(w.of("review.days_late").to_owned(), "", 0),
        number_column(work, "review.hoped", "kWh"),
    ];
    let mut table = Table::new(w.of("review.actions").to_owned(), columns);
    for item in items {
        table.push(vec![
            Cell::text(&item.said.name),
            Cell::text(&item.said.owner),
            time(item.said.due),
            state(work, item),
            Cell::number(overdue_days(item, work.range.to).map(Decimal::from)),
            number_cell(item.said.expected_kwh_per_year),
        ]);
    }
    let blocks = match items {
        [] => Vec::new(),
        _ => vec![Block::Figures { figures }, Block::Table(table)],
    };
    section(work, "section.actions", blocks, "source.plan")
}

/// What was done, and what it saved for certain.
fn measures(work: &Work<'_>, judged: &[Judged], items: &[&PlanItem]) -> Result<Section> {
    let w = work.words;
    let columns = vec![
        text_column(work, "review.measure"),
        text_column(work, "review.indicator"),
        time_column(work, "column.since"),
        number_column(work, "review.saved", "kWh"),
        number_column(work, "review.low", "kWh"),
        number_column(work, "review.high", "kWh"),
        text_column(work, "review.proven"),
        number_column(work, "review.hoped", "kWh"),
    ];
    let mut table = Table::new(w.of("review.measures").to_owned(), columns);
    for item in items {
        let found = progress(work, item)?;
        let savings = found.as_ref().map(|of| &of.savings);
        let proven = match savings.map(|of| of.significant) {
            Some(true) => w.of("review.is_proven"),
            Some(false) => w.of("review.is_chance"),
            None => w.of("review.uncounted"),
        };
        table.push(vec![
            Cell::text(&item.said.name),
            indicator(judged, item.said.enpi_id),
            time(item.said.since),
            number_cell(savings.map(|of| of.saved_kwh)),
            number_cell(savings.and_then(|of| of.low_kwh)),
            number_cell(savings.and_then(|of| of.high_kwh)),
            Cell::text(proven),
            number_cell(item.said.expected_kwh_per_year),
        ]);
    }
    let blocks = (!items.is_empty()).then_some(Block::Table(table));
    let blocks = blocks.into_iter().collect();
    Ok(section(work, "section.measures", blocks, "source.progress"))
}

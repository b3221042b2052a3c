//! The energy of a day, a week, a month or longer: how much, what it cost, when, and where it went.

use super::document::{Block, Cell, Chart, Column, Figure, Form, Section, Series, Table};
use super::format::quantity;
use super::peaks::{greatest, when};
use super::template::{Work, kwh, percent, percent_cell};
use crate::base::time::BucketSize;
use crate::base::{Result, TimeRange, Timestamp};
use crate::energy::tree::{Node, Part};
use crate::energy::{BalanceQuery, CostBucket, EnergyFigure, Window, balance, to_mwh};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::{BTreeMap, BTreeSet};

/// What meters of a balance are rounded to before they are added, mWh: a watt-hour, as in the API.
const STEP_MWH: i64 = 1_000;
/// Most periods of a tariff that a chart tells apart.
const SERIES_MAX: usize = 8;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Makes the sections.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let mut sections = overview(work)?;
    // One section alone says that nothing is known.
    if sections.len() > 1 && work.range.length_ms() >= 2 * DAY_MS {
        work.progress.expect(1);
        let share = sections.first().and_then(|section| section.coverage);
        sections.push(profile(work, share)?);
        work.progress.step(1)?;
    }
    Ok(sections)
}

/// How much, what it cost and when; and where it went.
pub(super) fn overview(work: &Work<'_>) -> Result<Vec<Section>> {
    let supply = work.supply();
    work.progress.expect(4);
    let buckets = supply.cost(work.range, work.size(), &|date| work.rules_on(date))?;
    work.progress.step(1)?;
    if !buckets.iter().any(|bucket| bucket.is_known) {
        let title = work.words.of("section.energy");
        return Ok(vec![work.nothing(title)]);
    }
    let (covered, share) = work.coverage(&supply.weights, work.size())?;
    work.progress.step(1)?;
    let until = (work.range, work.sources.clock.now());
    let windows = supply.windows(until, &work.last_rules())?;
    work.progress.step(1)?;
    let mut blocks = vec![figures(work, &buckets, greatest(&windows), share)?];
    blocks.push(Block::Chart(chart(work, &buckets)));
    blocks.push(Block::Table(table(work, &buckets, (&covered, share))));
    let unpriced: i64 = buckets.iter().map(|bucket| bucket.unpriced_mwh).sum();
    if unpriced > 0 {
        let energy = quantity(Some(kwh(unpriced)), "kWh", 1, work.words.language);
        let text = work.words.with("energy.unpriced", &[("energy", &energy)]);
        blocks.push(Block::Note { text });
    }
    let mut sections = vec![Section {
        title: work.words.of("section.energy").to_owned(),
        blocks,
        source: work.priced("source.supply"),
        coverage: share,
    }];
    sections.push(places(work)?);
    work.progress.step(1)?;
    Ok(sections)
}

fn energy_of(bucket: &CostBucket) -> i64 {
    bucket.periods.values().map(|of| of.mwh).sum::<i64>() + bucket.unpriced_mwh
}

fn cost_of(bucket: &CostBucket) -> Decimal {
    bucket.periods.values().map(|of| of.cost).sum()
}

fn figures(
    work: &Work<'_>,
    buckets: &[CostBucket],
    peak: Option<&Window>,
    share: Option<Decimal>,
) -> Result<Block> {
    let w = work.words;
    let total = kwh(buckets.iter().map(energy_of).sum());
    let plain = |name: &str, value, unit: &str, decimals, remark| Figure {
        name: w.of(name).to_owned(),
        value,
        unit: unit.to_owned(),
        decimals,
        remark,
    };
    let remark = before(work, total)?;
    let mut figures = vec![plain("energy.total", Some(total), "kWh", 1, remark)];
    if let Some((currency, decimals)) = work.currency() {
        let cost: Decimal = buckets.iter().map(cost_of).sum();
        let mean = (!total.is_zero()).then(|| {
            let price = quantity(Some(cost / total), &currency, 4, w.language);
            w.with("energy.per_kwh", &[("price", &price)])
        });
        figures.push(plain("energy.cost", Some(cost), &currency, decimals, mean));
    }
    if let Some(peak) = peak {
        let (kw, at) = (Some(peak.kw), when(work, peak));
        figures.push(plain("energy.peak", kw, "kW", 1, Some(at)));
    }
    figures.push(plain("energy.coverage", share, "%", 1, None));
    Ok(Block::Figures { figures })
}

/// How much more or less than in the period before, where that was measured.
fn before(work: &Work<'_>, total: Decimal) -> Result<Option<String>> {
    let (from, to) = (work.range.from, work.range.to);
    let month = work.calendar.bucket_start(from, BucketSize::Month);
    let is_month = month == from && work.calendar.next_bucket(month, BucketSize::Month) == to;
    let start = if is_month {
        work.calendar
            .bucket_start(from.minus_ms(1), BucketSize::Month)
    } else {
        // Noon between, so that days of 23 and 25 hours do no harm.
        let days = (to.since_ms(from) + DAY_MS / 2) / DAY_MS;
        let around = from.minus_ms(days.max(1) * DAY_MS - DAY_MS / 2);
        work.calendar.bucket_start(around, BucketSize::Day)
    };
    let range = TimeRange {
        from: start,
        to: from,
    };
    let history = &work.sources.history;
    let mut earlier = Decimal::ZERO;
    for (meter, factor) in &work.tree.supply() {
        let amount = history.energy_amount(*meter, range, &work.calendar)?;
        // Half a period compares with nothing.
        let Some(amount) = amount.filter(|amount| amount.coverage > 0.9) else {
            return Ok(None);
        };
        earlier += kwh(amount.value) * factor;
    }
    if earlier <= Decimal::ZERO {
        return Ok(None);
    }
    let change = (total - earlier) / earlier * Decimal::ONE_HUNDRED;
    let mut shown = quantity(Some(change), "%", 1, work.words.language);
    if change > Decimal::ZERO {
        shown.insert(0, '+');
    }
    // A sign stays before its number in a line from right to left.
    let shown = format!("\u{2066}{shown}\u{2069}");
    Ok(Some(
        work.words.with("energy.change", &[("change", &shown)]),
    ))
}

fn chart(work: &Work<'_>, buckets: &[CostBucket]) -> Chart {
    let names: BTreeSet<&String> = buckets.iter().flat_map(|b| b.periods.keys()).collect();
    let by_start: BTreeMap<Timestamp, &CostBucket> = buckets
        .iter()
        .map(|bucket| (bucket.start, bucket))
        .collect();
    let starts = work.starts(work.size());
    let known = |at: &Timestamp| by_start.get(at).copied().filter(|bucket| bucket.is_known);
    let mut series: Vec<Series> = Vec::new();
    if names.len() > 1 && names.len() <= SERIES_MAX {
        for name in names {
            let of = |bucket: &CostBucket| kwh(bucket.periods.get(name).map_or(0, |of| of.mwh));
            series.push(Series {
                name: name.clone(),
                values: starts.iter().map(|at| known(at).map(of)).collect(),
            });
        }
    } else {
        let of = |bucket: &CostBucket| kwh(energy_of(bucket));
        series.push(Series {
            name: work.words.of("energy.total").to_owned(),
            values: starts.iter().map(|at| known(at).map(of)).collect(),
        });
    }
    Chart {
        title: work.words.of("energy.by_time").to_owned(),
        form: Form::Stacked,
        unit: "kWh".to_owned(),
        decimals: 1,
        labels: starts.iter().map(|at| work.label(*at)).collect(),
        series,
        limit: None,
    }
}

fn table(
    work: &Work<'_>,
    buckets: &[CostBucket],
    (covered, share): (&BTreeMap<Timestamp, f64>, Option<Decimal>),
) -> Table {
    let w = work.words;
    let money = work.currency();
    let mut columns = vec![
        Column::time(w.of("column.time").to_owned(), work.precision()),
        Column::number(w.of("column.energy").to_owned(), "kWh", 1),
    ];
    if let Some((currency, decimals)) = &money {
        columns.push(Column::number(
            w.of("column.cost").to_owned(),
            currency,
            *decimals,
        ));
    }
    columns.push(Column::number(w.of("column.coverage").to_owned(), "%", 1));
    let mut table = Table::new(w.of("energy.by_time").to_owned(), columns);
    let by_start: BTreeMap<Timestamp, &CostBucket> = buckets
        .iter()
        .map(|bucket| (bucket.start, bucket))
        .collect();
    for start in work.starts(work.size()) {
        let bucket = by_start.get(&start).filter(|bucket| bucket.is_known);
        let mut cells = vec![Cell::Time(start)];
        cells.push(Cell::number(bucket.map(|bucket| kwh(energy_of(bucket)))));
        if money.is_some() {
            cells.push(Cell::number(bucket.map(|bucket| cost_of(bucket))));
        }
        cells.push(percent_cell(covered.get(&start).copied()));
        table.push(cells);
    }
    let total = kwh(buckets.iter().map(energy_of).sum());
    let mut sum = vec![Cell::text(w.of("column.sum")), Cell::Number(total)];
    if money.is_some() {
        sum.push(Cell::Number(buckets.iter().map(cost_of).sum()));
    }
    sum.push(Cell::number(share));
    table.push_strong(0, sum);
    table
}

/// Where energy went: the places of the meter tree with what was used in each.
fn places(work: &Work<'_>) -> Result<Section> {
    let w = work.words;
    let query = BalanceQuery {
        tree: &work.tree,
        range: work.range,
        calendar: &work.calendar,
        step_mwh: STEP_MWH,
    };
    let balance = balance(&work.sources.history, query, &work.site.time_zone)?;
    let columns = vec![
        Column::text(w.of("column.place").to_owned()),
        Column::number(w.of("column.energy").to_owned(), "kWh", 1),
        Column::number(w.of("column.share").to_owned(), "%", 1),
        Column::number(w.of("column.coverage").to_owned(), "%", 1),
    ];
    let mut table = Table::new(w.of("places.title").to_owned(), columns);
    let root = work.tree.root().map(|node| node.id.clone());
    let shown = |id: &str| balance.nodes.iter().find(|node| node.id == id);
    let all = root.as_deref().and_then(shown).and_then(|node| node.total);
    let cells = |name: String, figure: Option<EnergyFigure>| {
        let part = figure.zip(all.filter(|all| all.kwh.abs() > 0.0));
        vec![
            Cell::Text(name),
            Cell::number(figure.map(|figure| kwh(to_mwh(figure.kwh)))),
            percent_cell(part.map(|(part, all)| part.kwh / all.kwh)),
            percent_cell(figure.map(|figure| figure.coverage)),
        ]
    };
    let mut waiting: Vec<(&Node, u8)> =
        work.tree.root().map(|root| (root, 0)).into_iter().collect();
    while let Some((node, depth)) = waiting.pop() {
        let Some(found) = shown(&node.id) else {
            continue;
        };
        table.push_strong(depth, cells(node.name.clone(), found.total));
        for part in &found.consumers {
            table.push(cells(work.name_of(&part.part), part.energy));
            table
                .rows
                .last_mut()
                .into_iter()
                .for_each(|row| row.depth = depth + 1);
        }
        if !found.incoming.is_empty() {
            table.push(cells(w.of("places.rest").to_owned(), found.unaccounted));
            table
                .rows
                .last_mut()
                .into_iter()
                .for_each(|row| row.depth = depth + 1);
        }
        let inside: Vec<_> = work
            .tree
            .inside(&node.id)
            .map(|child| (child, depth + 1))
            .collect();
        waiting.extend(inside.into_iter().rev());
    }
    let mut blocks = vec![Block::Table(table)];
    let virtual_meters = virtual_meters(work, &balance.virtual_meters);
    blocks.extend(virtual_meters.map(Block::Table));
    Ok(Section {
        title: w.of("section.places").to_owned(),
        blocks,
        source: w.of("source.tree").to_owned(),
        coverage: all.and_then(|all| percent(all.coverage)),
    })
}

fn virtual_meters(work: &Work<'_>, parts: &[crate::energy::BalancePart]) -> Option<Table> {
    let w = work.words;
    let columns = vec![
        Column::text(w.of("column.meter").to_owned()),
        Column::number(w.of("column.value").to_owned(), "", 1),
        Column::text(w.of("column.unit").to_owned()),
    ];
    let mut table = Table::new(w.of("places.virtual").to_owned(), columns);
    for part in parts {
        let Part::Virtual(id) = &part.part else {
            continue;
        };
        let unit = work.tree.virtual_meter(id).map(|meter| meter.unit.clone());
        table.push(vec![
            Cell::Text(work.name_of(&part.part)),
            Cell::number(part.energy.map(|figure| kwh(to_mwh(figure.kwh)))),
            Cell::Text(unit.unwrap_or_default()),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The mean power of each hour of the week.
fn profile(work: &Work<'_>, coverage: Option<Decimal>) -> Result<Section> {
    let w = work.words;
    let mut sums = vec![(0.0_f64, 0_u32); 7 * 24];
    for cell in work.supply().cells(work.range, 60)? {
        let slot = (work.calendar.week_minute(cell.start) / 60) as usize;
        if let (Some(mwh), false) = (cell.import_mwh, cell.partial)
            && let Some(sum) = sums.get_mut(slot)
        {
            sum.0 += kwh(mwh).to_f64().unwrap_or_default();
            sum.1 += 1;
        }
    }
    if sums.iter().all(|(_, count)| *count == 0) {
        return Ok(work.nothing(w.of("section.profile")));
    }
    let mean = |(sum, count): &(f64, u32)| {
        let mean = (*count > 0).then(|| sum / f64::from(*count))?;
        rust_decimal::prelude::FromPrimitive::from_f64(mean)
    };
    let series = (1..=7).zip(sums.chunks(24)).map(|(day, hours)| Series {
        name: w.of(&format!("weekday.{day}")).to_owned(),
        values: hours.iter().map(mean).collect(),
    });
    let chart = Chart {
        title: w.of("profile.chart").to_owned(),
        form: Form::Heat,
        unit: "kW".to_owned(),
        decimals: 1,
        labels: (0..24).map(|hour| format!("{hour:02}")).collect(),
        series: series.collect(),
        limit: None,
    };
    Ok(Section {
        title: w.of("section.profile").to_owned(),
        blocks: vec![Block::Chart(chart)],
        source: w.of("source.supply_only").to_owned(),
        coverage,
    })
}

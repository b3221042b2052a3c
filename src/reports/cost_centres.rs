//! What the areas of the meter tree used and what that cost by the tariff of the site.

use super::document::{Block, Cell, Chart, Column, Form, Section, Series, Table};
use super::template::{Work, kwh, percent_cell};
use crate::base::time::BucketSize;
use crate::base::{Result, Timestamp};
use crate::energy::CostBucket;
use crate::energy::tree::{Part, Tree, Weights};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use std::collections::BTreeMap;

/// Most centres that a chart tells apart.
const SERIES_MAX: usize = 8;

/// A cost centre: a place right below the site, with all that lies in it.
struct Centre {
    name: String,
    energy: Decimal,
    cost: Decimal,
    by_start: BTreeMap<Timestamp, Decimal>,
    is_known: bool,
}

/// Makes the section.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let w = work.words;
    let root = work.tree.root().map(|root| root.id.clone());
    let areas: Vec<(String, Weights)> = root
        .iter()
        .flat_map(|root| work.tree.inside(root))
        .map(|area| (area.name.clone(), used_in(&work.tree, &area.id)))
        .collect();
    work.progress.expect(areas.len() + 2);
    let size = match work.size() {
        BucketSize::Fixed(_) => BucketSize::Day,
        size => size,
    };
    let priced = |name: String, weights: Weights| -> Result<Centre> {
        let supply = work.supply_by(weights);
        let buckets = supply.cost(work.range, size, &|date| work.rules_on(date))?;
        work.progress.step(1)?;
        Ok(Centre::of(name, &buckets))
    };
    let site = priced(w.of("centres.site").to_owned(), work.tree.supply())?;
    let title = w.of("section.centres");
    if !site.is_known {
        return Ok(vec![work.nothing(title)]);
    }
    let mut centres = Vec::with_capacity(areas.len());
    for (name, weights) in areas {
        centres.push(priced(name, weights)?);
    }
    centres.sort_by(|a, b| b.cost.cmp(&a.cost).then(b.energy.cmp(&a.energy)));
    centres.push(site.without(&centres, w.of("centres.rest").to_owned()));
    let (_, share) = work.coverage(&work.tree.supply(), BucketSize::Day)?;
    work.progress.step(1)?;
    let mut blocks = Vec::new();
    if centres.len() == 1 {
        let text = w.of("centres.none").to_owned();
        blocks.push(Block::Note { text });
    }
    let Some((currency, decimals)) = work.currency() else {
        let text = w.of("centres.unpriced").to_owned();
        blocks.push(Block::Note { text });
        blocks.push(Block::Table(table(work, &site, &centres, None)));
        return Ok(vec![section(work, blocks, share)]);
    };
    let money = Some((currency.as_str(), decimals));
    blocks.push(Block::Chart(ranking(work, &centres, &currency, decimals)));
    blocks.push(Block::Table(table(work, &site, &centres, money)));
    let starts = work.starts(size);
    if centres.len() <= SERIES_MAX && starts.len() > 1 {
        let chart = over_time(work, &centres, &starts, (&currency, decimals));
        blocks.push(Block::Chart(chart));
    }
    let text = w.of("centres.scope").to_owned();
    blocks.push(Block::Text { text });
    Ok(vec![section(work, blocks, share)])
}

fn section(work: &Work<'_>, blocks: Vec<Block>, coverage: Option<Decimal>) -> Section {
    Section {
        title: work.words.of("section.centres").to_owned(),
        blocks,
        source: work.priced("source.centres"),
        coverage,
    }
}

impl Centre {
    fn of(name: String, buckets: &[CostBucket]) -> Self {
        let mut centre = Self {
            name,
            energy: Decimal::ZERO,
            cost: Decimal::ZERO,
            by_start: BTreeMap::new(),
            is_known: false,
        };
        for bucket in buckets {
            let energy: i64 = bucket.periods.values().map(|of| of.mwh).sum();
            let cost: Decimal = bucket.periods.values().map(|of| of.cost).sum();
            centre.energy += kwh(energy + bucket.unpriced_mwh);
            centre.cost += cost;
            centre.is_known |= bucket.is_known;
            *centre.by_start.entry(bucket.start).or_default() += cost;
        }
        centre
    }

    /// What is left of the site: nothing is lost between the rows and their sum.
    fn without(&self, others: &[Self], name: String) -> Self {
        let mut rest = Self {
            name,
            energy: self.energy,
            cost: self.cost,
            by_start: self.by_start.clone(),
            is_known: self.is_known,
        };
        for other in others {
            rest.energy -= other.energy;
            rest.cost -= other.cost;
            for (start, cost) in &other.by_start {
                *rest.by_start.entry(*start).or_default() -= cost;
            }
        }
        rest
    }
}

/// What is used in a place and in those that lie in it, as meters and their factors: what goes in,
/// without what goes on to places that lie elsewhere.
fn used_in(tree: &Tree, id: &str) -> Weights {
    let mut sum = Weights::new();
    let mut add = |weights: Weights, sign: Decimal| {
        for (meter, factor) in weights {
            *sum.entry(meter).or_default() += factor * sign;
        }
    };
    let mut waiting = vec![id.to_owned()];
    while let Some(id) = waiting.pop() {
        let Some(node) = tree.node(&id) else { continue };
        if node.incoming.is_empty() {
            for part in &node.consumers {
                add(tree.weights(part), Decimal::ONE);
            }
        } else {
            add(tree.weights(&Part::Node(id.clone())), Decimal::ONE);
            for fed in tree.fed_by(&id) {
                let fed = Part::Node(fed.id.clone());
                add(tree.weights(&fed), Decimal::NEGATIVE_ONE);
            }
        }
        waiting.extend(tree.inside(&id).map(|child| child.id.clone()));
    }
    sum.retain(|_, factor| !factor.is_zero());
    sum
}

fn table(work: &Work<'_>, site: &Centre, centres: &[Centre], money: Option<(&str, u32)>) -> Table {
    let w = work.words;
    let mut columns = vec![
        Column::text(w.of("column.centre").to_owned()),
        Column::number(w.of("column.energy").to_owned(), "kWh", 1),
        Column::number(w.of("column.share").to_owned(), "%", 1),
    ];
    if let Some((currency, decimals)) = money {
        columns.push(Column::number(
            w.of("column.cost").to_owned(),
            currency,
            decimals,
        ));
        let name = w.of("column.cost_share").to_owned();
        columns.push(Column::number(name, "%", 1));
    }
    let mut table = Table::new(w.of("section.centres").to_owned(), columns);
    let share = |part: Decimal, all: Decimal| {
        let part = part.checked_div(all).and_then(|share| share.to_f64());
        percent_cell(part)
    };
    let cells = |centre: &Centre| {
        let mut cells = vec![
            Cell::Text(centre.name.clone()),
            Cell::Number(centre.energy),
            share(centre.energy, site.energy),
        ];
        if money.is_some() {
            cells.push(Cell::Number(centre.cost));
            cells.push(share(centre.cost, site.cost));
        }
        cells
    };
    for centre in centres {
        table.push(cells(centre));
    }
    table.push_strong(0, cells(site));
    table
}

fn ranking(work: &Work<'_>, centres: &[Centre], currency: &str, decimals: u32) -> Chart {
    Chart {
        title: work.words.of("centres.chart").to_owned(),
        form: Form::Ranked,
        unit: currency.to_owned(),
        decimals,
        labels: centres.iter().map(|centre| centre.name.clone()).collect(),
        series: vec![Series {
            name: work.words.of("column.cost").to_owned(),
            values: centres.iter().map(|centre| Some(centre.cost)).collect(),
        }],
        limit: None,
    }
}

fn over_time(
    work: &Work<'_>,
    centres: &[Centre],
    starts: &[Timestamp],
    (currency, decimals): (&str, u32),
) -> Chart {
    let series = |centre: &Centre| Series {
        name: centre.name.clone(),
        values: starts
            .iter()
            .map(|at| centre.by_start.get(at).copied())
            .collect(),
    };
    Chart {
        title: work.words.of("centres.over_time").to_owned(),
        form: Form::Stacked,
        unit: currency.to_owned(),
        decimals,
        labels: starts.iter().map(|at| work.label(*at)).collect(),
        series: centres.iter().map(series).collect(),
        limit: None,
    }
}

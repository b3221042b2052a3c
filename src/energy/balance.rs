//! The energy balance of a site: its meter tree with the figures of a period, and as series.

use super::SiteHistory;
use super::readings::{Cell, round_to, to_kwh};
use super::tree::{NodeKind, Part, Tree};
use super::tree_figures::{Amount, Figures};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Metric, Result, TimeRange, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A figure of a balance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct EnergyFigure {
    /// Energy, kWh.
    pub kwh: f64,
    /// How much of the period was measured, 0 to 1: the least of its parts.
    pub coverage: f64,
}

impl From<Amount> for EnergyFigure {
    fn from(amount: Amount) -> Self {
        Self {
            kwh: to_kwh(amount.value),
            coverage: (amount.coverage * 1e6).round() / 1e6,
        }
    }
}

/// A meter at a place, with its energy.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BalancePart {
    /// Which one.
    pub part: Part,
    /// Its energy; `null` when nothing was measured.
    pub energy: Option<EnergyFigure>,
}

/// A place of a balance.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BalanceNode {
    /// Its id in the tree.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// The place it lies in.
    pub parent: Option<String>,
    /// The place it takes its energy from.
    pub source: Option<String>,
    /// All that went into it; `null` when that is not known.
    pub total: Option<EnergyFigure>,
    /// What its incoming meters saw and nothing behind them did; below zero when more was measured
    /// behind them. `null` without incoming meters.
    pub unaccounted: Option<EnergyFigure>,
    /// What was used in the place and in those that lie in it.
    pub used: Option<EnergyFigure>,
    /// Its incoming meters.
    pub incoming: Vec<BalancePart>,
    /// Its consumers.
    pub consumers: Vec<BalancePart>,
}

/// The balance of a period. What went in is what consumers used and what is unaccounted for, to the
/// last digit.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Balance {
    /// First instant, at the start of a quarter of an hour.
    pub from: Timestamp,
    /// First instant after; now when a later one was asked for.
    pub to: Timestamp,
    /// The time zone of the site.
    pub time_zone: String,
    /// The places, in the order of the tree.
    pub nodes: Vec<BalanceNode>,
    /// The virtual meters and what they show, each in its unit.
    pub virtual_meters: Vec<BalancePart>,
}

/// What is read of a tree.
#[derive(Clone, Copy, Debug)]
pub struct BalanceQuery<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// The period.
    pub range: TimeRange,
    /// Whose days.
    pub calendar: &'a Calendar,
    /// Meters are rounded to whole steps of this, mWh, before they are added.
    pub step_mwh: i64,
}

/// The balance of a period. Reads the disk.
///
/// # Errors
/// When the file cannot be read.
pub fn balance(history: &SiteHistory, query: BalanceQuery<'_>, time_zone: &str) -> Result<Balance> {
    let mut read = BTreeMap::new();
    for meter in query.tree.meters() {
        if let Some(amount) = history.energy_amount(meter, query.range, query.calendar)? {
            let value = round_to(amount.value, query.step_mwh);
            read.insert(meter, Amount { value, ..amount });
        }
    }
    let mut figures = Figures::of(query.tree, read);
    Ok(Balance {
        from: query.range.from,
        to: query.range.to,
        time_zone: time_zone.to_owned(),
        nodes: shown(query.tree, &mut figures),
        virtual_meters: query
            .tree
            .virtual_meters
            .iter()
            .map(|meter| part_of(&mut figures, &Part::Virtual(meter.id.clone())))
            .collect(),
    })
}

fn part_of(figures: &mut Figures<'_>, part: &Part) -> BalancePart {
    BalancePart {
        part: part.clone(),
        energy: figures.amount(part).map(EnergyFigure::from),
    }
}

fn shown(tree: &Tree, figures: &mut Figures<'_>) -> Vec<BalanceNode> {
    let mut nodes = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        let Some(of) = figures.nodes.get(&node.id).cloned() else {
            continue;
        };
        let mut parts = |list: &[Part]| -> Vec<BalancePart> {
            list.iter().map(|part| part_of(figures, part)).collect()
        };
        nodes.push(BalanceNode {
            id: node.id.clone(),
            name: node.name.clone(),
            kind: node.kind,
            parent: node.parent.clone(),
            source: node.source().map(str::to_owned),
            total: of.total.map(EnergyFigure::from),
            unaccounted: of.rest.map(EnergyFigure::from),
            used: of.place.map(EnergyFigure::from),
            incoming: parts(&node.incoming),
            consumers: parts(&node.consumers),
        });
    }
    nodes
}

/// What a series is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesOf {
    /// A meter, a virtual meter or all that goes into a place.
    Part(Part),
    /// What is unaccounted for at a place.
    Rest(String),
}

/// A bucket of a series of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TreePoint {
    /// Start of the bucket.
    pub timestamp: Timestamp,
    /// Energy, kWh (or the unit of the virtual meter); `null` when it is not known of every part.
    pub value: Option<f64>,
    /// How much of the bucket was measured, 0 to 1; `null` with the value.
    pub coverage: Option<f64>,
}

/// Meters of a series, and their cells bucket by bucket.
type Cells = BTreeMap<EquipmentId, Vec<(Cell, i64)>>;

/// A series of a checked tree, bucket by bucket. Reads the disk.
///
/// # Errors
/// When the file cannot be read, or there are too many buckets.
pub fn tree_series(
    history: &SiteHistory,
    query: BalanceQuery<'_>,
    of: &SeriesOf,
    size: BucketSize,
) -> Result<Vec<TreePoint>> {
    let mut cells = Cells::new();
    for meter in needed(query.tree, of) {
        let metric = Metric::CONSUMPTION;
        let read = history.cells(meter, &metric, query.range, size, query.calendar)?;
        cells.insert(meter, read);
    }
    let buckets = cells.values().map(Vec::len).max().unwrap_or(0);
    let mut points = Vec::with_capacity(buckets);
    for at in 0..buckets {
        let Some(start) = cells.values().find_map(|c| Some(c.get(at)?.0.start)) else {
            continue;
        };
        let amount = |(id, list): (&EquipmentId, &Vec<(Cell, i64)>)| {
            let cell = list.get(at)?.0;
            let value = cell.mwh?;
            let coverage = cell.coverage;
            Some((*id, Amount { value, coverage }))
        };
        let mut figures = Figures::of(query.tree, cells.iter().filter_map(amount).collect());
        let found = match of {
            SeriesOf::Part(part) => figures.amount(part),
            SeriesOf::Rest(id) => figures.nodes.get(id).and_then(|node| node.rest),
        };
        let shown = found.map(EnergyFigure::from);
        points.push(TreePoint {
            timestamp: start,
            value: shown.map(|figure| figure.kwh),
            coverage: shown.map(|figure| figure.coverage),
        });
    }
    Ok(points)
}

/// The meters that a series is made of.
fn needed(tree: &Tree, of: &SeriesOf) -> Vec<EquipmentId> {
    match of {
        SeriesOf::Part(Part::Meter(id)) => vec![*id],
        SeriesOf::Part(part) => tree.weights(part).into_keys().collect(),
        SeriesOf::Rest(id) => {
            let mut meters: Vec<_> = tree.weights(&Part::Node(id.clone())).into_keys().collect();
            let consumers = tree.node(id).map_or(&[][..], |node| &node.consumers);
            let fed = tree.fed_by(id).map(|child| Part::Node(child.id.clone()));
            for part in consumers.iter().cloned().chain(fed) {
                match part {
                    Part::Meter(meter) => meters.push(meter),
                    part => meters.extend(tree.weights(&part).into_keys()),
                }
            }
            meters.sort_unstable();
            meters.dedup();
            meters
        }
    }
}

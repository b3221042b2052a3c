//! `/api/energy/tree` and what follows from it: balance, flow, series.

use super::Context;
use super::energy_range::{RangeQuery, named_size, range_of};
use super::envelope::{Answer, Body, Envelope, Params, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, Timestamp};
use crate::energy::tree::{Node, Part, Tree, VirtualMeter};
use crate::energy::{
    Amount, Balance, BalanceQuery, EnergyFigure, Figures, SeriesOf, TreePoint, balance, tree_series,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(show, replace))
        .routes(routes!(balance_of))
        .routes(routes!(flow))
        .routes(routes!(series))
}

/// A meter as the tree shows it.
#[derive(Debug, Serialize, ToSchema)]
struct TreeMeter {
    /// Its id.
    id: EquipmentId,
    /// Its name; `null` when it was deleted.
    name: Option<String>,
    /// Whether it hangs at a place.
    placed: bool,
}

/// The meter tree of the site.
#[derive(Debug, Serialize, ToSchema)]
struct EnergyTree {
    /// Counts the changes; 0 when nobody made a tree yet, and every meter that counts in the total
    /// of the site hangs at it.
    revision: u64,
    /// When it was changed.
    updated_at: Option<Timestamp>,
    /// By whom.
    updated_by: Option<String>,
    /// The places.
    nodes: Vec<Node>,
    /// The computed meters.
    virtual_meters: Vec<VirtualMeter>,
    /// The meters of the site, and those of the tree that were deleted.
    meters: Vec<TreeMeter>,
}

/// A tree as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTree {
    /// The revision of the tree that was looked at.
    revision: u64,
    /// The places; one of them, without a parent, is the site.
    nodes: Vec<Node>,
    /// The computed meters.
    #[serde(default)]
    virtual_meters: Vec<VirtualMeter>,
}

/// The meter tree of the site.
#[utoipa::path(get, path = "/energy/tree", operation_id = "get_energy_tree", tag = "energy",
    responses((status = 200, body = Envelope<EnergyTree>)))]
async fn show(State(context): State<Context>, caller: Caller) -> Answer<EnergyTree> {
    caller.require(Permission::ReadingsRead)?;
    ok(shown(&context, &caller)?)
}

fn shown(context: &Context, caller: &Caller) -> Result<EnergyTree> {
    let site = context.site_of(caller)?;
    let stored = context.trees.stored(&site.key);
    let tree = context.trees.of(&site);
    let hung: Vec<&Part> = tree
        .nodes
        .iter()
        .flat_map(|node| node.incoming.iter().chain(&node.consumers))
        .collect();
    let all = context.registry.all();
    let known = all.iter().filter(|e| e.site == site.key);
    let mut meters: BTreeMap<EquipmentId, Option<String>> =
        known.map(|e| (e.id, Some(e.name.clone()))).collect();
    for id in tree.meters() {
        meters.entry(id).or_insert(None);
    }
    let meter = |(id, name)| TreeMeter {
        id,
        name,
        placed: hung.contains(&&Part::Meter(id)),
    };
    Ok(EnergyTree {
        revision: stored.as_ref().map_or(0, |s| s.revision),
        updated_at: stored.as_ref().map(|s| s.updated_at),
        updated_by: stored.as_ref().map(|s| s.updated_by.clone()),
        meters: meters.into_iter().map(meter).collect(),
        nodes: tree.nodes.clone(),
        virtual_meters: tree.virtual_meters,
    })
}

/// Replaces the meter tree. From then on the totals of the site follow it, not the marks of the
/// meters.
#[utoipa::path(put, path = "/energy/tree", operation_id = "replace_energy_tree", tag = "energy",
    request_body = NewTree,
    responses(
        (status = 200, body = Envelope<EnergyTree>),
        (status = 400, description = "Every refused place: a circle, a meter that hangs twice",
            body = Refusal),
        (status = 409, description = "Somebody was quicker", body = Refusal),
    ))]
async fn replace(
    State(context): State<Context>,
    caller: Caller,
    Body(new): Body<NewTree>,
) -> Answer<EnergyTree> {
    caller.require(Permission::SettingsWrite)?;
    let site = context.site_of(&caller)?;
    let tree = Tree {
        nodes: new.nodes,
        virtual_meters: new.virtual_meters,
    };
    let actor = caller.actor();
    context
        .trees
        .replace(&site, new.revision, tree, actor)
        .await?;
    context.live.tell_registry();
    ok(shown(&context, &caller)?)
}

/// The energy balance of a period: what went into each place, what its meters saw of it, and what
/// is unaccounted for.
#[utoipa::path(get, path = "/energy/balance", operation_id = "get_energy_balance", tag = "energy",
    params(RangeQuery),
    responses(
        (status = 200, body = Envelope<Balance>),
        (status = 400, description = "A refused parameter", body = Refusal),
    ))]
async fn balance_of(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<RangeQuery>,
) -> Answer<Balance> {
    caller.require(Permission::ReadingsRead)?;
    ok(read_balance(&context, &caller, query).await?)
}

async fn read_balance(context: &Context, caller: &Caller, query: RangeQuery) -> Result<Balance> {
    let site = context.site_of(caller)?;
    let calendar = site.calendar();
    let range = range_of(&query, &calendar, context.clock.now())?;
    let step_mwh = query.step_mwh()?;
    let tree = context.trees.of(&site);
    let history = context.history.clone();
    super::blocking(move || {
        let query = BalanceQuery {
            tree: &tree,
            range,
            calendar: &calendar,
            step_mwh,
        };
        balance(&history, query, &site.time_zone)
    })
    .await
}

/// One stream of a flow picture.
#[derive(Debug, Serialize, ToSchema)]
struct FlowEdge {
    /// Where from: `supply`, or `node:` and the id of a place.
    from: String,
    /// Where to: `node:` and an id, `meter:`, `virtual:` or `rest:` and the id of the place.
    to: String,
    /// Its name.
    name: String,
    /// Energy; `null` when it is not known.
    energy: Option<EnergyFigure>,
    /// Power now, kW; `null` when nothing current is known of every part.
    power_kw: Option<f64>,
}

/// The flow of energy through the site.
#[derive(Debug, Serialize, ToSchema)]
struct EnergyFlow {
    /// First instant.
    from: Timestamp,
    /// First instant after.
    to: Timestamp,
    /// The streams, from the supply outwards. A stream of what is unaccounted for may be negative.
    edges: Vec<FlowEdge>,
}

/// The flow of energy through the site: what goes from where to where in a period, and now.
#[utoipa::path(get, path = "/energy/flow", operation_id = "get_energy_flow", tag = "energy",
    params(RangeQuery),
    responses(
        (status = 200, body = Envelope<EnergyFlow>),
        (status = 400, description = "A refused parameter", body = Refusal),
    ))]
async fn flow(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<RangeQuery>,
) -> Answer<EnergyFlow> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let tree = context.trees.of(&site);
    let balance = read_balance(&context, &caller, query).await?;
    let now = context.clock.now();
    let power = |id: EquipmentId| {
        let device = context.live.device(id);
        let kw = device.fresh(&Metric::POWER, Phase::Total, now)?;
        // As whole milliwatts, so that streams add up.
        Some((
            id,
            Amount {
                value: crate::energy::to_mwh(kw),
                coverage: 1.0,
            },
        ))
    };
    let power = tree.meters().into_iter().filter_map(power).collect();
    let mut figures = Figures::of(&tree, power);
    let name = |id: EquipmentId| {
        let found = context.registry.get(id);
        found.map_or_else(|_| id.to_string(), |equipment| equipment.name)
    };
    ok(EnergyFlow {
        from: balance.from,
        to: balance.to,
        edges: edges(&tree, &balance, &mut figures, &name),
    })
}

fn edges(
    tree: &Tree,
    balance: &Balance,
    power: &mut Figures<'_>,
    name: &dyn Fn(EquipmentId) -> String,
) -> Vec<FlowEdge> {
    let kw = |amount: Option<Amount>| amount.map(|a| crate::energy::to_kwh(a.value));
    let mut edges = Vec::new();
    for node in &balance.nodes {
        let here = format!("node:{}", node.id);
        edges.push(FlowEdge {
            from: node
                .source
                .as_ref()
                .map_or_else(|| "supply".to_owned(), |s| format!("node:{s}")),
            to: here.clone(),
            name: node.name.clone(),
            energy: node.total,
            power_kw: kw(power.amount(&Part::Node(node.id.clone()))),
        });
        for consumer in &node.consumers {
            let (to, name) = match &consumer.part {
                Part::Meter(id) => (format!("meter:{id}"), name(*id)),
                Part::Virtual(id) | Part::Node(id) => {
                    let meter = tree.virtual_meter(id);
                    (
                        format!("virtual:{id}"),
                        meter.map_or(id, |v| &v.name).clone(),
                    )
                }
            };
            edges.push(FlowEdge {
                from: here.clone(),
                to,
                name,
                energy: consumer.energy,
                power_kw: kw(power.amount(&consumer.part)),
            });
        }
        if !node.incoming.is_empty() {
            edges.push(FlowEdge {
                from: here,
                to: format!("rest:{}", node.id),
                name: node.name.clone(),
                energy: node.unaccounted,
                power_kw: kw(power.nodes.get(&node.id).and_then(|figures| figures.rest)),
            });
        }
    }
    edges
}

/// Which series of the tree.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SeriesQuery {
    /// `node:`, `rest:`, `virtual:` or `meter:` and an id: `rest:hall-1`.
    of: String,
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// `15min`, `1hour`, `daily`, `weekly` or `monthly`.
    resolution: String,
}

/// A series of the tree.
#[derive(Debug, Serialize, ToSchema)]
struct TreeSeries {
    /// What it is of.
    of: String,
    /// Its unit.
    unit: String,
    /// The buckets in order of time.
    points: Vec<TreePoint>,
}

/// The energy of a place, a virtual meter, or of what is unaccounted for, over time.
#[utoipa::path(get, path = "/energy/series", operation_id = "get_energy_series", tag = "energy",
    params(SeriesQuery),
    responses(
        (status = 200, body = Envelope<TreeSeries>),
        (status = 400, description = "A refused parameter, or too many points", body = Refusal),
    ))]
async fn series(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<SeriesQuery>,
) -> Answer<TreeSeries> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let calendar = site.calendar();
    let size = named_size(&query.resolution)?;
    let tree = context.trees.of(&site);
    let (of, unit) = series_of(&tree, &query.of)?;
    let bounds = RangeQuery::of(query.from, query.to);
    let mut range = range_of(&bounds, &calendar, context.clock.now())?;
    range.from = calendar.bucket_start(range.from, size);
    let history = context.history.clone();
    let points = super::blocking(move || {
        let query = BalanceQuery {
            tree: &tree,
            range,
            calendar: &calendar,
            step_mwh: 1,
        };
        tree_series(&history, query, &of, size)
    })
    .await?;
    ok(TreeSeries {
        of: query.of,
        unit,
        points,
    })
}

/// What a series is of, and its unit.
fn series_of(tree: &Tree, text: &str) -> Result<(SeriesOf, String)> {
    let absent = || {
        let sentence = "Name something of the tree: node:, rest:, virtual: or meter: and its id.";
        Error::invalid("of", sentence)
    };
    let (kind, id) = text.split_once(':').ok_or_else(absent)?;
    let kwh = || crate::energy::tree::ENERGY_UNIT.to_owned();
    let node = || tree.node(id).map(|node| node.id.clone()).ok_or_else(absent);
    match kind {
        "node" => Ok((SeriesOf::Part(Part::Node(node()?)), kwh())),
        "rest" => Ok((SeriesOf::Rest(node()?), kwh())),
        "virtual" => {
            let meter = tree.virtual_meter(id).ok_or_else(absent)?;
            let part = Part::Virtual(meter.id.clone());
            Ok((SeriesOf::Part(part), meter.unit.clone()))
        }
        "meter" => {
            let id = id.parse().map_err(|_| absent())?;
            let part = Part::Meter(id);
            let known = tree.meters().contains(&id);
            known
                .then(|| (SeriesOf::Part(part), kwh()))
                .ok_or_else(absent)
        }
        _ => Err(absent()),
    }
}

//! `/api/energy/demand` and `/api/energy/peaks`: the window that is running, and the greatest ones.

use super::Context;
use super::energy_cost::supply_of;
use super::energy_range::{RangeQuery, range_of};
use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Timestamp};
use crate::energy::tariff::Rules;
use crate::energy::tree::{Part, Tree};
use crate::energy::{Cut, DemandNow, Follows, Peak, loads_now, running};
use crate::site::Site;
use axum::extract::State;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most peaks of one answer, and how many when none is said.
const PEAKS_MAX: usize = 50;
const PEAKS: usize = 10;
/// Most loads and shares that are named: those behind them do not matter for a peak.
const LOADS_MAX: usize = 20;
/// Longest range of one question, ms: 400 days.
const RANGE_MAX_MS: i64 = 400 * 24 * 3_600_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(demand))
        .routes(routes!(peaks))
}

/// Something that draws power.
#[derive(Debug, Serialize, ToSchema)]
struct NamedLoad {
    /// Its name.
    name: String,
    /// Which one; `null` for what is unaccounted for at a place.
    part: Option<Part>,
    /// Mean power, kW; `null` when it is not known.
    kw: Option<f64>,
}

/// The demand now.
#[derive(Debug, Serialize, ToSchema)]
struct Demand {
    /// Length of a window, minutes.
    window_minutes: u32,
    /// The running window; `null` when nothing current is known.
    running: Option<DemandNow>,
    /// What draws most now, the greatest first: what may be switched off.
    loads: Vec<NamedLoad>,
    /// What the windows follow; `null` when that is the clock, and no pulse is set for the site.
    pulse: Option<PulseNow>,
}

/// What the windows of a site follow whose utility gives a pulse.
#[derive(Debug, Serialize, ToSchema)]
struct PulseNow {
    /// What the running window follows.
    follows: Follows,
    /// By how much windows begin after those of the clock, s; below zero before them.
    offset_s: i64,
    /// The end of the last window that a pulse told; `null` when none was heard yet, or none for a
    /// week.
    heard_at: Option<Timestamp>,
}

impl PulseNow {
    fn of(context: &Context, site: &Site, now: Timestamp) -> Option<Self> {
        let beat = context.tariffs.beats.of(&site.key);
        let change = beat.at(now);
        let is_told = site.wishes.demand_pulse.is_some() || change.follows != Follows::Clock;
        is_told.then(|| Self {
            follows: change.follows,
            offset_s: (change.offset_ms + change.offset_ms.signum() * 500) / 1_000,
            heard_at: beat.heard,
        })
    }
}

/// The demand window that is running: what it will end with, how much may still be drawn under the
/// ordered power, and what draws most.
#[utoipa::path(get, path = "/energy/demand", operation_id = "get_energy_demand", tag = "energy",
    responses((status = 200, body = Envelope<Demand>)))]
async fn demand(State(context): State<Context>, caller: Caller) -> Answer<Demand> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let now = context.clock.now();
    let rules = rules_of(&context, &site, now);
    let contracted = rules.contracted_at(now, &site.calendar());
    let supply = supply_of(&context, &site);
    let Cut { from, to, .. } = supply.window_at(now, &rules);
    let window = (from, to);
    let course = super::blocking(move || supply.course(window, now)).await?;
    let contracted = contracted.and_then(|kw| kw.to_f64());
    ok(Demand {
        window_minutes: rules.window_minutes,
        running: running(&course, window, now, contracted),
        loads: loads(&context, &site, now),
        pulse: PulseNow::of(&context, &site, now),
    })
}

/// The rules of today; those of a flat price where no tariff holds.
fn rules_of(context: &Context, site: &Site, now: Timestamp) -> Rules {
    let version = context.tariffs.at(&site.key, now, &site.calendar());
    version.map_or_else(
        || Rules::flat(&site.currency, site.price_per_kwh.unwrap_or(Decimal::ZERO)),
        |version| version.rules,
    )
}

fn loads(context: &Context, site: &Site, now: Timestamp) -> Vec<NamedLoad> {
    let tree = context.trees.of(site);
    let loads = loads_now(&tree, &context.live, &context.registry, now);
    let shown = loads.into_iter().take(LOADS_MAX).map(|load| NamedLoad {
        name: load.name,
        part: Some(load.part),
        kw: Some(load.kw),
    });
    shown.collect()
}

fn name_of(context: &Context, tree: &Tree, part: Option<&Part>, node: &str) -> String {
    match part {
        Some(Part::Meter(id)) => {
            let found = context.registry.get(*id);
            found.map_or_else(|_| id.to_string(), |equipment| equipment.name)
        }
        Some(Part::Virtual(id)) => tree.virtual_meter(id).map_or(id, |v| &v.name).clone(),
        Some(Part::Node(id)) => tree.node(id).map_or(id, |n| &n.name).clone(),
        None => tree.node(node).map_or(node, |n| &n.name).to_owned(),
    }
}

/// Which peaks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeaksQuery {
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// How many, 1 to 50; 10 when absent.
    limit: Option<usize>,
}

/// A peak.
#[derive(Debug, Serialize, ToSchema)]
struct PeakShown {
    /// When its window began.
    at: Timestamp,
    /// When its window ended.
    to: Timestamp,
    /// What said when it ended.
    follows: Follows,
    /// Mean power of the window, kW.
    #[schema(value_type = String)]
    kw: Decimal,
    /// Whether it is estimated: a meter was read less often than the window is long, was silent in
    /// it or was corrected, and its energy is shared out by time.
    estimated: bool,
    /// The period of the tariff.
    period: String,
    /// What drew it, the greatest first.
    shares: Vec<NamedLoad>,
}

/// The greatest demand windows of a range.
#[derive(Debug, Serialize, ToSchema)]
struct Peaks {
    /// First instant.
    from: Timestamp,
    /// First instant after.
    to: Timestamp,
    /// Length of a window, minutes: that of the tariff of today.
    window_minutes: u32,
    /// The greatest first.
    items: Vec<PeakShown>,
}

/// The greatest demand windows of a range, each with what every meter of the tree took in it.
#[utoipa::path(get, path = "/energy/peaks", operation_id = "list_energy_peaks", tag = "energy",
    params(PeaksQuery),
    responses(
        (status = 200, body = Envelope<Peaks>),
        (status = 400, description = "A refused parameter", body = Refusal),
    ))]
async fn peaks(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<PeaksQuery>,
) -> Answer<Peaks> {
    caller.require(Permission::ReadingsRead)?;
    let limit = query.limit.unwrap_or(PEAKS);
    if !(1..=PEAKS_MAX).contains(&limit) {
        return Err(Error::invalid("limit", "1 to 50.").into());
    }
    let site = context.site_of(&caller)?;
    let (calendar, now) = (site.calendar(), context.clock.now());
    let range = range_of(&RangeQuery::of(query.from, query.to), &calendar, now)?;
    if range.length_ms() > RANGE_MAX_MS {
        return Err(Error::invalid("to", "At most 400 days at once.").into());
    }
    let rules = rules_of(&context, &site, now);
    let tree = context.trees.of(&site);
    let supply = supply_of(&context, &site);
    let (about, shown) = (tree.clone(), rules.clone());
    let found = super::blocking(move || {
        let windows = supply.windows((range, now), &rules)?;
        supply.peaks(&about, windows, &rules, limit)
    })
    .await?;
    let show = |peak: Peak| PeakShown {
        at: peak.window.start,
        to: peak.window.end,
        follows: peak.window.follows,
        kw: peak.window.kw.normalize(),
        estimated: peak.window.estimated,
        period: shown.periods[peak.window.period].name.clone(),
        shares: peak
            .shares
            .into_iter()
            .take(LOADS_MAX)
            .map(|share| NamedLoad {
                name: name_of(&context, &tree, share.part.as_ref(), &share.node),
                part: share.part,
                kw: share.kw,
            })
            .collect(),
    };
    ok(Peaks {
        from: range.from,
        to: range.to,
        window_minutes: shown.window_minutes,
        items: found.into_iter().map(show).collect(),
    })
}

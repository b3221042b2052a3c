//! `/api/realtime/*`, `/api/dashboard/*`: what a control room looks at, without a socket.

use super::Context;
use super::dashboard::{metrics_of, site_equipment};
use super::envelope::{Answer, Envelope, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::base::{EquipmentId, Error, Metric, Phase, Timestamp};
use crate::energy::{DashboardMetrics, SiteUsual, Today};
use crate::equipment::{AdminStatus, Status};
use crate::live::fresh_for_ms;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A site without a reading younger than this is not current, ms.
const CURRENT_WITHIN_MS: i64 = 10_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(current))
        .routes(routes!(meters))
        .routes(routes!(today))
        .routes(routes!(usual))
}

/// The figures of the site now; 503 with the age of the last reading when nothing is current.
#[utoipa::path(get, path = "/realtime/current", tag = "realtime",
    responses(
        (status = 200, body = Envelope<DashboardMetrics>),
        (status = 503, description = "Nothing is current", body = Refusal),
    ))]
async fn current(State(context): State<Context>, caller: Caller) -> Answer<DashboardMetrics> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let now = context.clock.now();
    let (mut newest, mut within_ms) = (None::<Timestamp>, CURRENT_WITHIN_MS);
    for equipment in site_equipment(&context, &site.key) {
        context.live.with(equipment, |device| {
            let Some(device) = device else { return };
            newest = newest.max(device.last_good);
            within_ms = within_ms.max(fresh_for_ms(device.interval_ms));
        });
    }
    let age_ms = newest.map(|at| now.since_ms(at));
    if age_ms.is_none_or(|age| age > within_ms) {
        let age_s = age_ms.map(|age| age / 1_000);
        let sentence = match age_s {
            Some(age) => format!("No meter has answered for {age} s. Check the meters' network."),
            None => "No meter has answered yet. Add a meter, or check its connection.".to_owned(),
        };
        return Err(Error::unavailable(sentence)
            .with_details(serde_json::json!({ "age_s": age_s, "last_reading": newest }))
            .into());
    }
    ok(metrics_of(&context, &site).await?)
}

/// The meters and whether they answer.
#[derive(Serialize, ToSchema)]
struct Meters {
    /// All equipment that is polled.
    meters: Vec<Meter>,
    /// How many answer.
    online_count: usize,
    /// How many there are.
    total_count: usize,
}

/// One meter.
#[derive(Serialize, ToSchema)]
struct Meter {
    /// Its id.
    id: EquipmentId,
    /// Its name.
    name: String,
    /// `online` or `offline`.
    status: Status,
    /// When it last answered.
    last_reading: Option<Timestamp>,
    /// Power, kW; 0 when it is offline.
    power: f64,
    /// Where it stands.
    location: Option<String>,
}

/// The meters and whether they answer.
#[utoipa::path(get, path = "/realtime/meters", tag = "realtime",
    responses((status = 200, body = Envelope<Meters>)))]
async fn meters(State(context): State<Context>, caller: Caller) -> Answer<Meters> {
    caller.require(Permission::ReadingsRead)?;
    let now = context.clock.now();
    let seen = context.registry.within(&caller.user.sites);
    let polled = seen.into_iter().filter(|equipment| {
        equipment.modbus.is_some() && equipment.admin_status != AdminStatus::Decommissioned
    });
    let meters: Vec<Meter> = polled
        .map(|equipment| {
            let (online, power, last_reading) = context.live.with(equipment.id, |device| {
                let Some(device) = device else {
                    return (false, None, None);
                };
                let power = device.fresh(&Metric::POWER, Phase::Total, now);
                (device.is_online(now), power, device.last_good)
            });
            Meter {
                id: equipment.id,
                name: equipment.name,
                status: if online {
                    Status::Online
                } else {
                    Status::Offline
                },
                last_reading,
                power: power.unwrap_or(0.0),
                location: equipment.location,
            }
        })
        .collect();
    let online_count = meters
        .iter()
        .filter(|meter| meter.status == Status::Online)
        .count();
    ok(Meters {
        online_count,
        total_count: meters.len(),
        meters,
    })
}

/// Energy and cost since midnight at the site.
#[utoipa::path(get, path = "/dashboard/today", tag = "realtime",
    responses((status = 200, body = Envelope<Today>)))]
async fn today(State(context): State<Context>, caller: Caller) -> Answer<Today> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let equipment = site_equipment(&context, &site.key);
    let now = context.clock.now();
    let compute = move || {
        let objective = context.enpis.objective_of_day(&site, &equipment, now)?;
        let today = context.today.at(&site, &equipment, now)?;
        Ok(today.beside(objective))
    };
    ok(super::blocking(compute).await?)
}

/// In which range the figures of the site usually are at this hour of such a day, and its power
/// over the last day.
#[utoipa::path(get, path = "/dashboard/usual", tag = "realtime",
    responses((status = 200, body = Envelope<SiteUsual>)))]
async fn usual(State(context): State<Context>, caller: Caller) -> Answer<SiteUsual> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let equipment = site_equipment(&context, &site.key);
    let now = context.clock.now();
    let compute = move || context.today.usual.at(&site, &equipment, now);
    ok(super::blocking(compute).await?)
}

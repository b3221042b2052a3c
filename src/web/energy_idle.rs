//! `/api/energy/idle` and `/api/energy/power-quality`: what a machine did, and what its voltage
//! was like.

use super::energy_range::{RangeQuery, range_of};
use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Error, Result, TimeRange, Timestamp};
use crate::energy::{
    Cuts, IdleLedger, IdlePrices, IdleQuery, QualityWeek, idle_ledger, quality_week, shifts_of,
};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Shifts when none are named.
const SHIFTS: &str = "06:00,14:00,22:00";

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(idle))
        .routes(routes!(power_quality))
}

/// What is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct IdleParams {
    /// The machine.
    equipment_id: String,
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// When shifts begin: `06:00,14:00,22:00`.
    shifts: Option<String>,
    /// Below it the machine is off, kW, instead of what is learnt; with `run_above_kw`.
    off_below_kw: Option<f64>,
    /// Above it the machine runs, kW; with `off_below_kw`.
    run_above_kw: Option<f64>,
    /// The product whose entries of this machine count as parts.
    product: Option<String>,
}

/// Hours and energy of a machine by state (off, idle, run) and shift, what its idling costs, and
/// the energy of each part. The states are learnt from the power of four weeks or more.
#[utoipa::path(get, path = "/energy/idle", operation_id = "get_idle_ledger", tag = "energy",
    params(IdleParams),
    responses(
        (status = 200, body = Envelope<IdleLedger>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn idle(
    State(context): State<Context>,
    caller: Caller,
    Params(params): Params<IdleParams>,
) -> Answer<IdleLedger> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let cuts = match (params.off_below_kw, params.run_above_kw) {
        (None, None) => None,
        (Some(off), Some(run)) if 0.0 <= off && off <= run && run.is_finite() => Some(Cuts {
            off_below_kw: off,
            run_above_kw: run,
        }),
        _ => {
            let sentence = "Give both cuts, off_below_kw not above run_above_kw, or neither.";
            return Err(Error::invalid("off_below_kw", sentence).into());
        }
    };
    let bounds = RangeQuery::of(params.from, params.to);
    let query = IdleQuery {
        equipment: equipment_of(&context, &caller, &params.equipment_id)?,
        range: range_of(&bounds, &site.calendar(), context.clock.now())?,
        shifts: shifts_of(params.shifts.as_deref().unwrap_or(SHIFTS))?,
        cuts,
    };
    let (tsdb, enpis) = (Arc::clone(&context.tsdb), Arc::clone(&context.enpis));
    let tariffs = Arc::clone(&context.tariffs);
    let work = move || {
        let calendar = site.calendar();
        let held = |at: Timestamp| tariffs.at(&site.key, at, &calendar);
        let newest = held(query.range.to.minus_ms(1));
        let currency = newest.map_or_else(|| site.currency.clone(), |v| v.rules.currency);
        let price = |at: Timestamp| match held(at) {
            Some(version) if version.rules.currency == currency => {
                tariffs.price_at(&site.key, at, &calendar)
            }
            Some(_) => None,
            None => site.price_per_kwh.filter(|_| site.currency == currency),
        };
        let prices = IdlePrices {
            at: &price,
            currency: currency.clone(),
        };
        let ledger = idle_ledger(&tsdb, &site, &query, &prices)?;
        let Some(product) = params.product else {
            return Ok(ledger);
        };
        let parts = enpis.produced(&site.key, &product, query.equipment, query.range)?;
        Ok(ledger.with_parts(parts))
    };
    ok(blocking(work).await?)
}

/// Which week.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct QualityParams {
    /// The meter.
    equipment_id: String,
    /// Any day of the week, `2026-11-18`; it is taken from Monday to Sunday at the site.
    week: String,
    /// Nominal voltage between phase and neutral, V; 230 when absent.
    nominal_v: Option<f64>,
    /// Nominal frequency, Hz; 50 when absent.
    nominal_hz: Option<f64>,
}

/// The voltage of a week against the limits of EN 50160, from means of ten minutes: indicative.
#[utoipa::path(get, path = "/energy/power-quality", operation_id = "get_power_quality",
    tag = "energy", params(QualityParams),
    responses(
        (status = 200, body = Envelope<QualityWeek>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such equipment", body = Refusal),
    ))]
async fn power_quality(
    State(context): State<Context>,
    caller: Caller,
    Params(params): Params<QualityParams>,
) -> Answer<QualityWeek> {
    caller.require(Permission::ReadingsRead)?;
    let calendar = context.site_of(&caller)?.calendar();
    let equipment = equipment_of(&context, &caller, &params.equipment_id)?;
    let day = calendar.instant(params.week.trim());
    let day = day.ok_or_else(|| Error::invalid("week", "Write a day of it as 2026-11-18."))?;
    let from = calendar.bucket_start(day, BucketSize::Week);
    let to = calendar
        .next_bucket(from, BucketSize::Week)
        .min(context.clock.now());
    if to <= from {
        return Err(Error::invalid("week", "That week has not come yet.").into());
    }
    let nominal = (
        params.nominal_v.unwrap_or(230.0),
        params.nominal_hz.unwrap_or(50.0),
    );
    let sized = (50.0..=50_000.0).contains(&nominal.0) && (10.0..=100.0).contains(&nominal.1);
    if !sized {
        let sentence = "A nominal voltage of 50 to 50000 V, a frequency of 10 to 100 Hz.";
        return Err(Error::invalid("nominal_v", sentence).into());
    }
    let tsdb = Arc::clone(&context.tsdb);
    let range = TimeRange { from, to };
    ok(blocking(move || quality_week(&tsdb, &calendar, equipment, range, nominal)).await?)
}

/// Equipment of the caller's site by its id.
fn equipment_of(context: &Context, caller: &Caller, text: &str) -> Result<EquipmentId> {
    let absent = || Error::not_found("equipment", text);
    let id = text.parse().map_err(|_| absent())?;
    let found = context.registry.get(id).ok();
    let here = found.filter(|equipment| equipment.site == caller.user.site);
    here.map(|equipment| equipment.id).ok_or_else(absent)
}

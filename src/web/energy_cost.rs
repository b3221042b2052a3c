//! `/api/energy/cost` and `/api/energy/bill`: what the energy of the site cost, and would have cost.

use super::Context;
use super::energy_range::{RangeQuery, named_size, range_of};
use super::energy_tariffs::id_of;
use super::envelope::{Answer, Body, Envelope, Params, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result, TimeRange, Timestamp};
use crate::energy::tariff::Rules;
use crate::energy::{Bill, BillTwin, CostBucket, Supply, Tariff, TypedLine, to_kwh, twin};
use crate::site::Site;
use axum::extract::State;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest range of one question, ms: cells of 400 days are read in about a second.
const RANGE_MAX_MS: i64 = 400 * 24 * 3_600_000;

/// Most lines of a typed bill.
const TYPED_LINES_MAX: usize = 100;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(cost))
        .routes(routes!(bill))
        .routes(routes!(compare))
}

/// Which cost.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CostQuery {
    /// First instant, RFC 3339, or a date or time on the clock of the site.
    from: String,
    /// First instant after.
    to: String,
    /// `15min`, `1hour`, `daily`, `weekly` or `monthly`.
    resolution: String,
    /// By this tariff; by those in use when absent.
    tariff_id: Option<String>,
}

/// Energy of a period, and its cost.
#[derive(Debug, Serialize, ToSchema)]
struct PeriodShare {
    /// Name of the period in the tariff.
    period: String,
    /// Energy, kWh.
    kwh: f64,
    /// Its cost with levies by the kWh and taxes, exact.
    #[schema(value_type = String)]
    cost: Decimal,
}

/// The cost of a bucket.
#[derive(Debug, Serialize, ToSchema)]
struct CostPoint {
    /// Start of the bucket.
    timestamp: Timestamp,
    /// Energy, kWh; `null` when nothing was measured.
    kwh: Option<f64>,
    /// Cost of it; `null` when nothing was measured.
    #[schema(value_type = Option<String>)]
    cost: Option<Decimal>,
    /// By period.
    periods: Vec<PeriodShare>,
}

/// What energy cost.
#[derive(Debug, Serialize, ToSchema)]
struct EnergyCost {
    /// First instant.
    from: Timestamp,
    /// First instant after.
    to: Timestamp,
    /// The currency.
    currency: String,
    /// The buckets in order of time.
    points: Vec<CostPoint>,
    /// By period, over all buckets.
    periods: Vec<PeriodShare>,
    /// Energy over all buckets, kWh.
    kwh: f64,
    /// Cost over all buckets: exactly the sum of theirs. Fixed and demand charges are in the bill.
    #[schema(value_type = String)]
    cost: Decimal,
    /// Energy of days on which no tariff holds, kWh.
    unpriced_kwh: f64,
}

/// What the energy of the site cost, by bucket and by period of the tariff: what is asked by the
/// kWh, with its levies and taxes.
#[utoipa::path(get, path = "/energy/cost", operation_id = "get_energy_cost", tag = "energy",
    params(CostQuery),
    responses(
        (status = 200, body = Envelope<EnergyCost>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such tariff", body = Refusal),
        (status = 409, description = "The currency changes within the range", body = Refusal),
    ))]
async fn cost(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<CostQuery>,
) -> Answer<EnergyCost> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let calendar = site.calendar();
    let size = named_size(&query.resolution)?;
    let bounds = RangeQuery::of(query.from, query.to);
    let mut range = range_of(&bounds, &calendar, context.clock.now())?;
    if range.length_ms() > RANGE_MAX_MS {
        return Err(Error::invalid("to", "At most 400 days at once.").into());
    }
    range.from = calendar.bucket_start(range.from, size);
    let book = Book::of(&context, &site, query.tariff_id.as_deref())?;
    let currency = book.currency(range, &site)?;
    let supply = supply_of(&context, &site);
    let read = super::blocking(move || supply.cost(range, size, &|date| book.on(date))).await?;
    ok(answer(range, currency, &read))
}

fn answer(range: TimeRange, currency: String, buckets: &[CostBucket]) -> EnergyCost {
    let share = |(period, of): (&String, &crate::energy::PeriodCost)| PeriodShare {
        period: period.clone(),
        kwh: to_kwh(of.mwh),
        cost: of.cost.normalize(),
    };
    let mut all: BTreeMap<String, crate::energy::PeriodCost> = BTreeMap::new();
    let mut points = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        for (period, of) in &bucket.periods {
            let sum = all.entry(period.clone()).or_default();
            sum.mwh += of.mwh;
            sum.cost += of.cost;
        }
        let mwh: i64 = bucket.periods.values().map(|of| of.mwh).sum();
        let cost: Decimal = bucket.periods.values().map(|of| of.cost).sum();
        points.push(CostPoint {
            timestamp: bucket.start,
            kwh: bucket.is_known.then(|| to_kwh(mwh + bucket.unpriced_mwh)),
            cost: bucket.is_known.then(|| cost.normalize()),
            periods: bucket.periods.iter().map(share).collect(),
        });
    }
    let unpriced: i64 = buckets.iter().map(|bucket| bucket.unpriced_mwh).sum();
    let mwh: i64 = all.values().map(|of| of.mwh).sum();
    EnergyCost {
        from: range.from,
        to: range.to,
        currency,
        points,
        periods: all.iter().map(share).collect(),
        kwh: to_kwh(mwh + unpriced),
        cost: all.values().map(|of| of.cost).sum::<Decimal>().normalize(),
        unpriced_kwh: to_kwh(unpriced),
    }
}

/// Which bill.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BillQuery {
    /// The month on the clock of the site, `2026-10`.
    month: String,
    /// By this tariff; by those in use when absent.
    tariff_id: Option<String>,
}

/// The bill of a month, line by line: computed from the meters by the rules of the tariff.
#[utoipa::path(get, path = "/energy/bill", operation_id = "get_energy_bill", tag = "energy",
    params(BillQuery),
    responses(
        (status = 200, body = Envelope<Bill>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 404, description = "No such tariff", body = Refusal),
        (status = 409, description = "No tariff holds in this month", body = Refusal),
    ))]
async fn bill(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<BillQuery>,
) -> Answer<Bill> {
    caller.require(Permission::ReadingsRead)?;
    ok(read_bill(&context, &caller, &query).await?)
}

async fn read_bill(context: &Context, caller: &Caller, query: &BillQuery) -> Result<Bill> {
    let site = context.site_of(caller)?;
    let now = context.clock.now();
    let refused = || Error::invalid("month", "Write the month as 2026-10, not one to come.");
    let first = format!("{}-01", query.month);
    let start = site.calendar().instant(&first);
    let start = start
        .filter(|at| first.len() == 10 && *at <= now)
        .ok_or_else(refused)?;
    let book = Book::of(context, &site, query.tariff_id.as_deref())?;
    let supply = supply_of(context, &site);
    let first_day = site.calendar().date(start);
    super::blocking(move || {
        let mut bill = supply.bill(start, now, &|date| book.on_as_if(date))?;
        let versions = book.one.iter().flat_map(|tariff| &tariff.versions);
        let begins = versions.map(|version| version.valid_from.as_str()).min();
        if let Some(begins) = begins.filter(|begins| first_day.as_str() < *begins) {
            bill.note_as_if(begins);
        }
        Ok(bill)
    })
    .await
}

/// A supplier's bill, as it was typed in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TypedBill {
    /// Its month on the clock of the site, `2026-10`.
    month: String,
    /// By this tariff; by those in use when absent.
    #[serde(default)]
    tariff_id: Option<String>,
    /// Its lines, 100 at most.
    lines: Vec<TypedLine>,
}

/// Holds a supplier's bill against the computed one: each line is reproduced, or the difference is
/// explained. Nothing is kept.
#[utoipa::path(post, path = "/energy/bill/compare", operation_id = "compare_energy_bill",
    tag = "energy", request_body = TypedBill,
    responses(
        (status = 200, body = Envelope<BillTwin>),
        (status = 400, description = "Every refused field", body = Refusal),
        (status = 404, description = "No such tariff", body = Refusal),
        (status = 409, description = "No tariff holds in this month", body = Refusal),
    ))]
async fn compare(
    State(context): State<Context>,
    caller: Caller,
    Body(typed): Body<TypedBill>,
) -> Answer<BillTwin> {
    caller.require(Permission::ReadingsRead)?;
    if typed.lines.len() > TYPED_LINES_MAX {
        return Err(Error::invalid("lines", "At most 100 lines.").into());
    }
    // An amount beyond this is a slip, and sums of such would not fit.
    let most = Decimal::from(1_000_000_000_000_i64);
    for (at, line) in typed.lines.iter().enumerate() {
        let numbers = [Some(line.amount), line.quantity, line.price];
        if numbers
            .into_iter()
            .flatten()
            .any(|number| number.abs() > most)
        {
            let sentence = "A number of at most 1000000000000.";
            return Err(Error::invalid(format!("lines[{at}]"), sentence).into());
        }
    }
    let query = BillQuery {
        month: typed.month,
        tariff_id: typed.tariff_id,
    };
    let computed = read_bill(&context, &caller, &query).await?;
    ok(twin(computed, typed.lines))
}

/// What the site takes in.
pub fn supply_of(context: &Context, site: &Site) -> Supply {
    let weights = context.trees.of(site).supply();
    Supply::of(site, weights, &context.history, &context.tariffs)
}

/// Which rules hold when: those of one tariff, or of those in use.
pub(super) struct Book {
    tariffs: Arc<crate::energy::Tariffs>,
    site: String,
    one: Option<Tariff>,
}

impl Book {
    pub(super) fn of(context: &Context, site: &Site, tariff: Option<&str>) -> Result<Self> {
        let one = tariff.map(|id| context.tariffs.get(&site.key, id_of(id)?));
        Ok(Self {
            tariffs: Arc::clone(&context.tariffs),
            site: site.key.clone(),
            one: one.transpose()?,
        })
    }

    fn on(&self, date: &str) -> Option<(u32, Rules)> {
        let version = match &self.one {
            Some(tariff) => tariff.on(date).cloned(),
            None => self.tariffs.in_force(&self.site, date).map(|(_, v)| v),
        };
        version.map(|version| (version.number, version.rules))
    }

    /// The same; a tariff that is named is held against days before it began, too.
    pub(super) fn on_as_if(&self, date: &str) -> Option<(u32, Rules)> {
        let Some(tariff) = &self.one else {
            return self.on(date);
        };
        let version = tariff.on_as_if(date).cloned();
        version.map(|version| (version.number, version.rules))
    }

    /// The one currency of a range; that of the site where no tariff holds.
    fn currency(&self, range: TimeRange, site: &Site) -> Result<String> {
        let calendar = site.calendar();
        let mut found: Option<String> = None;
        let mut day = range.from;
        while day < range.to {
            let currency = self
                .on(&calendar.date(day))
                .map(|(_, rules)| rules.currency);
            if let (Some(known), Some(other)) = (&found, &currency)
                && known != other
            {
                let sentence = "The currency changes within this range: ask for its parts apart.";
                return Err(Error::conflict(sentence));
            }
            found = found.or(currency);
            day = calendar.next_bucket(day, crate::base::time::BucketSize::Day);
        }
        Ok(found.unwrap_or_else(|| site.currency.clone()))
    }
}

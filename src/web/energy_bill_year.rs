//! `/api/energy/bill/year`: what every tariff of the site would have asked for a year, in one answer.

use super::Context;
use super::energy_cost::{Book, supply_of};
use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use crate::auth::{Caller, Permission};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, Result, Timestamp};
use crate::energy::BillReading;
use axum::extract::State;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Months of a year.
const MONTHS: usize = 12;
/// Tariffs that are compared at once: each is twelve bills.
const TARIFFS_MAX: usize = 20;

/// Routes of a session.
pub(super) fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(year))
}

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct YearQuery {
    /// Its last month on the clock of the site, `2026-10`; the one that runs when absent.
    month: Option<String>,
}

/// What a tariff asks for a year.
#[derive(Debug, Serialize, ToSchema)]
struct TariffYear {
    /// The tariff.
    id: crate::base::TariffId,
    /// What it is called.
    name: String,
    /// Whether the site is billed by it.
    in_use: bool,
    /// How many months could be billed.
    months: usize,
    /// Their sum; absent when none could be, or their currencies differ.
    #[schema(value_type = Option<String>)]
    total: Option<Decimal>,
    /// The currency of the sum.
    currency: Option<String>,
    /// Why a month could not be billed, in English.
    problem: Option<String>,
}

/// What the tariffs of a site ask for a year.
#[derive(Debug, Serialize, ToSchema)]
struct YearByTariffs {
    /// First instant of the year.
    from: Timestamp,
    /// First instant after it.
    to: Timestamp,
    /// The tariffs in the order of their list, twenty at most.
    tariffs: Vec<TariffYear>,
}

/// What every tariff would have asked for the year up to a month: each month is read once, and
/// billed by all of them. The sums are those of the bills of its months.
#[utoipa::path(get, path = "/energy/bill/year", operation_id = "get_energy_bill_year",
    tag = "energy", params(YearQuery),
    responses(
        (status = 200, body = Envelope<YearByTariffs>),
        (status = 400, description = "A refused parameter", body = Refusal),
    ))]
async fn year(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<YearQuery>,
) -> Answer<YearByTariffs> {
    caller.require(Permission::ReadingsRead)?;
    let site = context.site_of(&caller)?;
    let (calendar, now) = (site.calendar(), context.clock.now());
    let last = match query.month {
        None => calendar.bucket_start(now, BucketSize::Month),
        Some(month) => {
            let first = format!("{month}-01");
            let last = calendar.instant(&first);
            let last = last.filter(|at| first.len() == 10 && *at <= now);
            let sentence = "Write the month as 2026-10, not one to come.";
            last.ok_or_else(|| Error::invalid("month", sentence))?
        }
    };
    let months = months_up_to(last, &calendar);
    let mut tariffs = context.tariffs.of(&site.key);
    tariffs.truncate(TARIFFS_MAX);
    let book = |tariff: &crate::energy::Tariff| {
        let book = Book::of(&context, &site, Some(&tariff.id.to_string()))?;
        Ok((tariff.clone(), book))
    };
    let books: Vec<_> = tariffs.iter().map(book).collect::<Result<_>>()?;
    let supply = supply_of(&context, &site);
    let from = months.first().copied().unwrap_or(last);
    let tariffs = super::blocking(move || {
        let reading = BillReading::new(&supply);
        let all = books.iter().map(|(tariff, book)| {
            let bills = months
                .iter()
                .map(|month| reading.bill(*month, now, &|date| book.on_as_if(date)));
            TariffYear {
                id: tariff.id,
                name: tariff.name.clone(),
                in_use: tariff.in_use,
                ..sum(bills.collect(), tariff)
            }
        });
        Ok(all.collect())
    })
    .await?;
    ok(YearByTariffs {
        from,
        to: calendar.next_bucket(last, BucketSize::Month),
        tariffs,
    })
}

/// The first instants of the months of a year, the earliest first.
fn months_up_to(last: Timestamp, calendar: &Calendar) -> Vec<Timestamp> {
    let before = |at: &Timestamp| Some(calendar.bucket_start(at.minus_ms(1), BucketSize::Month));
    let mut months: Vec<_> = std::iter::successors(Some(last), before)
        .take(MONTHS)
        .collect();
    months.reverse();
    months
}

fn sum(bills: Vec<Result<crate::energy::Bill>>, tariff: &crate::energy::Tariff) -> TariffYear {
    let mut year = TariffYear {
        id: tariff.id,
        name: String::new(),
        in_use: false,
        months: 0,
        total: None,
        currency: None,
        problem: None,
    };
    let mut is_one = true;
    for bill in bills {
        match bill {
            Ok(bill) => {
                year.months += 1;
                is_one &= *year.currency.get_or_insert(bill.currency.clone()) == bill.currency;
                year.total = Some(year.total.unwrap_or_default() + bill.total);
            }
            Err(error) => year.problem = Some(error.sentence),
        }
    }
    if !is_one {
        (year.total, year.currency) = (None, None);
    }
    year
}

//! `/api/historical/*`.

use super::Context;
use super::dashboard::site_equipment;
use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use crate::auth::{Asker, Permission};
use crate::base::time::BucketSize;
use crate::base::{Error, Metric, Phase, Result, TimeRange};
use crate::energy::{Extras, HistoryPoint, HistoryQuery, HistoryWindow};
use crate::equipment::Equipment;
use crate::tsdb::Resolution;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Points that `resolution=auto` aims at: about one per pixel column of a chart.
const AUTO_POINTS: i64 = 800;
const MINUTE_MS: i64 = 60_000;

/// Routes of persons and programs.
pub fn open() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(consumption))
}

/// What is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConsumptionQuery {
    /// First instant, RFC 3339.
    from: String,
    /// First instant after, RFC 3339.
    to: String,
    /// `raw`, `1min`, `5min`, `15min`, `30min`, `1hour`, `2hour`, `6hour`, `daily`, `weekly`,
    /// `monthly` or `auto`.
    resolution: String,
    /// One meter; the whole site when absent.
    meter_id: Option<String>,
    /// The quantity of `value`, `min`, `max` and `coverage`, with its phase: `voltage_l1`.
    pub metric: Option<String>,
    /// More fields of each point, by comma: `min`, `max`, `coverage`, `substituted`, `frequency`,
    /// `powerFactor`, `current`, `temperature`.
    fields: Option<String>,
    /// `false` leaves `voltage` out of the points, and unread; a file always has it.
    voltage: Option<bool>,
}

/// Energy, power and voltage over time, of one meter or of the site. A point whose fields are
/// `null` is a gap.
#[utoipa::path(get, path = "/historical/consumption", tag = "history", params(ConsumptionQuery),
    responses(
        (status = 200, body = Envelope<HistoryWindow>),
        (status = 400, description = "A refused parameter, or too many points", body = Refusal),
    ))]
async fn consumption(
    State(context): State<Context>,
    asker: Asker,
    Params(params): Params<ConsumptionQuery>,
) -> Answer<HistoryWindow> {
    asker.require(Permission::ReadingsRead)?;
    let Asked {
        name,
        query,
        fields,
    } = asked(&context, &asker, &params)?;
    let extras = Extras {
        voltage: params.voltage != Some(false),
        ..fields.extras()
    };
    let mut series = super::blocking(move || context.history.points_with(&query, extras)).await?;
    for point in &mut series {
        fields.trim(point);
        point.voltage = point.voltage.filter(|_| extras.voltage);
    }
    ok(HistoryWindow {
        count: series.len(),
        resolution: name.to_owned(),
        series,
    })
}

/// A query that was understood.
pub struct Asked {
    /// Name of the resolution.
    name: &'static str,
    /// What is asked for.
    pub query: HistoryQuery,
    /// Optional fields of each point.
    pub fields: Fields,
}

/// Understands a query about a site: that of the meter, or of who asks.
///
/// # Errors
/// The refused parameter; a meter that is not there.
pub fn asked(context: &Context, asker: &Asker, params: &ConsumptionQuery) -> Result<Asked> {
    let meter = params.meter_id.as_ref();
    let meter = meter.map(|id| meter_of(context, asker, id)).transpose()?;
    let site = context.site(meter.as_ref().map_or_else(|| asker.site(), |m| &m.site))?;
    let time = |path: &str, text: &str| {
        // A plus in a query is a blank unless it was escaped: mend the offset it stands for.
        let text = text.replace(' ', "+");
        text.parse()
            .map_err(|_| Error::invalid(path, "Write the time as 2026-11-21T08:30:00Z."))
    };
    let range = TimeRange::new(time("from", &params.from)?, time("to", &params.to)?)?;
    let (name, resolution) = resolution_of(&params.resolution, range)?;
    let equipment = match &meter {
        Some(meter) => vec![meter.id],
        None => site_equipment(context, &site.key),
    };
    let (metric, phase) = match &params.metric {
        None => (Metric::CONSUMPTION, Phase::Total),
        Some(name) if name == "powerFactor" => (Metric::POWER_FACTOR, Phase::Total),
        Some(name) => Metric::with_phase(name)?,
    };
    let query = HistoryQuery {
        equipment,
        range,
        resolution,
        metric,
        phase,
        calendar: site.calendar(),
    };
    Ok(Asked {
        name,
        query,
        fields: Fields::parse(params.fields.as_deref())?,
    })
}

/// The meters of sites that he does not reach are not there for him.
fn meter_of(context: &Context, asker: &Asker, id: &str) -> Result<Equipment> {
    let absent = || Error::not_found("meter", id);
    let id = id.parse().map_err(|_| absent())?;
    let found = context.registry.seen(id, &asker.reach());
    found.map_err(|_| absent())
}

/// The names of the resolutions, finest first.
const RESOLUTIONS: [(&str, BucketSize); 10] = [
    ("1min", BucketSize::Fixed(MINUTE_MS)),
    ("5min", BucketSize::Fixed(5 * MINUTE_MS)),
    ("15min", BucketSize::Fixed(15 * MINUTE_MS)),
    ("30min", BucketSize::Fixed(30 * MINUTE_MS)),
    ("1hour", BucketSize::Fixed(60 * MINUTE_MS)),
    ("2hour", BucketSize::Fixed(120 * MINUTE_MS)),
    // Half a year and a year as a curve: a day a point would hide how each day went.
    ("6hour", BucketSize::Fixed(360 * MINUTE_MS)),
    ("daily", BucketSize::Day),
    ("weekly", BucketSize::Week),
    ("monthly", BucketSize::Month),
];

fn resolution_of(name: &str, range: TimeRange) -> Result<(&'static str, Resolution)> {
    if name == "raw" {
        return Ok(("raw", Resolution::Raw));
    }
    let named = if name == "auto" {
        let fits = |(_, size): &&(&str, BucketSize)| match size {
            BucketSize::Fixed(step_ms) => range.length_ms() / step_ms <= AUTO_POINTS,
            _ => true,
        };
        RESOLUTIONS.iter().find(fits)
    } else {
        RESOLUTIONS.iter().find(|(known, _)| *known == name)
    };
    named
        .map(|(name, size)| (*name, Resolution::Buckets(*size)))
        .ok_or_else(|| {
            let names: Vec<_> = RESOLUTIONS.iter().map(|(name, _)| *name).collect();
            Error::invalid(
                "resolution",
                format!("Use raw, auto, {}.", names.join(", ")),
            )
        })
}

/// Which optional fields were asked for.
#[derive(Debug, Default)]
pub struct Fields {
    names: Vec<String>,
}

impl Fields {
    /// Their names, in the order in which they were asked for.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    const KNOWN: [&str; 8] = [
        "min",
        "max",
        "coverage",
        "substituted",
        "frequency",
        "powerFactor",
        "current",
        "temperature",
    ];

    fn parse(text: Option<&str>) -> Result<Self> {
        let words = text.unwrap_or_default().split(',').map(str::trim);
        let names: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_owned).collect();
        match names
            .iter()
            .find(|name| !Self::KNOWN.contains(&name.as_str()))
        {
            Some(unknown) => Err(Error::invalid(
                "fields",
                format!(
                    "There is no field {unknown}; use {}.",
                    Self::KNOWN.join(", ")
                ),
            )),
            None => Ok(Self { names }),
        }
    }

    /// The quantities among them.
    fn extras(&self) -> Extras {
        let has = |name: &str| self.names.iter().any(|asked| asked == name);
        Extras {
            voltage: true,
            frequency: has("frequency"),
            power_factor: has("powerFactor"),
            current: has("current"),
            temperature: has("temperature"),
        }
    }

    fn trim(&self, point: &mut HistoryPoint) {
        let slots = [
            ("min", &mut point.min),
            ("max", &mut point.max),
            ("coverage", &mut point.coverage),
            ("substituted", &mut point.substituted),
            ("frequency", &mut point.frequency),
            ("powerFactor", &mut point.power_factor),
            ("current", &mut point.current),
            ("temperature", &mut point.temperature),
        ];
        for (name, slot) in slots {
            if !self.names.iter().any(|asked| asked == name) {
                *slot = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    #[test]
    fn auto_picks_the_finest_that_fits_a_chart() {
        let auto = |hours: i64| {
            let to = Timestamp::from_ms(hours * 3_600_000);
            resolution_of(
                "auto",
                TimeRange {
                    from: Timestamp::from_ms(0),
                    to,
                },
            )
            .unwrap()
            .0
        };
        assert_eq!(
            (auto(1), auto(24), auto(24 * 7), auto(24 * 30)),
            ("1min", "5min", "15min", "1hour")
        );
        assert_eq!(auto(24 * 730), "daily");
    }
}

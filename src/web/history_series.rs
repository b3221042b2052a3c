//! `GET /api/historical/series`: what can be asked of the history, and what people corrected.

use super::Context;
use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use crate::auth::{Asker, Permission};
use crate::base::sample::MetricKind;
use crate::base::{EquipmentId, Error, Metric, Phase, Timestamp, Unit};
use crate::tsdb::{Change, Correction};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of persons and programs.
pub fn open() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(series))
}

/// Everything that was ever read of the equipment of a site.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesList {
    /// One for each quantity and conductor, in the order of the equipment's names.
    pub items: Vec<HistorySeries>,
    /// How many.
    pub total: usize,
}

/// A series of the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistorySeries {
    /// `meter_id` of `/historical/consumption`.
    pub equipment_id: EquipmentId,
    /// Its name.
    pub equipment: String,
    /// `metric` of `/historical/consumption`: `voltage_l1`.
    pub key: String,
    /// The quantity.
    pub metric: Metric,
    /// `L1`, `L2`, `L3`; `null` for the whole device.
    pub phase: Option<&'static str>,
    /// Unit of its values; empty for a ratio.
    pub unit: Unit,
    /// Whether it is a counter, of which the history answers what was added in each bucket.
    pub counter: bool,
    /// The corrections that hold, oldest first.
    pub corrections: Vec<HistoryCorrection>,
}

/// A span whose values were corrected by a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryCorrection {
    /// First instant that it applies to.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// What it does.
    pub change: Change,
    /// Why, in the words of the one who made it.
    pub why: String,
    /// When it was made.
    pub at: Timestamp,
}

/// Whose series.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SeriesQuery {
    /// Short name of a site that you reach; your own when absent.
    site: Option<String>,
}

/// Which series there are: every quantity of every piece of equipment of the site, those that are
/// read no more too, with the corrections that hold.
#[utoipa::path(get, path = "/historical/series", operation_id = "history_series", tag = "history",
    params(SeriesQuery),
    responses(
        (status = 200, body = Envelope<SeriesList>),
        (status = 400, description = "A refused parameter", body = Refusal),
        (status = 403, description = "Not allowed", body = Refusal),
        (status = 404, description = "No such site", body = Refusal),
    ))]
async fn series(
    State(context): State<Context>,
    asker: Asker,
    Params(query): Params<SeriesQuery>,
) -> Answer<SeriesList> {
    asker.require(Permission::ReadingsRead)?;
    let key = query.site.as_deref().unwrap_or_else(|| asker.site());
    // His own site is asked for without its name, whatever he reaches.
    if query.site.is_some() && !asker.reach().sees(key) {
        return Err(Error::not_found("site", key).into());
    }
    let site = context.site(key)?;
    let items = super::blocking(move || {
        let corrections = context.tsdb.corrections()?;
        let mut equipment = context.registry.all();
        equipment.retain(|one| one.site == site.key);
        equipment.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        let of = |one: &crate::equipment::Equipment| {
            let mut items: Vec<_> = (context.tsdb.series_of(one.id).into_iter())
                .map(|(_, info)| HistorySeries {
                    equipment_id: one.id,
                    equipment: one.name.clone(),
                    key: key_of(&info.key.metric, info.key.phase),
                    phase: info.key.phase.line(),
                    counter: info.key.metric.kind() == MetricKind::Counter,
                    corrections: held(&corrections, one.id, &info.key.metric, info.key.phase),
                    metric: info.key.metric,
                    unit: info.unit,
                })
                .collect();
            items.sort_by(|a, b| a.key.cmp(&b.key));
            items
        };
        Ok(equipment.iter().flat_map(of).collect::<Vec<_>>())
    })
    .await?;
    ok(SeriesList {
        total: items.len(),
        items,
    })
}

/// As `/historical/consumption` calls it.
fn key_of(metric: &Metric, phase: Phase) -> String {
    phase.line().map_or_else(
        || metric.to_string(),
        |line| format!("{metric}_{}", line.to_ascii_lowercase()),
    )
}

fn held(
    all: &[Correction],
    equipment: EquipmentId,
    metric: &Metric,
    phase: Phase,
) -> Vec<HistoryCorrection> {
    let holds = |one: &&Correction| {
        one.undone.is_none()
            && one.equipment == equipment
            && one.metric == *metric
            && one.phase == phase
    };
    let shown = |one: &Correction| HistoryCorrection {
        from: one.from,
        to: one.to,
        change: one.change,
        why: one.why.clone(),
        at: one.at,
    };
    all.iter().filter(holds).map(shown).collect()
}

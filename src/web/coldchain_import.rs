//! `/api/coldchain/cells/import`: a list of cells and devices, looked at or taken.

use super::Context;
use super::envelope::{Envelope, Failure, NotWhole, Params, Refusal, Told, Whole, created, ok};
use crate::auth::{Caller, Permission};
use crate::coldchain::ImportedCells;
use crate::exchange::cell_list;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(import))
}

type Created<T> = std::result::Result<(StatusCode, Told<T>), Failure>;

/// How a list is taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only looked at: the answer says what it would make, and nothing is made.
    dry_run: Option<bool>,
}

/// Adds the cells and devices of a list, all or none of them: CSV with the columns `customer`,
/// `location`, `cell`, and if you like `product`, `set_point_c`, `min_c`, `max_c`, `interval_s`,
/// `serial_number`, `device_name`, `probe`. What is there already stays as it is; the keys are in
/// this answer and never again.
#[utoipa::path(post, path = "/coldchain/cells/import", operation_id = "import_cold_cells",
    tag = "coldchain", params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "It was only looked at", body = Envelope<ImportedCells>),
        (status = 201, body = Envelope<ImportedCells>),
        (status = 400, description = "Every refused cell of the table by line and column",
            body = Refusal),
    ))]
async fn import(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<ImportQuery>,
    text: std::result::Result<Whole, NotWhole>,
) -> Created<ImportedCells> {
    caller.require(Permission::EquipmentWrite)?;
    let Whole(text) = text.map_err(|why| why.refuse("The list is larger than 1 MB. Split it."))?;
    let rows = cell_list::rows(&text)?;
    let (reach, list) = (&caller.user.sites, (rows, query.dry_run.unwrap_or(false)));
    let made = context.coldchain.import(reach, list, caller.actor());
    let made = made.await?;
    if made.dry_run {
        let looked = ok(made)?;
        return Ok((StatusCode::OK, looked));
    }
    created(made)
}

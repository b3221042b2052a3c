//! `/api/admin/ops-logs`: what was done to keep the appliance running.

use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use super::{Context, blocking};
use crate::auth::{Caller, Permission};
use crate::base::{Error, OperationId};
use crate::store::operations::{self, Operation};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries of a page when nothing else is asked for.
const PAGE_DEFAULT: usize = 20;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OperationsQuery {
    /// `next_cursor` of the page before; the newest when absent.
    cursor: Option<String>,
    /// Entries of a page, at most 100; 20 when absent.
    limit: Option<usize>,
}

/// A page of the operations log, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct OperationPage {
    /// The entries.
    items: Vec<Operation>,
    /// Where the next page begins; `null` on the last.
    next_cursor: Option<OperationId>,
}

/// The operations log, newest first: starts and stops, clean-ups, imports. Who changed what is in
/// the audit log.
#[utoipa::path(get, path = "/admin/ops-logs", operation_id = "list_operations", tag = "audit",
    params(OperationsQuery),
    responses(
        (status = 200, body = Envelope<OperationPage>),
        (status = 400, description = "A cursor that is none", body = Refusal),
    ))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<OperationsQuery>,
) -> Answer<OperationPage> {
    caller.require(Permission::AuditRead)?;
    let cursor = query.cursor.as_deref().map(str::parse).transpose();
    let sentence = "Use next_cursor of an answer as it is.";
    let cursor = cursor.map_err(|_| Error::invalid("cursor", sentence))?;
    let (store, limit) = (context.store.clone(), query.limit.unwrap_or(PAGE_DEFAULT));
    let found = blocking(move || operations::page(&store.read()?, cursor, limit));
    let (items, next_cursor) = found.await?;
    ok(OperationPage { items, next_cursor })
}

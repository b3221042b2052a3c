//! `/api/roles`: the table of who may do what, for those who give roles.

use super::Context;
use super::envelope::{Answer, Envelope, ok};
use crate::auth::{Caller, Permission, Role};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A role and what it may do.
#[derive(Serialize, ToSchema)]
struct RoleRow {
    /// Its name in requests.
    role: Role,
    /// How it is shown.
    #[schema(example = "Operator")]
    title: &'static str,
    /// What it may do; what is not listed is refused.
    permissions: &'static [Permission],
}

/// Every role and what it may do.
#[utoipa::path(get, path = "/roles", operation_id = "list_roles", tag = "users",
    responses((status = 200, body = Envelope<Vec<RoleRow>>)))]
async fn list(caller: Caller) -> Answer<Vec<RoleRow>> {
    caller.require(Permission::UsersManage)?;
    let row = |role: Role| RoleRow {
        role,
        title: role.title(),
        permissions: role.permissions(),
    };
    ok(Role::ALL.into_iter().map(row).collect())
}

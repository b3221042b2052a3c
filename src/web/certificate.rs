//! `/api/system/certificate`: how this appliance proves who it is.

use super::Context;
use super::envelope::{Answer, Envelope, ok};
use crate::auth::{Caller, Permission};
use crate::tls::TlsView;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(certificate))
}

/// HTTPS of the appliance.
#[derive(Serialize, ToSchema)]
struct Https {
    /// Whether it is spoken. Else the page is reached from this machine only, or plain HTTP was
    /// allowed.
    enabled: bool,
    /// What is shown to browsers.
    certificate: Option<TlsView>,
}

/// The certificate, and the authority that browsers are to trust.
#[utoipa::path(get, path = "/system/certificate", tag = "system",
    responses((status = 200, body = Envelope<Https>)))]
async fn certificate(State(context): State<Context>, caller: Caller) -> Answer<Https> {
    caller.require(Permission::AuditRead)?;
    ok(Https {
        enabled: context.tls.is_some(),
        certificate: context.tls.as_ref().map(|tls| tls.view()),
    })
}

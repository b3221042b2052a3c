//! `/api/system/configuration`: what people set up, out as a readable file and in again.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Failure, Refusal, ok};
use crate::auth::{Caller, Permission, Reach};
use crate::base::{Error, ErrorKind, Result};
use crate::blueprint::{self, Blueprint, TakenOver};
use crate::store::audit;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(export, import))
}

/// A file, and whether it is only to be looked at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewConfiguration {
    /// The file.
    #[schema(example = "format = 1")]
    toml: String,
    /// Whether to say what would change, and change nothing.
    #[serde(default)]
    check: bool,
}

/// What a file changed, or would change.
#[derive(Serialize, ToSchema)]
struct ConfigurationTaken {
    /// By kind.
    taken: TakenOver,
    /// Whether the appliance starts again now: everybody signs in anew then.
    starts_again: bool,
}

/// What a caller needs who handles all of it.
fn require(caller: &Caller) -> Result<()> {
    caller.require(Permission::BackupsManage)?;
    if caller.user.sites.covers(&Reach::ALL) {
        return Ok(());
    }
    let sentence = "Only who reaches all sites may take the configuration out or put it in.";
    Err(Error::new(ErrorKind::Forbidden, sentence))
}

/// Sites, own profiles, equipment, alert rules, tariffs and users as a TOML file. Passwords, keys and
/// tokens are not in it.
#[utoipa::path(get, path = "/system/configuration", operation_id = "export_configuration",
    tag = "system", responses(
        (status = 200, description = "The file", body = String, content_type = "application/toml"),
    ))]
async fn export(
    State(context): State<Context>,
    caller: Caller,
) -> std::result::Result<Response, Failure> {
    require(&caller)?;
    let (actor, now) = (caller.actor(), context.clock.now());
    let text = context.store.write(move |transaction| {
        let text = blueprint::write(&Blueprint::of(transaction)?, env!("CARGO_PKG_VERSION"))?;
        let action = "configuration.export";
        audit::append(transaction, now, &actor, action, "appliance", json!({}))?;
        Ok(text)
    });
    let date = now.to_string();
    let date = date.split('T').next().unwrap_or_default();
    let name = format!("attachment; filename=\"indusmind-configuration-{date}.toml\"");
    let head = [
        (CONTENT_TYPE, "application/toml".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((head, text.await?).into_response())
}

/// Adds and changes what the file names, all of it or nothing; what it does not name stays. Users that
/// are new have no password: invite them again. When something changed the appliance starts again and
/// everybody signs in anew.
#[utoipa::path(post, path = "/system/configuration", operation_id = "import_configuration",
    tag = "system", request_body = NewConfiguration, responses(
        (status = 200, body = Envelope<ConfigurationTaken>),
        (status = 400, description = "Every refused field, with its line", body = Refusal),
        (status = 409, description = "Nobody could administer the appliance afterwards, or there \
            would be too many of something", body = Refusal),
    ))]
async fn import(
    State(context): State<Context>,
    caller: Caller,
    Body(new): Body<NewConfiguration>,
) -> Answer<ConfigurationTaken> {
    require(&caller)?;
    let (actor, now) = (caller.actor(), context.clock.now());
    let file = super::blocking(move || blueprint::read(&new.toml)).await?;
    let (looked, seen) = tokio::sync::oneshot::channel();
    let work = context.store.write(move |transaction| {
        let taken = file.take_over(transaction, (&actor, now))?;
        if new.check {
            let _ = looked.send(taken);
            // A transaction that fails is given up whole.
            return Err(Error::conflict("It was only looked at."));
        }
        Ok(taken)
    });
    let done = work.await;
    let taken = match seen.await {
        Ok(taken) => taken,
        Err(_) => done?,
    };
    let starts_again = !new.check && taken.is_change();
    if starts_again {
        context.backups.start_again();
    }
    ok(ConfigurationTaken {
        taken,
        starts_again,
    })
}

//! `/api/setup/backups` and `/api/setup/restore`: a new machine takes the place of an old one.

use super::Context;
use super::backups::{BackupShown, Begun, begun};
use super::caller::Address;
use super::envelope::{Answer, Body, Envelope, Refusal, ok};
use crate::backup::{Asked, Job, LetIn, list};
use crate::base::{Error, Result};
use crate::store::audit::Actor;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes before the set-up.
pub fn public() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(look))
        .routes(routes!(restore))
}

/// Where to look.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Looking {
    /// The set-up token of the console.
    token: String,
    /// A folder of the machine: a stick or a mounted share.
    folder: String,
}

/// What is there.
#[derive(Serialize, ToSchema)]
struct FoundBackups {
    /// The backups, newest first.
    items: Vec<BackupShown>,
    /// What is being done.
    job: Option<Job>,
}

/// The backups of a folder, and how far a restore is. With the set-up token, until the set-up.
#[utoipa::path(post, path = "/setup/backups", operation_id = "find_backups", tag = "setup",
    security(()), request_body = Looking,
    responses(
        (status = 200, body = Envelope<FoundBackups>),
        (status = 403, description = "The token is wrong", body = Refusal),
        (status = 409, description = "Set-up is done", body = Refusal),
    ))]
async fn look(
    State(context): State<Context>,
    Body(looking): Body<Looking>,
) -> Answer<FoundBackups> {
    let folder = opened(&context, &looking.token, &looking.folder)?;
    let job = context.backups.last_job()?;
    let found = super::blocking(move || list(&folder)).await?;
    let items = found.into_iter();
    ok(FoundBackups {
        items: items.map(|made| BackupShown::of(made, "")).collect(),
        job,
    })
}

/// A backup that a new machine begins with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Beginning {
    /// The set-up token of the console.
    token: String,
    /// The folder in which the backup lies.
    folder: String,
    /// Its name.
    id: String,
    /// The passphrase that it was made with.
    #[serde(default)]
    #[schema(write_only)]
    passphrase: Option<String>,
    /// Which machines get in again; devices only, when absent: here nobody knows what was revoked
    /// after the backup.
    #[serde(default)]
    let_in: Option<LetIn>,
}

/// Begins to restore a backup instead of setting up; then the appliance starts again on it.
#[utoipa::path(post, path = "/setup/restore", operation_id = "begin_with_backup", tag = "setup",
    security(()), request_body = Beginning,
    responses(
        (status = 202, body = Envelope<Job>),
        (status = 403, description = "The token is wrong", body = Refusal),
        (status = 404, description = "No such backup", body = Refusal),
        (status = 409, description = "Set-up is done, or another job runs", body = Refusal),
    ))]
async fn restore(
    State(context): State<Context>,
    Address(address): Address,
    Body(beginning): Body<Beginning>,
) -> Begun {
    let _one_at_a_time = context.setting_up.lock().await;
    let folder = opened(&context, &beginning.token, &beginning.folder)?;
    let all = super::blocking({
        let folder = folder.clone();
        move || list(&folder)
    });
    let found = all.await?.into_iter().find(|made| made.id == beginning.id);
    let found = found.ok_or_else(|| Error::not_found("backup", &beginning.id))?;
    let asked = Asked {
        folder: folder.join(found.id),
        passphrase: beginning.passphrase,
    };
    let actor = Actor {
        user: None,
        name: "set-up".to_owned(),
        address: address.map(|address| address.to_string()),
    };
    let chosen = (beginning.let_in, true);
    begun(context.backups.restore(asked, chosen, actor).await?)
}

/// The folder, for whoever owns the console of an appliance that is not set up.
fn opened(context: &Context, token: &str, folder: &str) -> Result<PathBuf> {
    if context.auth.is_set_up() {
        let sentence = "This appliance is set up already. Sign in and restore under Backup.";
        return Err(Error::conflict(sentence));
    }
    context.auth.setup.check(token, context.clock.now())?;
    let folder = Path::new(folder);
    if !folder.is_absolute() {
        let sentence = "Write the whole path, such as /media/stick.";
        return Err(Error::invalid("folder", sentence));
    }
    if !folder.is_dir() {
        let sentence = "There is no such folder. Plug the stick in, or mount the share.";
        return Err(Error::invalid("folder", sentence));
    }
    Ok(folder.to_path_buf())
}

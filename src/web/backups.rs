//! `/api/backups`: copies of all data on a stick or share, made, proven and restored.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Failure, Refusal, Told, ok};
use crate::auth::{Caller, Permission};
use crate::backup::{
    Asked, BackupChange, BackupSettings, Cause, Good, Job, LetIn, Manifest, Trouble,
};
use crate::base::{Error, Timestamp};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(show, make))
        .routes(routes!(change))
        .routes(routes!(verify))
        .routes(routes!(restore))
}

/// A job that was begun.
pub(super) type Begun = Result<(StatusCode, Told<Job>), Failure>;

/// Answers with the job that was begun.
pub(super) fn begun(job: Job) -> Begun {
    ok(job).map(|json| (StatusCode::ACCEPTED, json))
}

/// How backups stand, and those that are there.
#[derive(Debug, Serialize, ToSchema)]
struct BackupsShown {
    /// Where, when and how many.
    settings: BackupSettings,
    /// Whether there is a passphrase.
    has_passphrase: bool,
    /// The last one that is good.
    last_good: Option<Good>,
    /// Why there is no newer one.
    trouble: Option<Trouble>,
    /// When the next one is due.
    next_at: Option<Timestamp>,
    /// What is being done.
    job: Option<Job>,
    /// Whether restored data waits for the next start.
    restore_waits: bool,
    /// Why the folder cannot be read.
    problem: Option<String>,
    /// The backups of the folder, newest first.
    items: Vec<BackupShown>,
}

/// A backup that is there. Those that are not whole are not among them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackupShown {
    /// Its name.
    id: String,
    /// As of when.
    made_at: Timestamp,
    /// Who asked for it.
    cause: Cause,
    /// Version that made it.
    version: String,
    /// Name of the site.
    site: Option<String>,
    /// Whether it is of this appliance.
    own: bool,
    /// Whether a passphrase is needed.
    encrypted: bool,
    /// Files in it.
    files: usize,
    /// Bytes of its content.
    bytes: u64,
    /// Photos and documents that were missing or damaged when it was made.
    damaged: usize,
    /// Head of its audit log, to be kept elsewhere.
    audit_head: Option<String>,
}

impl BackupShown {
    /// What a page shows of it, for the appliance of this number.
    pub(super) fn of(made: Manifest, appliance: &str) -> Self {
        Self {
            bytes: made.bytes(),
            files: made.files.len(),
            own: made.appliance == appliance,
            damaged: made.damaged.len(),
            audit_head: made.audit.as_ref().map(ToString::to_string),
            id: made.id,
            made_at: made.made_at,
            cause: made.cause,
            version: made.version,
            site: made.site,
            encrypted: made.encrypted,
        }
    }
}

/// How backups stand, and those that are there.
#[utoipa::path(get, path = "/backups", operation_id = "list_backups", tag = "backups",
    responses((status = 200, body = Envelope<BackupsShown>)))]
async fn show(State(context): State<Context>, caller: Caller) -> Answer<BackupsShown> {
    caller.require(Permission::BackupsManage)?;
    let backups = context.backups.clone();
    let shown = super::blocking(move || {
        let (settings, has_passphrase) = backups.settings();
        let (last_good, trouble) = backups.last();
        let (items, problem) = match backups.list() {
            Ok(items) => (items, None),
            Err(error) => (Vec::new(), Some(error.sentence)),
        };
        let appliance = backups.appliance();
        let items = items.into_iter();
        Ok(BackupsShown {
            settings,
            has_passphrase,
            last_good,
            trouble,
            next_at: backups.next_at(),
            job: backups.running(),
            restore_waits: backups.restore_waits(),
            problem,
            items: items
                .map(|made| BackupShown::of(made, &appliance))
                .collect(),
        })
    });
    ok(shown.await?)
}

/// Begins to make a backup; see the job.
#[utoipa::path(post, path = "/backups", operation_id = "make_backup", tag = "backups",
    responses(
        (status = 202, body = Envelope<Job>),
        (status = 409, description = "No folder is set, or another job runs", body = Refusal),
    ))]
async fn make(State(context): State<Context>, caller: Caller) -> Begun {
    caller.require(Permission::BackupsManage)?;
    begun(context.backups.make(Cause::Person, caller.actor()).await?)
}

/// Changes where backups go, when, and how many are kept.
#[utoipa::path(put, path = "/backups/settings", operation_id = "change_backup_settings",
    tag = "backups", request_body = BackupChange,
    responses(
        (status = 200, body = Envelope<BackupSettings>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Body(change): Body<BackupChange>,
) -> Answer<BackupSettings> {
    caller.require(Permission::BackupsManage)?;
    context.backups.change(change, caller.actor()).await?;
    ok(context.backups.settings().0)
}

/// What opens an encrypted backup.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Opening {
    /// The passphrase that it was made with; absent where it is the one that is set.
    #[serde(default)]
    #[schema(write_only)]
    passphrase: Option<String>,
}

/// Begins to prove a backup: every hash, page and count, and its audit log; see the job.
#[utoipa::path(post, path = "/backups/{id}/verify", operation_id = "verify_backup",
    tag = "backups", request_body = Opening,
    params(("id" = String, Path, description = "Name of the backup")),
    responses(
        (status = 202, body = Envelope<Job>),
        (status = 404, description = "No such backup", body = Refusal),
        (status = 409, description = "Another job runs", body = Refusal),
    ))]
async fn verify(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(opening): Body<Opening>,
) -> Begun {
    caller.require(Permission::BackupsManage)?;
    let asked = Asked {
        folder: context.backups.find(&id)?,
        passphrase: opening.passphrase,
    };
    begun(context.backups.verify(asked, caller.actor()).await?)
}

/// A restore that is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Restoring {
    /// The name of the backup once more: nobody restores by a slip of the finger.
    confirm: String,
    /// The passphrase that it was made with; absent where it is the one that is set.
    #[serde(default)]
    #[schema(write_only)]
    passphrase: Option<String>,
    /// Which machines get in again; when absent, all but those that were revoked since.
    #[serde(default)]
    let_in: Option<LetIn>,
}

/// Begins to put a backup in the place of all data; see the job. It is proven first; then the
/// appliance starts again on it, and everybody signs in anew. What was there is kept aside.
#[utoipa::path(post, path = "/backups/{id}/restore", operation_id = "restore_backup",
    tag = "backups", request_body = Restoring,
    params(("id" = String, Path, description = "Name of the backup")),
    responses(
        (status = 202, body = Envelope<Job>),
        (status = 400, description = "It was not confirmed", body = Refusal),
        (status = 404, description = "No such backup", body = Refusal),
        (status = 409, description = "Another job runs", body = Refusal),
    ))]
async fn restore(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Body(restoring): Body<Restoring>,
) -> Begun {
    caller.require(Permission::BackupsManage)?;
    let folder = context.backups.find(&id)?;
    if restoring.confirm != id {
        let sentence = "Write the name of the backup to confirm that it is to replace all data.";
        return Err(Error::invalid("confirm", sentence).into());
    }
    let asked = Asked {
        folder,
        passphrase: restoring.passphrase,
    };
    let chosen = (restoring.let_in, false);
    begun(
        context
            .backups
            .restore(asked, chosen, caller.actor())
            .await?,
    )
}

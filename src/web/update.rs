//! `/api/update`: newer versions, from a stick or uploaded.
//!
//! Promises: nothing is installed that was not checked here and confirmed by the hash that the
//! person saw; while a version is on trial nothing is changed that going back would lose.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Failure, Message, Refusal, ok};
use super::rates::{Class, class_of};
use crate::auth::{Caller, Permission};
use crate::base::{Error, ErrorKind, Result};
use crate::update::bundle::BUNDLE_MAX;
use crate::update::{Staged, Staging, Standing};
use axum::body::{BodyDataStream, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde::Deserialize;
use std::fs::File;
use std::io::Write as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Pieces of an upload that wait for the disk.
const PIECES_WAITING: usize = 16;
/// The longest upload, bytes: a bundle, and what it has beside its binary.
const BODY_MAX: u64 = BUNDLE_MAX + (128 << 10);

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(standing))
        .routes(routes!(receive))
        .routes(routes!(check))
        .routes(routes!(install))
        .routes(routes!(go_back))
}

/// The version that runs, what is ready to be installed, what lies on sticks, and what became of
/// the last update.
#[utoipa::path(get, path = "/update", operation_id = "update_standing", tag = "update",
    responses((status = 200, body = Envelope<Standing>)))]
async fn standing(State(context): State<Context>, caller: Caller) -> Answer<Standing> {
    caller.require(Permission::UpdateManage)?;
    ok(super::blocking(move || Ok(context.updates.standing())).await?)
}

/// Takes a bundle (the bytes of the file), and checks it: signature, product, processor, schema,
/// room, version, hash of the binary. What was ready before is gone.
#[utoipa::path(post, path = "/update/bundle", operation_id = "receive_update", tag = "update",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It may be installed", body = Envelope<Staged>),
        (status = 400, description = "The first reason against it", body = Refusal),
        (status = 409, description = "This appliance was not installed, or another bundle is being read",
            body = Refusal),
        (status = 413, description = "More than 512 MB", body = Refusal),
        (status = 503, description = "The disk is full (the details say how much is needed where) or refuses", body = Refusal),
    ))]
async fn receive(
    State(context): State<Context>,
    caller: Caller,
    request: Request,
) -> Answer<Staged> {
    caller.require(Permission::UpdateManage)?;
    let bytes = request.body().size_hint().lower();
    if bytes > BODY_MAX {
        return Err(too_large().into());
    }
    let mut body = request.into_body().into_data_stream();
    match stage(&context, bytes.min(BUNDLE_MAX), &mut body).await {
        Ok(staging) => {
            let asked = context.clone();
            let judged = super::blocking(move || asked.updates.check(staging)).await;
            noted(&context, &caller, "upload", judged).await
        }
        Err(error) => {
            if error.kind != ErrorKind::TooLarge {
                read_past(&mut body).await;
            }
            Err(error.into())
        }
    }
}

/// What who sends too much hears, at once where the head of the request says how much it is.
fn too_large() -> Error {
    let sentence = format!("The file is larger than {} MB.", BUNDLE_MAX >> 20);
    Error::new(ErrorKind::TooLarge, sentence)
}

/// What was judged; what was refused stands in the audit log, because somebody may bring what the maker
/// never signed.
async fn noted(
    context: &Context,
    caller: &Caller,
    from: &str,
    judged: Result<Staged>,
) -> Answer<Staged> {
    if let Err(error) = &judged
        && error.kind == ErrorKind::Invalid
    {
        let actor = caller.actor();
        context.updates.note_refusal(error, from, &actor).await?;
    }
    ok(judged?)
}

/// A body of about so many bytes, in staging.
async fn stage(context: &Context, bytes: u64, body: &mut BodyDataStream) -> Result<Staging> {
    let asked = context.clone();
    let staging = super::blocking(move || asked.updates.begin(bytes)).await?;
    let place = staging.create();
    let place = place.map_err(|cause| context.updates.full(bytes, cause))?;
    write(context, bytes, body, place).await?;
    Ok(staging)
}

/// Reads and forgets what is still to come: a browser that is refused while it sends tells its user of
/// a broken connection instead of the reason.
async fn read_past(body: &mut BodyDataStream) {
    let mut bytes = 0;
    while let Some(Ok(piece)) = body.next().await {
        bytes += piece.len() as u64;
        if bytes > BODY_MAX {
            break;
        }
    }
}

/// Writes a body to disk while it arrives.
async fn write(
    context: &Context,
    expected: u64,
    body: &mut BodyDataStream,
    mut file: File,
) -> Result<()> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<axum::body::Bytes>(PIECES_WAITING);
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(piece) = receiver.blocking_recv() {
            file.write_all(&piece)?;
        }
        file.sync_all()
    });
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|cause| {
            Error::invalid("body", "The file did not arrive whole. Send it again.").because(cause)
        })?;
        bytes += piece.len() as u64;
        if bytes > BODY_MAX {
            return Err(too_large());
        }
        if sender.send(piece).await.is_err() {
            break;
        }
    }
    drop(sender);
    let written = writing.await;
    // What is needed is known of the whole, not of what came before the disk was full.
    written
        .map_err(|cause| Error::internal("The upload was not written.").because(cause))?
        .map_err(|cause| context.updates.full(expected.max(bytes), cause))
}

/// Which bundle is to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// Path of a bundle on a stick, as `GET /api/update` lists it.
    path: String,
}

/// Copies a bundle from a stick and checks it as an upload. The stick may be pulled out then.
#[utoipa::path(post, path = "/update/check", operation_id = "check_update", tag = "update",
    request_body = Which,
    responses(
        (status = 200, description = "It may be installed", body = Envelope<Staged>),
        (status = 400, description = "The first reason against it", body = Refusal),
        (status = 404, description = "No such bundle on a stick", body = Refusal),
        (status = 409, description = "This appliance was not installed, or another bundle is being read",
            body = Refusal),
        (status = 503, description = "The disk or the stick refuses", body = Refusal),
    ))]
async fn check(
    State(context): State<Context>,
    caller: Caller,
    Body(which): Body<Which>,
) -> Answer<Staged> {
    caller.require(Permission::UpdateManage)?;
    let (asked, path) = (context.clone(), which.path.clone());
    let staging = super::blocking(move || asked.updates.fetch(&path)).await?;
    let asked = context.clone();
    let judged = super::blocking(move || asked.updates.check(staging)).await;
    noted(&context, &caller, &which.path, judged).await
}

/// What a person confirmed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    /// The hash of the manifest that was shown.
    manifest_hash: String,
}

/// Installs what was checked: the appliance stops, its data is copied, the new version looks at
/// the copy, and is then tried for a minute. If it does not do well the version before comes back
/// by itself within two minutes. `GET /api/update` tells under `last` what became of it.
#[utoipa::path(post, path = "/update/install", operation_id = "install_update", tag = "update",
    request_body = Confirmed,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 409, description = "Another bundle was checked, or an update is under way",
            body = Refusal),
        (status = 503, description = "The disk refuses", body = Refusal),
    ))]
async fn install(
    State(context): State<Context>,
    caller: Caller,
    Body(confirmed): Body<Confirmed>,
) -> Answer<Message> {
    caller.require(Permission::UpdateManage)?;
    let hash = confirmed.manifest_hash;
    context.updates.install(&hash, caller.actor()).await?;
    ok(Message {
        message: "The update begins. The page comes back by itself.".to_owned(),
    })
}

/// On which data the version before is to run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Back {
    /// `true`: on the data as it was before the update; what came since is not in it. Otherwise
    /// on the data of now, if that version can read it.
    #[serde(default)]
    old_data: bool,
}

/// Goes back to the version before, in the same way as an update: copied, looked at, tried.
#[utoipa::path(post, path = "/update/rollback", operation_id = "roll_back_update", tag = "update",
    request_body = Back,
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 409, description = "No version before is kept, or an update is under way",
            body = Refusal),
        (status = 503, description = "The disk refuses", body = Refusal),
    ))]
async fn go_back(
    State(context): State<Context>,
    caller: Caller,
    Body(back): Body<Back>,
) -> Answer<Message> {
    caller.require(Permission::UpdateManage)?;
    context
        .updates
        .go_back(back.old_data, caller.actor())
        .await?;
    ok(Message {
        message: "The version before is being brought back. The page comes back by itself."
            .to_owned(),
    })
}

/// While a version is on trial, refuses what going back would lose. Readings are kept in any case,
/// and people may sign in.
pub async fn hold(State(context): State<Context>, request: Request, next: Next) -> Response {
    let looks = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let held = !looks && matches!(class_of(&request), Class::Api | Class::Upload);
    if held && context.updates.on_trial() {
        let sentence = "A new version is on trial for a minute; until then nothing is changed, so \
                        that nothing is lost if the version before comes back. Try again soon.";
        return Failure::from(Error::unavailable(sentence)).into_response();
    }
    next.run(request).await
}

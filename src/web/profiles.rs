//! `/api/profiles`: what is known of kinds of devices, and what people add to it.

use super::Context;
use super::envelope::{Answer, Envelope, Failure, Message, Page, Paging, Params, Refusal, Told};
use super::envelope::{created, ok, page};
use super::profile_body::{BodyQuery, text_of, understand};
use super::show::ProfileMetric;
use crate::auth::{Caller, Permission, Reach};
use crate::base::{EquipmentId, Error, Result};
use crate::equipment::profile_file::PROFILE_BYTES_MAX;
use crate::equipment::{Profile, ProfileFile};
use crate::modbus::{ReadPlan, Register};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    // A little more than a file, so that the sentence about its size is ours.
    let limit = DefaultBodyLimit::max(2 * PROFILE_BYTES_MAX);
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(detail, update, delete))
        .routes(routes!(toml))
        .layer(limit)
}

/// What narrows the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Words, each of which is in the id, the brand, the model or the source.
    q: Option<String>,
    /// Number of the page, from 1.
    page: Option<usize>,
    /// Items of a page, 1 to 100; 100 when absent.
    page_size: Option<usize>,
    /// Another name of `page_size`.
    limit: Option<usize>,
    /// Items to skip, instead of `page`.
    offset: Option<usize>,
}

/// A device profile in a list.
#[derive(Serialize, ToSchema)]
struct ProfileSummary {
    /// Its id, as `modbus.profile` names it.
    id: String,
    /// Maker.
    brand: String,
    /// Models it fits.
    model: String,
    /// Grows with each change.
    revision: u32,
    /// Where the register facts come from.
    source: String,
    /// When and on what it was checked on a device; `null` when it was only read in documents.
    verified: Option<String>,
    /// Whether it came with the program; such a one is copied and not changed.
    builtin: bool,
    /// Whether it describes a SunSpec model, whose place in the device is searched for.
    sunspec: bool,
    /// How many registers it has.
    registers: usize,
    /// What it reads, by name: `power`, `voltage_l1`.
    metrics: Vec<String>,
}

impl ProfileSummary {
    fn of(profile: &Profile) -> Self {
        Self {
            id: profile.id.clone(),
            brand: profile.brand.clone(),
            model: profile.model.clone(),
            revision: profile.revision,
            source: profile.source.clone(),
            verified: profile.verified.clone(),
            builtin: profile.is_builtin(),
            sunspec: !profile.sunspec_models.is_empty(),
            registers: profile.registers.len(),
            metrics: profile.registers.iter().map(Register::name).collect(),
        }
    }
}

/// A device profile, whole.
#[derive(Serialize, ToSchema)]
struct ProfileDetail {
    /// As in the list.
    #[serde(flatten)]
    summary: ProfileSummary,
    /// Where each value stands, by table and address.
    places: Vec<ProfileMetric>,
    /// Reads that fetch all of it.
    reads: usize,
    /// The equipment that is read with it, by name.
    used_by: Vec<User>,
    /// The profile as it is written; changed, it can be sent back.
    file: ProfileFile,
    /// What the reader of the file should know: how printed numbers became addresses.
    notes: Vec<String>,
}

/// Equipment that is read with a profile.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileUser)]
struct User {
    /// Its id.
    id: EquipmentId,
    /// Its name.
    name: String,
}

impl ProfileDetail {
    /// As who reaches these sites sees it: the equipment of others is not there for him.
    fn of(context: &Context, id: &str, reach: &Reach, notes: Vec<String>) -> Result<Self> {
        let profile = context.registry.profile(id)?;
        let plan = ReadPlan::new(profile.registers.clone(), &profile.limits);
        let mut users = context.registry.users_of(id);
        users.retain(|equipment| reach.sees(&equipment.site));
        Ok(Self {
            summary: ProfileSummary::of(&profile),
            places: profile.registers.iter().map(ProfileMetric::of).collect(),
            reads: plan.requests().len(),
            used_by: users
                .into_iter()
                .map(|equipment| User {
                    id: equipment.id,
                    name: equipment.name,
                })
                .collect(),
            file: profile.file()?,
            notes,
        })
    }
}

/// The device profiles, by id.
#[utoipa::path(get, path = "/profiles", operation_id = "list_profiles", tag = "equipment",
    params(ListQuery), responses((status = 200, body = Envelope<Page<ProfileSummary>>)))]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<ListQuery>,
) -> Answer<Page<ProfileSummary>> {
    caller.require(Permission::EquipmentRead)?;
    let text = query.q.unwrap_or_default().to_lowercase();
    let fits = |profile: &Profile| {
        let hay = [&profile.id, &profile.brand, &profile.model, &profile.source];
        let hay = hay.map(|text| text.to_lowercase()).join("\n");
        text.split_whitespace().all(|word| hay.contains(word))
    };
    let all = context.registry.profiles().list();
    let found: Vec<_> = all
        .filter(|profile| fits(profile))
        .map(|profile| ProfileSummary::of(&profile))
        .collect();
    ok(page(
        found,
        Paging {
            page: query.page,
            page_size: query.page_size.or(query.limit).or(Some(100)),
            limit: None,
            offset: query.offset,
        },
    ))
}

/// One device profile with its registers.
#[utoipa::path(get, path = "/profiles/{id}", operation_id = "profile_detail", tag = "equipment",
    params(("id" = String, Path, description = "Id of the profile")),
    responses(
        (status = 200, body = Envelope<ProfileDetail>),
        (status = 404, description = "No such profile", body = Refusal),
    ))]
async fn detail(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<ProfileDetail> {
    caller.require(Permission::EquipmentRead)?;
    let reach = &caller.user.sites;
    ok(ProfileDetail::of(&context, &id, reach, Vec::new())?)
}

/// One device profile as a file.
#[utoipa::path(get, path = "/profiles/{id}/toml", operation_id = "profile_toml", tag = "equipment",
    params(("id" = String, Path, description = "Id of the profile")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "application/toml"),
        (status = 404, description = "No such profile", body = Refusal),
    ))]
async fn toml(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    caller.require(Permission::EquipmentRead)?;
    let profile = context.registry.profile(&id)?;
    // An id is made of letters, digits and dashes.
    let name = format!("attachment; filename=\"{}.toml\"", profile.id);
    let name = HeaderValue::from_str(&name)
        .map_err(|cause| Error::internal("The file has no name.").because(cause))?;
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("application/toml")),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((head, profile.to_toml()?).into_response())
}

/// Adds a profile: JSON (a whole profile, or a plain list of registers), a TOML file or a table.
#[utoipa::path(post, path = "/profiles", operation_id = "add_profile", tag = "equipment",
    params(BodyQuery),
    request_body(content((ProfileFile = "application/json"), (String = "application/toml"),
        (String = "text/csv"))),
    responses(
        (status = 201, body = Envelope<ProfileDetail>),
        (status = 400, description = "Refused, with every place", body = Refusal),
        (status = 409, description = "The id is taken", body = Refusal),
        (status = 415, description = "Neither JSON nor TOML nor CSV", body = Refusal),
    ))]
async fn create(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<BodyQuery>,
    request: Request,
) -> Result<(StatusCode, Told<ProfileDetail>), Failure> {
    caller.require(Permission::EquipmentWrite)?;
    let (kind, body) = text_of(request).await?;
    let mut read = understand(query, &kind, &body)?;
    let (id, notes) = (read.file.id.clone(), std::mem::take(&mut read.notes));
    let file = read.file.clone();
    let added = context.registry.add_profile(file, caller.actor()).await;
    added.map_err(|error| read.place(&body, error))?;
    let reach = &caller.user.sites;
    created(ProfileDetail::of(&context, &id, reach, notes)?)
}

/// Changes a profile; equipment that uses it is read in the new way at once.
#[utoipa::path(put, path = "/profiles/{id}", operation_id = "change_profile", tag = "equipment",
    params(("id" = String, Path, description = "Id of the profile"), BodyQuery),
    request_body(content((ProfileFile = "application/json"), (String = "application/toml"),
        (String = "text/csv"))),
    responses(
        (status = 200, body = Envelope<ProfileDetail>),
        (status = 400, description = "Refused, with every place", body = Refusal),
        (status = 404, description = "No such profile", body = Refusal),
        (status = 409, description = "It came with the program", body = Refusal),
    ))]
async fn update(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<BodyQuery>,
    request: Request,
) -> Answer<ProfileDetail> {
    caller.require(Permission::EquipmentWrite)?;
    let (kind, body) = text_of(request).await?;
    let mut read = understand(query, &kind, &body)?;
    let notes = std::mem::take(&mut read.notes);
    let file = read.file.clone();
    let registry = &context.registry;
    let reach = &caller.user.sites;
    let changed = registry.change_profile(&id, file, reach, caller.actor());
    let changed = changed.await;
    changed.map_err(|error| read.place(&body, error))?;
    ok(ProfileDetail::of(&context, &id, reach, notes)?)
}

/// Deletes a profile that no equipment uses.
#[utoipa::path(delete, path = "/profiles/{id}", operation_id = "delete_profile", tag = "equipment",
    params(("id" = String, Path, description = "Id of the profile")),
    responses(
        (status = 200, body = Envelope<Message>),
        (status = 409, description = "It is in use, or came with the program", body = Refusal),
    ))]
async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Message> {
    caller.require(Permission::EquipmentWrite)?;
    let registry = &context.registry;
    let reach = &caller.user.sites;
    registry.delete_profile(&id, reach, caller.actor()).await?;
    ok(Message {
        message: "Profile deleted successfully".to_owned(),
    })
}

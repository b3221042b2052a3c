//! The API document: made from the code, so that it cannot tell another story.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder, Schema,
};
use utoipa::{Modify, OpenApi};

/// Head of the document; the paths come from the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Indusmind API",
        description = "Energy monitoring for a factory. Every answer is \
            {success, data, timestamp}; every refusal {success, error, error_code, details, \
            request_id, timestamp}. Live values come over the sockets /ws and /ws/dashboard:{site}.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/api"), (url = "/api/v1")),
    security(("bearer" = [])),
    modifiers(&Schemes),
)]
pub struct Head;

/// Access tokens, and the keys of devices.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Components::default);
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-device-key")));
        components.add_security_scheme("device_key", key);
    }
}

/// What any route may be answered with, by its status: what a route itself says of one stays.
const REFUSALS: [(&str, &str); 9] = [
    (
        "400",
        "Something of the request is refused; `details.fields` says what",
    ),
    ("401", "Nobody is signed in, or the session has ended"),
    (
        "403",
        "This role may not, or a proof of who is there is wanted first",
    ),
    ("404", "There is no such thing"),
    (
        "409",
        "It does not fit what is there: taken, full, in use, or done already",
    ),
    ("413", "More bytes than the route takes"),
    ("415", "A content type that the route does not read"),
    ("429", "Too many requests; see Retry-After"),
    (
        "503",
        "Not now: the disk is full, or the appliance is stopping",
    ),
];

/// Adds the refusals that every route shares, so that the document names each status there is.
pub fn complete(mut document: Document) -> Document {
    let components = document.components.get_or_insert_with(Components::default);
    for (status, description) in REFUSALS {
        let refusal = Ref::from_schema_name("Refusal");
        let content = ContentBuilder::new().schema(Some(refusal)).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/json", content)
            .build();
        components
            .responses
            .insert(format!("Refused{status}"), response.into());
    }
    open_parts(components);
    for item in document.paths.paths.values_mut() {
        let changes = [
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in changes.into_iter().flatten() {
            refuse(operation, true);
        }
        if let Some(operation) = &mut item.get {
            refuse(operation, false);
        }
    }
    document
}

fn refuse(operation: &mut Operation, changes: bool) {
    let is_open = operation.security.as_ref().is_some_and(|needed| {
        // `security(())` of a public route: one requirement that asks for nothing.
        needed
            .iter()
            .all(|one| *one == SecurityRequirement::default())
    });
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has_body = operation.request_body.is_some();
    let asks = |status: &str| match status {
        "400" => has_body || !parameters.is_empty(),
        "401" | "403" => !is_open,
        // What a path or a query names may not be there.
        "404" => !parameters.is_empty(),
        "409" => changes,
        "413" | "415" => has_body,
        _ => true,
    };
    let wanted: Vec<_> = REFUSALS
        .iter()
        .filter(|(status, _)| asks(status))
        .map(|(status, _)| *status)
        .collect();
    for status in wanted {
        let said = &mut operation.responses.responses;
        said.entry(status.to_owned())
            .or_insert_with(|| Ref::new(format!("#/components/responses/Refused{status}")).into());
    }
}

/// A schema that is a part of another one: closed to other fields, as it is by itself, it would be
/// closed to the fields beside it, and the document would allow nothing. So it is with the variants
/// of a tagged union and their tag.
fn open_parts(components: &mut Components) {
    let named = |one: &RefOr<Schema>| match one {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    };
    let mut parts_of_others = Vec::new();
    for schema in components.schemas.values() {
        match schema {
            RefOr::T(Schema::AllOf(whole)) => {
                parts_of_others.extend(whole.items.iter().filter_map(named));
            }
            RefOr::T(Schema::OneOf(union)) => {
                for item in &union.items {
                    if let RefOr::T(Schema::AllOf(parts)) = item {
                        parts_of_others.extend(parts.items.iter().filter_map(named));
                    }
                }
            }
            _ => {}
        }
    }
    for name in parts_of_others {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(&name) {
            object.additional_properties = None;
        }
    }
}

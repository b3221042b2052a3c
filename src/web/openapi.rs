//! The API document: made from the code, so that it cannot tell another story.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document};
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
    modifiers(&Bearer),
)]
pub struct Head;

/// Access tokens.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document
            .components
            .get_or_insert_with(Components::default)
            .add_security_scheme("bearer", scheme);
    }
}

//! The API document: made from the code, so that it cannot tell another story.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
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

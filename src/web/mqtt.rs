//! `/api/mqtt`: the broker, what its messages mean, and how the connection is doing.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Refusal, ok};
use crate::auth::{Caller, Permission, Reach};
use crate::mqtt::{MqttChange, MqttSettings, MqttStatus, TestMessage, TestResult};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(show, change))
        .routes(routes!(test))
}

/// The settings, and how the connection is doing.
#[derive(Debug, Serialize, ToSchema)]
struct MqttShown {
    /// The broker and the mappings, without the password.
    settings: MqttSettings,
    /// How the connection is doing.
    status: MqttStatus,
}

impl MqttShown {
    /// The broker is the whole appliance's: who reaches some sites only sees how it is, and neither
    /// what the sensors of others publish nor what it means.
    fn to(caller: &Caller, context: &Context) -> Self {
        let mut shown = Self {
            settings: context.mqtt.settings(),
            status: context.mqtt.status(),
        };
        if !caller.user.sites.covers(&Reach::ALL) {
            shown.settings.mappings.clear();
            shown.status.recent.clear();
        }
        shown
    }
}

/// The broker, the mappings and the last messages. Whoever reaches some sites only sees the broker and
/// how the connection is doing: mappings and messages are of every site.
#[utoipa::path(get, path = "/mqtt", operation_id = "get_mqtt", tag = "mqtt",
    responses((status = 200, body = Envelope<MqttShown>)))]
async fn show(State(context): State<Context>, caller: Caller) -> Answer<MqttShown> {
    caller.require(Permission::EquipmentWrite)?;
    ok(MqttShown::to(&caller, &context))
}

/// Changes the broker and the mappings, as a whole; the connection follows at once.
#[utoipa::path(put, path = "/mqtt", operation_id = "change_mqtt", tag = "mqtt",
    request_body = MqttChange,
    responses(
        (status = 200, body = Envelope<MqttShown>),
        (status = 400, description = "Every refused field", body = Refusal),
    ))]
async fn change(
    State(context): State<Context>,
    caller: Caller,
    Body(change): Body<MqttChange>,
) -> Answer<MqttShown> {
    caller.require(Permission::EquipmentWrite)?;
    context.mqtt.change(change, caller.actor()).await?;
    ok(MqttShown::to(&caller, &context))
}

/// What a message would become, or exactly why not. Nothing is stored.
#[utoipa::path(post, path = "/mqtt/test", operation_id = "test_mqtt", tag = "mqtt",
    request_body = TestMessage,
    responses(
        (status = 200, body = Envelope<TestResult>),
        (status = 400, description = "The mappings are not valid", body = Refusal),
    ))]
async fn test(
    State(context): State<Context>,
    caller: Caller,
    Body(message): Body<TestMessage>,
) -> Answer<TestResult> {
    caller.require(Permission::EquipmentWrite)?;
    ok(context.mqtt.test(&message)?)
}

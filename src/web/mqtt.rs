//! `/api/mqtt`: the broker, what its messages mean, and how the connection is doing.

use super::Context;
use super::envelope::{Answer, Body, Envelope, Refusal, ok};
use crate::auth::{Caller, Permission};
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
    fn of(context: &Context) -> Self {
        Self {
            settings: context.mqtt.settings(),
            status: context.mqtt.status(),
        }
    }
}

/// The broker, the mappings and the last messages.
#[utoipa::path(get, path = "/mqtt", operation_id = "get_mqtt", tag = "mqtt",
    responses((status = 200, body = Envelope<MqttShown>)))]
async fn show(State(context): State<Context>, caller: Caller) -> Answer<MqttShown> {
    caller.require(Permission::EquipmentWrite)?;
    ok(MqttShown::of(&context))
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
    ok(MqttShown::of(&context))
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

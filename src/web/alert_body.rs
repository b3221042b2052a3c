//! What is said to alerts.

use crate::base::AlertId;
use serde::Deserialize;
use utoipa::ToSchema;

/// Somebody knows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeRequest {
    /// Ignored: the token says who it is.
    #[serde(default)]
    #[allow(dead_code)]
    pub(super) user_id: Option<String>,
    /// What he adds.
    #[serde(default, alias = "note")]
    pub(super) notes: Option<String>,
    /// The revision that was seen; 409 when the alert has changed since.
    #[serde(default)]
    #[schema(format = Int64, maximum = 4_294_967_295_i64)]
    pub(super) revision: Option<u32>,
}

/// One alert of several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenAlert {
    /// The alert.
    pub(super) id: AlertId,
    /// The revision that was seen.
    #[serde(default)]
    #[schema(format = Int64, maximum = 4_294_967_295_i64)]
    pub(super) revision: Option<u32>,
}

/// Somebody knows of many.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeAllRequest {
    /// The alerts, 500 at most.
    pub(super) alerts: Vec<SeenAlert>,
    /// What he adds.
    #[serde(default, alias = "note")]
    pub(super) notes: Option<String>,
}

/// It is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveRequest {
    /// How it was.
    #[serde(default, alias = "notes")]
    pub(super) note: Option<String>,
}

/// Silence for a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShelveRequest {
    /// How long, s: 60 to 604800.
    pub(super) seconds: u32,
    /// Why.
    pub(super) reason: String,
}

/// Set aside until somebody ends it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetAsideRequest {
    /// Why.
    pub(super) reason: String,
}

/// Words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CommentRequest {
    /// What is said.
    pub(super) text: String,
}

/// Nothing is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFields {}

//! stub
use serde::Serialize;
use utoipa::ToSchema;
/// l
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Link {
    /// s
    pub state: LinkState,
}
/// l
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub enum LinkState {
    /// s
    Stopped,
}

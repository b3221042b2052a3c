//! *pure* — which machines of a backup get in again when it is restored.
//!
//! People sign in anew with their passwords whatever is chosen here.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which machines of a backup get in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetIn {
    /// API tokens, kiosks and devices, but for what is known to have been revoked since.
    All,
    /// Devices with their keys, so that they go on sending; API tokens and kiosks are made anew.
    Devices,
    /// No machine: every device gets a new key. For a machine or a backup that came into other hands.
    Nobody,
}

impl LetIn {
    /// Whether API tokens and kiosks get in.
    pub(super) const fn takes_tokens(self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether devices get in.
    pub(super) const fn takes_devices(self) -> bool {
        matches!(self, Self::All | Self::Devices)
    }
}

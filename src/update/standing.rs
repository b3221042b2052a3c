//! How things stand with updates, as it is shown.

use super::manifest::Manifest;
use super::stick::OnStick;
use serde::Serialize;
use utoipa::ToSchema;

/// A bundle that was judged good, unpacked in staging.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Staged {
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of the manifest: what `POST /api/update/install` takes.
    pub manifest_hash: String,
    /// Number of the key that signed it.
    pub key: String,
    /// Bytes of data that are copied while the page stands still.
    pub data_bytes: u64,
}

/// A version that is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Kept {
    /// Its version.
    pub version: String,
}

/// What became of the last update.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Became {
    /// `committed`, `refused` or `rolled_back`.
    pub result: String,
    /// Which version it was about.
    pub version: String,
    /// Why; empty when it went well.
    pub why: String,
    /// When, ms since 1970.
    pub at_ms: u64,
}

/// The devices that are polled, on trial: those that answered the version before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Answering {
    /// How many answered before the update.
    pub before: usize,
    /// How many of them answered since.
    pub now: usize,
    /// Names of some that did not yet.
    pub silent: Vec<String>,
}

/// How things stand.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Standing {
    /// The version that runs.
    pub version: &'static str,
    /// Whether a launcher started it, so that it can be updated from here.
    pub managed: bool,
    /// Whether this version is on trial: changes are refused for a minute.
    pub on_trial: bool,
    /// On trial: whether the devices answer as before.
    pub answering: Option<Answering>,
    /// The bundle that was judged good.
    pub staged: Option<Staged>,
    /// The version before, while it is kept.
    pub previous: Option<Kept>,
    /// What became of the last update.
    pub last: Option<Became>,
    /// Updates on sticks.
    pub sticks: Vec<OnStick>,
    /// Numbers of the keys whose updates are believed.
    pub keys: Vec<String>,
}

//! What the edge is told when it opens.

use super::{Limits, PlainHttp, SeatLimits};
use crate::machine::Names;

/// Settings of the edge.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often the dashboard channel sends, ms.
    pub dashboard_every_ms: i64,
    /// Whether a socket may carry its access token in the address.
    pub token_in_query: bool,
    /// Who is let in, and how often he may ask.
    pub edge: EdgeSettings,
    /// The log file, when there is one.
    pub log_file: Option<std::path::PathBuf>,
}

/// Who is let in, and how often he may ask.
#[derive(Clone, Debug, Default)]
pub struct EdgeSettings {
    /// To whom plain HTTP is spoken where HTTPS is.
    pub plain_http: PlainHttp,
    /// Names under which the appliance answers, beside those of the machine.
    pub names: Names,
    /// The name by which the network finds the machine, without `.local`; none when it is off.
    pub local_name: Option<String>,
    /// Origins of other pages that may use the API.
    pub cors_origins: Vec<String>,
    /// Open connections.
    pub seats: SeatLimits,
    /// Requests.
    pub limits: Limits,
}

//! What each line of the plant did, for the page of the technician.

use super::poller::Device;
use crate::base::{EquipmentId, Timestamp};
use crate::modbus::journal::LineStatistics;
use crate::modbus::{Endpoint, Journal};
use serde::Serialize;
use utoipa::ToSchema;

/// The most bytes of frames of all lines together: the memory of the appliance is for readings.
const FRAMES_BYTES_MAX: usize = 64_000_000;

/// One line: where it leads, who is on it, and what was said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LineReport {
    /// Names the line in other calls: `tcp:10.0.0.7:502`, `rtu:/dev/ttyUSB0`.
    #[schema(example = "tcp:10.0.0.7:502")]
    pub key: String,
    /// How it is reached: `tcp`, `rtu_over_tcp` or `rtu`.
    pub protocol: super::source::Protocol,
    /// Host and port, or the path of the port.
    pub place: String,
    /// How a serial port talks: `9600 8E1`.
    pub serial: Option<String>,
    /// Who is on it.
    pub devices: Vec<LineDevice>,
    /// Since when the figures count.
    pub since: Timestamp,
    /// Frames that can be looked at.
    pub frames: usize,
    /// What they take in memory, bytes.
    pub frames_bytes: usize,
    /// What everything adds up to.
    pub statistics: LineStatistics,
}

/// A device on a line.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LineDevice {
    /// The equipment whose readings it brings.
    pub equipment: EquipmentId,
    /// Its unit id.
    pub unit_id: u8,
}

/// The name of a line in calls and files.
#[must_use]
pub fn line_key(endpoint: &Endpoint) -> String {
    let protocol = match endpoint {
        Endpoint::Tcp { .. } => "tcp",
        Endpoint::RtuOverTcp { .. } => "rtu_over_tcp",
        Endpoint::Serial { .. } => "rtu",
    };
    format!("{protocol}:{endpoint}")
}

/// The bytes that the frames of one line may take when there are so many lines.
pub(super) fn frames_bytes(lines: usize) -> usize {
    FRAMES_BYTES_MAX / lines.max(1)
}

impl LineReport {
    pub(super) fn new(endpoint: &Endpoint, devices: &[Device], journal: &Journal) -> Self {
        let (frames, frames_bytes) = journal.kept();
        let mut devices: Vec<_> = devices
            .iter()
            .map(|device| LineDevice {
                equipment: device.id,
                unit_id: device.plan.unit_id,
            })
            .collect();
        devices.sort_by_key(|device| (device.unit_id, device.equipment));
        Self {
            key: line_key(endpoint),
            protocol: endpoint.into(),
            place: endpoint.to_string(),
            serial: match endpoint {
                Endpoint::Serial { settings, .. } => Some(settings.to_string()),
                Endpoint::Tcp { .. } | Endpoint::RtuOverTcp { .. } => None,
            },
            devices,
            since: journal.since(),
            frames,
            frames_bytes,
            statistics: journal.statistics(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::journal::RING_BYTES_MAX;

    #[test]
    fn many_lines_share_the_memory() {
        assert!(frames_bytes(0) >= RING_BYTES_MAX && frames_bytes(30) >= RING_BYTES_MAX);
        assert_eq!(frames_bytes(200), 320_000);
    }

    #[test]
    fn the_same_socket_has_a_key_for_each_protocol() {
        assert_eq!(line_key(&Endpoint::tcp("Gate", 502)), "tcp:gate:502");
        let server = Endpoint::rtu_over_tcp("fe80::1", 4001);
        assert_eq!(line_key(&server), "rtu_over_tcp:[fe80::1]:4001");
    }
}

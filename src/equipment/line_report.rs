//! What each line of the plant did, for the page of the technician.

use super::link::{Link, Links};
use super::poller::Device;
use crate::base::{EquipmentId, Timestamp};
use crate::modbus::journal::{Histogram, LineStatistics, Tally};
use crate::modbus::{Endpoint, Journal};
use serde::Serialize;
use utoipa::ToSchema;

/// The most bytes of frames of all lines together: the memory of the appliance is for readings.
const FRAMES_BYTES_MAX: usize = 64_000_000;

/// What counts as lately, ms.
pub(super) const LATELY_MS: i64 = 3_600_000;
/// A line on which more than this share of the questions went wrong lately is in trouble.
const TROUBLED_SHARE: f64 = 0.01;

/// How a line is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Nothing was said yet.
    Connecting,
    /// Everybody answers.
    Working,
    /// Everybody answers, but more than one question in a hundred went wrong in the last hour.
    Troubled,
    /// Somebody does not answer, others do.
    Partly,
    /// The line is open, and nobody answers.
    Silent,
    /// The line does not open.
    Unreachable,
}

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
    /// How it is doing.
    pub state: LineState,
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
    /// What the last hour adds up to.
    pub last_hour: Tally,
}

/// A device on a line.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LineDevice {
    /// The equipment whose readings it brings.
    pub equipment: EquipmentId,
    /// Its unit id.
    pub unit_id: u8,
    /// How its link is doing.
    pub link: Link,
}

impl LineDevice {
    /// Whether its last poll was answered.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.link.failures == 0 && self.link.last_success_at.is_some()
    }
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
    pub(super) fn new(
        endpoint: &Endpoint,
        devices: &[Device],
        links: &Links,
        journal: &Journal,
        now: Timestamp,
    ) -> Self {
        let (frames, frames_bytes) = journal.kept();
        let mut devices: Vec<_> = devices
            .iter()
            .map(|device| LineDevice {
                equipment: device.id,
                unit_id: device.plan.unit_id,
                link: links.get(device.id).unwrap_or_default(),
            })
            .collect();
        devices.sort_by_key(|device| (device.unit_id, device.equipment));
        let statistics = journal.statistics();
        let last_hour = journal.sum_since(now.minus_ms(LATELY_MS));
        Self {
            key: line_key(endpoint),
            protocol: endpoint.into(),
            place: endpoint.to_string(),
            serial: match endpoint {
                Endpoint::Serial { settings, .. } => Some(settings.to_string()),
                Endpoint::Tcp { .. } | Endpoint::RtuOverTcp { .. } => None,
            },
            state: state(&devices, &statistics, &last_hour),
            devices,
            since: journal.since(),
            frames,
            frames_bytes,
            statistics,
            last_hour,
        }
    }

    /// How long the answers of all its devices took.
    #[must_use]
    pub fn round_trips(&self) -> Histogram {
        let mut sum = Histogram::default();
        for unit in self.statistics.units.values() {
            sum.add(&unit.round_trips);
        }
        sum
    }
}

fn state(devices: &[LineDevice], line: &LineStatistics, lately: &Tally) -> LineState {
    let failed_at = line.last_connect_failure_at;
    if failed_at.is_some() && failed_at >= line.last_connect_at.max(line.last_good_at) {
        return LineState::Unreachable;
    }
    let answering = devices.iter().filter(|device| device.answers()).count();
    let failing = devices
        .iter()
        .filter(|device| device.link.failures > 0)
        .count();
    let wrong = f64::from(lately.asked - lately.answered.min(lately.asked));
    match (answering, failing) {
        (0, 0) => LineState::Connecting,
        (0, _) => LineState::Silent,
        (_, 0) if wrong > f64::from(lately.asked) * TROUBLED_SHARE => LineState::Troubled,
        (_, 0) => LineState::Working,
        _ => LineState::Partly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::journal::RING_BYTES_MAX;

    #[test]
    fn many_lines_share_the_memory() {
        assert!(frames_bytes(0) >= RING_BYTES_MAX && frames_bytes(15) >= RING_BYTES_MAX);
        assert_eq!(frames_bytes(200), 320_000);
    }

    fn device(unit_id: u8, failures: u32, success: bool) -> LineDevice {
        LineDevice {
            equipment: EquipmentId::new(),
            unit_id,
            link: Link {
                failures,
                last_success_at: success.then(|| Timestamp::from_ms(5)),
                ..Link::default()
            },
        }
    }

    #[test]
    fn the_state_of_a_line_follows_from_its_devices() {
        let (fine, new) = (device(1, 0, true), device(2, 0, false));
        let (lost, never) = (device(3, 4, true), device(4, 4, false));
        let mut line = LineStatistics::default();
        let lately = |asked, answered| Tally {
            asked,
            answered,
            ..Tally::default()
        };
        let quiet = lately(500, 495);
        let of = |devices: &[&LineDevice], line: &LineStatistics, lately: &Tally| {
            let devices: Vec<_> = devices.iter().map(|device| (*device).clone()).collect();
            state(&devices, line, lately)
        };
        assert_eq!(of(&[&new], &line, &lately(0, 0)), LineState::Connecting);
        assert_eq!(of(&[&fine, &new], &line, &quiet), LineState::Working);
        assert_eq!(of(&[&fine], &line, &lately(500, 494)), LineState::Troubled);
        assert_eq!(of(&[&fine, &lost], &line, &quiet), LineState::Partly);
        assert_eq!(of(&[&lost, &never], &line, &quiet), LineState::Silent);
        line.last_connect_failure_at = Some(Timestamp::from_ms(9));
        assert_eq!(of(&[&lost], &line, &quiet), LineState::Unreachable);
        line.last_connect_at = Some(Timestamp::from_ms(10));
        assert_eq!(of(&[&lost], &line, &quiet), LineState::Silent);
    }

    #[test]
    fn the_same_socket_has_a_key_for_each_protocol() {
        assert_eq!(line_key(&Endpoint::tcp("Gate", 502)), "tcp:gate:502");
        let server = Endpoint::rtu_over_tcp("fe80::1", 4001);
        assert_eq!(line_key(&server), "rtu_over_tcp:[fe80::1]:4001");
    }
}

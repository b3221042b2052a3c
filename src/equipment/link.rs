//! How the connection to each device is doing, for the page and for the technician.

use super::pace::RoundTrips;
use crate::base::{EquipmentId, Timestamp};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use utoipa::ToSchema;

/// What a device's link is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Its last poll was answered.
    Connected,
    /// It has not answered yet; the first attempt is under way.
    #[default]
    Connecting,
    /// It failed, and is left alone until the next attempt.
    Waiting,
    /// Acquisition was stopped.
    Stopped,
}

/// The health of one device's link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Link {
    /// What it is doing.
    pub state: LinkState,
    /// What went wrong last, in words; kept after recovery, with its time.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// When the device last answered a poll.
    pub last_success_at: Option<Timestamp>,
    /// Time from question to answer, ms, averaged over the last few.
    pub round_trip_ms: Option<f64>,
    /// The time that half of the last answers did not exceed, ms.
    pub round_trip_p50_ms: Option<f64>,
    /// The time that 95 % of the last answers did not exceed, ms.
    pub round_trip_p95_ms: Option<f64>,
    /// How long the next answer is waited for, ms: learnt from the last ones, at most what was
    /// configured.
    pub timeout_ms: Option<f64>,
    /// When it is asked again, while it is left alone.
    pub next_attempt_at: Option<Timestamp>,
    /// Failed attempts since the last good one.
    pub failures: u32,
}

/// Share of the newest round trip in the average: the last ten count for nine tenths.
const ROUND_TRIP_SHARE: f64 = 0.2;

impl Link {
    /// A poll was answered; `round_trip_ms` is the mean over its reads.
    pub(super) fn answered(
        &mut self,
        at: Timestamp,
        round_trip_ms: Option<f64>,
        pace: &RoundTrips,
        timeout: Duration,
    ) {
        let in_ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        self.round_trip_p50_ms = pace.percentile(50).map(in_ms);
        self.round_trip_p95_ms = pace.percentile(95).map(in_ms);
        self.timeout_ms = Some(in_ms(timeout));
        self.state = LinkState::Connected;
        self.last_success_at = Some(at);
        self.next_attempt_at = None;
        self.failures = 0;
        if let Some(new) = round_trip_ms {
            let old = self.round_trip_ms.unwrap_or(new);
            self.round_trip_ms = Some(old + ROUND_TRIP_SHARE * (new - old));
        }
    }

    /// Something went wrong, though perhaps not everything.
    pub(super) fn troubled(&mut self, at: Timestamp, sentence: &str) {
        self.last_error = Some(sentence.to_owned());
        self.last_error_at = Some(at);
    }

    /// The device is left alone until the first beat after its back-off.
    pub(super) fn waiting(
        &mut self,
        failures: u32,
        until: Timestamp,
        now: Timestamp,
        interval_ms: i64,
    ) {
        self.state = LinkState::Waiting;
        self.failures = failures;
        let until = until.max(now.plus_ms(1));
        let beat = until.floor_to(interval_ms);
        let late = if beat == until { 0 } else { interval_ms };
        self.next_attempt_at = Some(beat.plus_ms(late));
    }
}

/// The links of every polled device.
#[derive(Debug, Default)]
pub struct Links {
    by_id: Mutex<HashMap<EquipmentId, Link>>,
}

impl Links {
    /// The link of a device; `None` when it is not polled.
    #[must_use]
    pub fn get(&self, id: EquipmentId) -> Option<Link> {
        self.lock().get(&id).cloned()
    }

    /// Every link.
    #[must_use]
    pub fn all(&self) -> HashMap<EquipmentId, Link> {
        self.lock().clone()
    }

    /// Forgets every device that is not wanted any more and begins the new ones.
    pub(super) fn keep(&self, wanted: &HashSet<EquipmentId>) {
        let mut links = self.lock();
        links.retain(|id, _| wanted.contains(id));
        for id in wanted {
            links.entry(*id).or_default();
        }
    }

    /// Changes the link of a device that is still wanted.
    pub(super) fn update(&self, id: EquipmentId, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.lock().get_mut(&id) {
            change(link);
        }
    }

    /// Marks every link as stopped.
    pub(super) fn stop(&self) {
        for link in self.lock().values_mut() {
            link.state = LinkState::Stopped;
            link.next_attempt_at = None;
        }
    }

    /// A panic elsewhere leaves plain values behind, which are as good as before.
    fn lock(&self) -> MutexGuard<'_, HashMap<EquipmentId, Link>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_tells_when_the_next_attempt_comes() {
        let mut link = Link::default();
        let at = Timestamp::from_ms;
        link.waiting(1, at(12_000), at(10_000), 5_000);
        assert_eq!(link.next_attempt_at, Some(Timestamp::from_ms(15_000)));
        assert_eq!((link.state, link.failures), (LinkState::Waiting, 1));
        link.waiting(1, at(12_000), at(10_000), 1_000);
        assert_eq!(link.next_attempt_at, Some(Timestamp::from_ms(12_000)));
        link.waiting(1, at(10_000), at(10_000), 5_000);
        assert_eq!(
            link.next_attempt_at,
            Some(at(15_000)),
            "not at the beat that failed"
        );
        let mut pace = RoundTrips::default();
        for ms in [4, 9] {
            pace.note(Duration::from_millis(ms));
        }
        let second = Duration::from_secs(1);
        link.answered(at(15_000), Some(4.0), &pace, second);
        link.answered(at(20_000), Some(9.0), &pace, second);
        assert_eq!(link.round_trip_p50_ms, Some(4.0));
        assert_eq!(link.round_trip_p95_ms, Some(9.0));
        assert_eq!(link.timeout_ms, Some(1_000.0));
        assert_eq!(link.round_trip_ms, Some(5.0));
        assert_eq!((link.next_attempt_at, link.failures), (None, 0));
    }

    #[test]
    fn the_page_gets_the_agreed_names() {
        let json = serde_json::to_value(Link::default()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"state": "connecting", "last_error": null, "last_error_at": null,
                "last_success_at": null, "round_trip_ms": null, "round_trip_p50_ms": null,
                "round_trip_p95_ms": null, "timeout_ms": null, "next_attempt_at": null,
                "failures": 0})
        );
    }
}

//! *pure* — how fast a device answers, and how long it is worth waiting for it.

use crate::base::Timestamp;
use std::time::Duration;

/// Round trips that are remembered: the last minutes of most devices.
const REMEMBERED: usize = 64;
/// Before so many are known, the configured time-out counts.
const LEARNT_AFTER: usize = 20;
/// A device may take so many times its usual longest before it counts as silent ...
const MARGIN: u32 = 3;
/// ... and this much more: gateways serve others in between, and this machine has other work.
const SLACK: Duration = Duration::from_millis(50);
/// No device is given less: below this a busy switch looks like a silent meter.
const SHORTEST: Duration = Duration::from_millis(200);

/// A silent device is probed for twice what it used to take and this much more ...
const PROBE_SLACK: Duration = Duration::from_millis(20);
/// ... but no shorter than this: a machine that is busy elsewhere looks like a silent meter.
const PROBE_SHORTEST: Duration = Duration::from_millis(100);
/// All probes of a line together take at most one part in so many of its time: what healthy
/// neighbours do not notice.
const PROBE_SHARE: u32 = 50;

/// How a device that used to answer is looked after between its back-off steps: with questions
/// that are given only the time that it used to need. A device that comes back is found at its
/// next beat, and the neighbours pay next to nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Probe {
    timeout: Option<Duration>,
    next: Timestamp,
}

impl Probe {
    /// The device has just failed; `pace` is how it answered before.
    pub(super) fn arm(&mut self, pace: &RoundTrips, configured: Duration) {
        if let Some(p95) = pace.percentile(95) {
            let timeout = (p95 * 2 + PROBE_SLACK).max(PROBE_SHORTEST);
            self.timeout = Some(timeout.min(configured));
        }
    }

    /// How long to wait for the answer to a probe that may be sent now.
    pub(super) fn due(&self, now: Timestamp) -> Option<Duration> {
        // A clock that was set back does not stop the probes for longer than one beat of an hour.
        let waits = (1..=3_600_000).contains(&self.next.since_ms(now));
        self.timeout.filter(|_| !waits)
    }

    /// A probe, or a step that might have been one, brought nothing and took so much of the line's
    /// time, which is shared with as many `failing` devices.
    pub(super) fn rest(&mut self, now: Timestamp, cost: Duration, failing: usize) {
        let cost = self.timeout.map_or(cost, |timeout| cost.min(timeout));
        let failing = u32::try_from(failing.max(1)).unwrap_or(u32::MAX);
        let pause = cost.saturating_mul(PROBE_SHARE).saturating_mul(failing);
        let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        self.next = now.plus_ms(pause_ms.min(3_600_000));
    }
}

/// The last round trips of a device.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundTrips {
    /// In the order of arrival, the oldest overwritten first.
    last: Vec<Duration>,
    next: usize,
}

impl RoundTrips {
    /// Remembers one.
    pub(super) fn note(&mut self, round_trip: Duration) {
        if self.last.len() < REMEMBERED {
            self.last.push(round_trip);
        } else {
            self.last[self.next] = round_trip;
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// Forgets them all: a device that was silent may have become slower, and is given its whole
    /// time-out until it is known anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The round trip that so many per cent do not exceed, by nearest rank; nothing when none is
    /// known.
    pub(super) fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted = self.last.clone();
        let rank = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
        let (_, found, _) = sorted.select_nth_unstable(rank);
        Some(*found)
    }

    /// How long to wait for an answer: three times what 95 % of the last answers took and 50 ms,
    /// at least 200 ms, at most what was configured.
    pub(super) fn timeout(&self, configured: Duration) -> Duration {
        match self.percentile(95) {
            Some(p95) if self.last.len() >= LEARNT_AFTER => {
                (p95 * MARGIN + SLACK).max(SHORTEST).min(configured)
            }
            _ => configured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn of(all: impl IntoIterator<Item = u64>) -> RoundTrips {
        let mut trips = RoundTrips::default();
        all.into_iter().for_each(|each| trips.note(ms(each)));
        trips
    }

    #[test]
    fn percentiles_are_those_of_the_last_answers() {
        assert_eq!(RoundTrips::default().percentile(50), None);
        assert_eq!(of([7]).percentile(95), Some(ms(7)));
        let hundred = of(1..=100);
        // The last 64 are 37 to 100.
        assert_eq!(hundred.percentile(50), Some(ms(68)));
        assert_eq!(hundred.percentile(95), Some(ms(97)));
        assert_eq!(hundred.percentile(100), Some(ms(100)));
    }

    #[test]
    fn a_known_device_is_not_waited_for_longer_than_needed() {
        let configured = ms(1_000);
        assert_eq!(of([5; 19]).timeout(configured), configured, "too few");
        assert_eq!(of([5; 20]).timeout(configured), ms(200), "the floor");
        assert_eq!(of([100; 20]).timeout(configured), ms(350));
        assert_eq!(of([900; 20]).timeout(configured), configured, "the ceiling");
        assert_eq!(
            of([5; 64]).timeout(ms(80)),
            ms(80),
            "never more than was asked for"
        );
    }

    #[test]
    fn probes_take_a_fiftieth_of_the_line() {
        let now = Timestamp::from_ms(1_800_000_000_000);
        let mut probe = Probe::default();
        probe.arm(&RoundTrips::default(), ms(1_000));
        assert_eq!(probe.due(now), None, "it never answered");
        probe.arm(&of([40; 9]), ms(1_000));
        assert_eq!(probe.due(now), Some(ms(100)));
        // What was learnt stays when there is nothing new.
        probe.arm(&RoundTrips::default(), ms(1_000));
        probe.rest(now, ms(100), 1);
        assert_eq!(probe.due(now.plus_ms(4_999)), None);
        assert_eq!(probe.due(now.plus_ms(5_000)), Some(ms(100)));
        assert_eq!(
            probe.due(now.minus_ms(86_400_000)),
            Some(ms(100)),
            "set back"
        );
        probe.rest(now, ms(100), 4);
        assert_eq!(
            probe.due(now.plus_ms(19_999)),
            None,
            "four share the fiftieth"
        );
        probe.arm(&of([1; 9]), ms(1_000));
        assert_eq!(probe.due(now.plus_ms(20_000)), Some(ms(100)), "the floor");
        probe.arm(&of([900; 9]), ms(1_000));
        assert_eq!(
            probe.due(now.plus_ms(20_000)),
            Some(ms(1_000)),
            "the ceiling"
        );
    }

    #[test]
    fn a_device_that_became_slower_is_given_its_whole_time_out_again() {
        let mut trips = of([5; 64]);
        trips.forget();
        assert_eq!(trips.timeout(ms(1_000)), ms(1_000));
        (0..20).for_each(|_| trips.note(ms(250)));
        assert_eq!(trips.timeout(ms(1_000)), ms(800));
    }
}

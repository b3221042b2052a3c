//! The latest value of every series, and the feed of changes.
//!
//! Promises: what is here is on disk (the funnel applies a batch only after its commit); a value
//! never changes its quality silently: it turns stale by its age when it is looked at. A slow
//! listener is told that it lagged; nobody waits for it.

use crate::base::{Batch, EquipmentId, Metric, Phase, Quality, SeriesKey, Timestamp, Unit};
use crate::tsdb::Latest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::broadcast;
use utoipa::ToSchema;

/// Changes a listener may be behind before it has to start again from the whole state.
const FEED_LENGTH: usize = 256;
/// A value is fresh for two intervals, and never for less than this, ms: scheduling jitter on a
/// busy box is not a fault of the meter.
const FRESH_AT_LEAST_MS: i64 = 3_000;

/// One current value as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LiveValue {
    /// The quantity.
    pub metric: Metric,
    /// The conductor, `null` for the whole device.
    #[schema(value_type = Option<String>, example = "L1")]
    pub phase: Option<&'static str>,
    /// Unit of the value.
    pub unit: Unit,
    /// The value; `null` when the device has none. A stale value is the last one known.
    pub value: Option<f64>,
    /// How far to trust it now.
    pub quality: Quality,
    /// When it was true.
    pub timestamp: Timestamp,
}

/// Everything known of one device now.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// The last tick that brought at least one value.
    pub last_good: Option<Timestamp>,
    /// Poll interval, ms.
    pub interval_ms: u32,
    values: BTreeMap<(Metric, Phase), Held>,
}

#[derive(Clone, Debug)]
struct Held {
    unit: Unit,
    value: Option<f64>,
    quality: Quality,
    at: Timestamp,
}

/// How long a value of a device with this poll interval counts as current, ms.
#[must_use]
pub fn fresh_for_ms(interval_ms: u32) -> i64 {
    (2 * i64::from(interval_ms)).max(FRESH_AT_LEAST_MS)
}

impl Device {
    /// Whether the device answered within two intervals.
    #[must_use]
    pub fn is_online(&self, now: Timestamp) -> bool {
        self.last_good
            .is_some_and(|at| now.since_ms(at) <= fresh_for_ms(self.interval_ms))
    }

    /// A value that may be computed with: measured, in time.
    #[must_use]
    pub fn fresh(&self, metric: &Metric, phase: Phase, now: Timestamp) -> Option<f64> {
        let held = self.values.get(&(metric.clone(), phase))?;
        held.value
            .filter(|_| held.quality_at(now, self.interval_ms).counts())
    }

    /// All values as they are to be shown at `now`.
    #[must_use]
    pub fn values(&self, now: Timestamp) -> Vec<LiveValue> {
        let show = |((metric, phase), held): (&(Metric, Phase), &Held)| LiveValue {
            metric: metric.clone(),
            phase: phase.line(),
            unit: held.unit.clone(),
            value: held.value,
            quality: held.quality_at(now, self.interval_ms),
            timestamp: held.at,
        };
        self.values.iter().map(show).collect()
    }

    fn take(&mut self, batch: &Batch) {
        self.interval_ms = batch.interval_ms;
        let answered = batch.readings.iter().any(|reading| reading.value.is_some());
        // The clock of a writer may be ahead of ours: a value is no newer than its arrival, and
        // one that claimed to be does not stand in the way of those that follow.
        let at = batch.at.min(batch.arrived);
        let newer_is_known = |last: Timestamp| last > at && last <= batch.arrived;
        if !answered || self.last_good.is_some_and(newer_is_known) {
            // The device was silent: its values grow old, they do not vanish. Or the batch is
            // late: what is known is newer.
            return;
        }
        self.last_good = Some(at);
        for reading in &batch.readings {
            let held = Held {
                unit: reading.unit.clone(),
                value: reading.value,
                quality: reading.quality,
                at,
            };
            self.values
                .insert((reading.metric.clone(), reading.phase), held);
        }
    }
}

impl Held {
    fn quality_at(&self, now: Timestamp, interval_ms: u32) -> Quality {
        let stale = now.since_ms(self.at) > fresh_for_ms(interval_ms);
        if stale && self.quality.counts() {
            Quality::Stale
        } else {
            self.quality
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Change {
    /// These devices have new values, or were silent again.
    Values(Arc<[EquipmentId]>),
    /// Equipment or a site was added, changed or deleted; the revision counts these changes.
    Registry {
        /// Never the same twice while the appliance runs.
        revision: u64,
    },
    /// A session ended: its sockets close.
    SessionEnded(crate::base::SessionId),
    /// The screen of this session is to show something else.
    Arranged(crate::base::SessionId),
}

/// The latest values and their feed.
#[derive(Debug)]
pub struct Live {
    devices: RwLock<BTreeMap<EquipmentId, Device>>,
    feed: broadcast::Sender<Change>,
    registry_revision: AtomicU64,
}

impl Live {
    /// Starts from the values that the store held.
    #[must_use]
    pub fn new(latest: Vec<Latest>) -> Self {
        let mut devices: BTreeMap<EquipmentId, Device> = BTreeMap::new();
        for found in latest {
            let SeriesKey {
                equipment,
                metric,
                phase,
            } = found.series.key;
            let device = devices.entry(equipment).or_default();
            device.interval_ms = found.interval_ms;
            device.last_good = device.last_good.max(Some(found.at));
            let held = Held {
                unit: found.series.unit,
                value: found.value,
                quality: found.quality,
                at: found.at,
            };
            device.values.insert((metric, phase), held);
        }
        Self {
            devices: RwLock::new(devices),
            feed: broadcast::channel(FEED_LENGTH).0,
            registry_revision: AtomicU64::new(0),
        }
    }

    /// Takes batches that are on disk, and tells everyone who listens.
    pub fn apply(&self, batches: &[Batch]) {
        {
            let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
            for batch in batches {
                devices.entry(batch.equipment).or_default().take(batch);
            }
        }
        let mut changed: Vec<_> = batches.iter().map(|batch| batch.equipment).collect();
        changed.sort_unstable();
        changed.dedup();
        self.tell(Change::Values(changed.into()));
    }

    /// Drops the values of series that a device no longer has, or all of them.
    pub fn keep_only(&self, equipment: EquipmentId, keep: &dyn Fn(&Metric, Phase) -> bool) {
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(device) = devices.get_mut(&equipment) {
            device
                .values
                .retain(|(metric, phase), _| keep(metric, *phase));
        }
    }

    /// Tells everyone who listens.
    pub fn tell(&self, change: Change) {
        // Nobody listening is no error.
        let _ = self.feed.send(change);
    }

    /// Tells everyone who listens that equipment or a site has changed.
    pub fn tell_registry(&self) {
        let revision = self.registry_revision.fetch_add(1, Ordering::Relaxed) + 1;
        self.tell(Change::Registry { revision });
    }

    /// The changes from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.feed.subscribe()
    }

    /// What is known of one device; an empty one when nothing is.
    #[must_use]
    pub fn device(&self, equipment: EquipmentId) -> Device {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        devices.get(&equipment).cloned().unwrap_or_default()
    }

    /// Calls `look` with what is known of one device, without copying it.
    pub fn with<T>(&self, equipment: EquipmentId, look: impl FnOnce(Option<&Device>) -> T) -> T {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        look(devices.get(&equipment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Reading;

    fn batch(equipment: EquipmentId, at_ms: i64, value: Option<f64>) -> Batch {
        let at = Timestamp::from_ms(at_ms);
        let (metric, unit) = (Metric::POWER, Unit::none());
        let reading = match value {
            Some(value) => Reading::good(metric, Phase::Total, unit, value),
            None => Reading::missing(metric, Phase::Total, unit),
        };
        Batch {
            equipment,
            at,
            arrived: at,
            interval_ms: 5_000,
            readings: vec![reading],
        }
    }

    #[test]
    fn a_silent_device_keeps_its_last_value_which_turns_stale() {
        let live = Live::new(Vec::new());
        let meter = EquipmentId::new();
        live.apply(&[batch(meter, 0, Some(12.5))]);
        live.apply(&[batch(meter, 5_000, None), batch(meter, 10_000, None)]);
        let device = live.device(meter);
        let at = |ms| device.values(Timestamp::from_ms(ms))[0].clone();
        assert_eq!(
            (at(10_000).quality, at(10_001).quality),
            (Quality::Good, Quality::Stale)
        );
        assert_eq!(at(60_000).value, Some(12.5));
        assert_eq!(at(60_000).timestamp, Timestamp::from_ms(0));
        assert!(device.is_online(Timestamp::from_ms(10_000)));
        assert!(!device.is_online(Timestamp::from_ms(10_001)));
        let later = Timestamp::from_ms(10_001);
        assert_eq!(device.fresh(&Metric::POWER, Phase::Total, later), None);
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_freeze_the_value() {
        let live = Live::new(Vec::new());
        let meter = EquipmentId::new();
        let ahead = Batch {
            arrived: Timestamp::from_ms(10_000),
            ..batch(meter, 3_600_000, Some(1.0))
        };
        live.apply(&[ahead]);
        assert_eq!(
            live.device(meter).last_good,
            Some(Timestamp::from_ms(10_000))
        );
        live.apply(&[batch(meter, 15_000, Some(2.0))]);
        let shown = live.device(meter).values(Timestamp::from_ms(15_000));
        assert_eq!(shown[0].value, Some(2.0));
    }

    #[test]
    fn a_late_batch_does_not_replace_what_is_newer() {
        let live = Live::new(Vec::new());
        let meter = EquipmentId::new();
        live.apply(&[batch(meter, 10_000, Some(2.0))]);
        let late = Batch {
            arrived: Timestamp::from_ms(11_000),
            ..batch(meter, 5_000, Some(1.0))
        };
        live.apply(&[late]);
        assert_eq!(
            live.device(meter).values(Timestamp::from_ms(10_000))[0].value,
            Some(2.0)
        );
    }
}

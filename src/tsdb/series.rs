//! The catalogue of series: a number for each (equipment, metric, phase).

use super::pack::Role;
use crate::base::sample::MetricKind;
use crate::base::{EquipmentId, Error, Metric, Phase, Reading, Result, SeriesKey, Unit};
use crate::store::table::{seal, unseal};
use crate::store::{TableName, Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

const SERIES: TableName = TableName::new("ts_series");
/// Shape of its records.
const SHAPE: u8 = 1;
/// Most series of one appliance; the packed rows count them with 32 bits, memory with less.
const SERIES_MAX: usize = 200_000;

/// The number of a series in the data file. Never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u32);

/// The number of a device in the data file: that of its first series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Device(pub u32);

/// What a series is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesInfo {
    /// Device, quantity and conductor.
    #[serde(flatten)]
    pub key: SeriesKey,
    /// Unit of its values.
    pub unit: Unit,
}

/// All series, by number and by key. Cheap to clone: each tick starts from a copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    inner: Arc<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    infos: Vec<SeriesInfo>,
    /// The device of each series.
    owners: Vec<Device>,
    /// The series of each device, ascending.
    devices: HashMap<EquipmentId, Vec<SeriesId>>,
}

impl Catalogue {
    pub(super) fn load(view: &impl View) -> Result<Self> {
        let mut inner = Inner::default();
        let unreadable =
            || Error::internal("The catalogue of series is damaged. Restore the last backup.");
        view.scan(SERIES, &[], &[0xFF; 5], &mut |key, bytes| {
            let json = if bytes.starts_with(b"{") {
                bytes
            } else {
                unseal(SHAPE, key, bytes).ok_or_else(unreadable)?
            };
            let info = serde_json::from_slice(json).map_err(|cause| unreadable().because(cause))?;
            if inner.push(info).0.to_be_bytes() != key {
                // One is missing: the others would be taken for each other.
                return Err(unreadable());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.inner.infos.len()
    }

    pub(super) fn info(&self, id: SeriesId) -> Option<&SeriesInfo> {
        self.inner.infos.get(id.0 as usize)
    }

    pub(super) fn find(
        &self,
        equipment: EquipmentId,
        metric: &Metric,
        phase: Phase,
    ) -> Option<SeriesId> {
        let is = |id: &&SeriesId| self.is(**id, metric, phase);
        self.inner.devices.get(&equipment)?.iter().find(is).copied()
    }

    fn is(&self, id: SeriesId, metric: &Metric, phase: Phase) -> bool {
        self.info(id)
            .is_some_and(|info| info.key.phase == phase && info.key.metric == *metric)
    }

    pub(super) fn of(&self, equipment: EquipmentId) -> Vec<(SeriesId, SeriesInfo)> {
        let series = self.inner.devices.get(&equipment).into_iter().flatten();
        series
            .filter_map(|id| Some((*id, self.info(*id)?.clone())))
            .collect()
    }

    /// The device that a series belongs to.
    pub(super) fn device_of(&self, id: SeriesId) -> Option<Device> {
        self.inner.owners.get(id.0 as usize).copied()
    }

    /// The series of a device, ascending.
    pub(super) fn series_of(&self, device: Device) -> Vec<SeriesId> {
        let owner = self.inner.infos.get(device.0 as usize);
        let series = owner.and_then(|info| self.inner.devices.get(&info.key.equipment));
        series.cloned().unwrap_or_default()
    }

    /// Every device, in the order of their numbers.
    pub(super) fn devices(&self) -> Vec<Device> {
        let mut all: Vec<_> = self
            .inner
            .devices
            .values()
            .filter_map(|series| series.first().map(|first| Device(first.0)))
            .collect();
        all.sort_unstable();
        all
    }

    /// Whether the values of a series only grow.
    pub(super) fn is_counter(&self, id: SeriesId) -> bool {
        self.info(id)
            .is_some_and(|info| info.key.metric.kind() == MetricKind::Counter)
    }

    /// What a series measures, for the packing.
    pub(super) fn role(&self, id: SeriesId) -> Role {
        self.info(id).map_or(Role::OTHER, |info| {
            Role::of(&info.key.metric, info.key.phase)
        })
    }

    /// The numbers of the readings of a batch that come in the order in which the device brought
    /// them first; the same registers do with every poll, though some may be missing.
    pub(super) fn likely(
        &self,
        equipment: EquipmentId,
        readings: &[Reading],
    ) -> Vec<Option<SeriesId>> {
        let mut known = (self.inner.devices.get(&equipment)).map_or(&[][..], Vec::as_slice);
        let number = |reading: &Reading| {
            let is = |id: &SeriesId| self.is(*id, &reading.metric, reading.phase);
            let place = known.iter().position(is)?;
            let (passed, rest) = known.split_at(place + 1);
            known = rest;
            passed.last().copied()
        };
        readings.iter().map(number).collect()
    }

    /// The number of the series of a reading; a new series is written with the transaction.
    pub(super) fn intern(
        &mut self,
        transaction: &Transaction<'_>,
        equipment: EquipmentId,
        reading: &Reading,
    ) -> Result<SeriesId> {
        if let Some(id) = self.find(equipment, &reading.metric, reading.phase) {
            return Ok(id);
        }
        if self.len() >= SERIES_MAX {
            return Err(Error::unavailable(
                "The appliance holds as many series as it can.",
            ));
        }
        let key = SeriesKey {
            equipment,
            metric: reading.metric.clone(),
            phase: reading.phase,
        };
        let info = SeriesInfo {
            key,
            unit: reading.unit.clone(),
        };
        let json = serde_json::to_vec(&info)
            .map_err(|cause| Error::internal("A series cannot be written.").because(cause))?;
        let id = Arc::make_mut(&mut self.inner).push(info);
        let key = id.0.to_be_bytes();
        transaction.put(SERIES, &key, &seal(SHAPE, &key, &json))?;
        Ok(id)
    }
}

impl Inner {
    fn push(&mut self, info: SeriesInfo) -> SeriesId {
        let id = SeriesId(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        let series = self.devices.entry(info.key.equipment).or_default();
        series.push(id);
        self.owners.push(Device(series[0].0));
        self.infos.push(info);
        id
    }
}

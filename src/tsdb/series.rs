//! The catalogue of series: a number for each (equipment, metric, phase).

use crate::base::{EquipmentId, Error, Metric, Phase, Reading, Result, SeriesKey, Unit};
use crate::store::{TableName, Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

const SERIES: TableName = TableName::new("ts_series");
/// Most series of one appliance; the packed rows count them with 32 bits, memory with less.
const SERIES_MAX: usize = 200_000;

/// The number of a series in the data file. Never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u32);

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
    numbers: BTreeMap<SeriesKey, SeriesId>,
}

impl Catalogue {
    pub(super) fn load(view: &impl View) -> Result<Self> {
        let mut inner = Inner::default();
        view.scan(SERIES, &[], &[0xFF; 5], &mut |_, json| {
            let info: SeriesInfo = serde_json::from_slice(json).map_err(|cause| {
                Error::internal("The catalogue of series is not readable.").because(cause)
            })?;
            inner.push(info);
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
        let key = SeriesKey {
            equipment,
            metric: metric.clone(),
            phase,
        };
        self.inner.numbers.get(&key).copied()
    }

    pub(super) fn of(&self, equipment: EquipmentId) -> Vec<(SeriesId, SeriesInfo)> {
        let with_number = (0..).map(SeriesId).zip(&self.inner.infos);
        with_number
            .filter(|(_, info)| info.key.equipment == equipment)
            .map(|(id, info)| (id, info.clone()))
            .collect()
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
        transaction.put(SERIES, &id.0.to_be_bytes(), &json)?;
        Ok(id)
    }
}

impl Inner {
    fn push(&mut self, info: SeriesInfo) -> SeriesId {
        let id = SeriesId(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        self.numbers.insert(info.key.clone(), id);
        self.infos.push(info);
        id
    }
}

//! The store of readings on a simulated disk, with three devices.

use super::super::blocks::{NewBlock, Stage};
use super::super::model::metric;
use super::super::put::put;
use super::super::{DAY_MS, HOUR_MS, Level, NewCorrection, Tsdb};
use super::ledger::{Doubt, Told};
use crate::base::{
    Batch, EquipmentId, Phase, Quality, Reading, Result, TimeRange, Timestamp, Unit, UserId,
};
use crate::store::Store;
use crate::store::simulated::SimulatedDisk;
use std::path::Path;
use std::sync::Arc;

/// 2026-11-01T00:00:00Z.
pub(super) const MONTH: i64 = 1_793_491_200_000;
/// First instant of what is told.
pub(super) const START: i64 = MONTH - 36 * HOUR_MS;
/// First instant after it.
pub(super) const END: i64 = MONTH + 40 * HOUR_MS;
/// When the first month is forgotten.
const LATER: i64 = MONTH + 100 * DAY_MS;
/// The volume that is forgotten then.
pub(super) const RAW_OCTOBER: &str = "raw-2026-10";
/// The device whose samples mark appends.
pub(super) const MARKER: usize = 2;

pub(super) struct Plant {
    store: Store,
    pub(super) tsdb: Tsdb,
    runtime: tokio::runtime::Runtime,
}

impl Plant {
    pub(super) fn open(disk: &SimulatedDisk) -> Result<Self> {
        let store = Store::on(Arc::new(disk.clone()), Path::new("simulated"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without drivers needs nothing");
        // A store that is only dropped lets go of its file when its thread has ended.
        let tsdb = Tsdb::open(&store).inspect_err(|_| store.close())?;
        Ok(Self {
            tsdb,
            store,
            runtime,
        })
    }

    /// Stops in order.
    pub(super) fn close(self) {
        self.store.close();
        self.tsdb.blocks.close();
    }

    /// Turns a byte of the first block of a volume over; returns which.
    pub(super) fn spoil_a_block(&self) -> Option<(String, Timestamp)> {
        let blocks = &self.tsdb.blocks;
        for info in blocks.list().unwrap() {
            for stage in [Stage::Hour, Stage::Day] {
                let first = blocks.step(&info.name, stage, None, 1).unwrap().pop();
                let Some(((span, device), mut bytes)) = first else {
                    continue;
                };
                let at = stage.start_of(span);
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                let (level, _, _) = Level::of_volume(&info.name).unwrap();
                let block = NewBlock {
                    stage,
                    span,
                    device,
                    bytes,
                };
                let volume = blocks.volume(level, at).unwrap();
                volume
                    .write(|transaction| put(transaction, &block))
                    .unwrap();
                return Some((info.name, Timestamp::from_ms(at)));
            }
        }
        None
    }

    pub(super) fn device(number: usize) -> EquipmentId {
        let mut bytes = [7; 16];
        bytes[15] = u8::try_from(number).unwrap_or(u8::MAX);
        EquipmentId::from_slice(&bytes).expect("sixteen bytes")
    }

    pub(super) fn raw(
        &self,
        device: usize,
        series: usize,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, f64)>> {
        let found = self
            .tsdb
            .find(Self::device(device), &metric(series), Phase::Total);
        let Some(id) = found else {
            return Ok(Vec::new());
        };
        let range = TimeRange::new(Timestamp::from_ms(from), Timestamp::from_ms(to))?;
        let points = self.tsdb.raw(&[id], range)?.into_iter();
        Ok(points
            .filter_map(|point| Some((point.at.ms(), point.values[0]?)))
            .collect())
    }

    pub(super) fn apply(&self, change: &Doubt) -> Result<()> {
        let tsdb = &self.tsdb;
        match change {
            Doubt::Append(_, told) => {
                let batches = Arc::new(batches(told));
                self.runtime.block_on(tsdb.append(batches, |_| Ok(())))
            }
            Doubt::Correct(device, series, from, to, change) => {
                let asked = NewCorrection {
                    equipment: Self::device(*device),
                    metric: metric(*series),
                    phase: Phase::Total,
                    range: TimeRange::new(Timestamp::from_ms(*from), Timestamp::from_ms(*to))?,
                    change: *change,
                    why: "the seed says so".to_owned(),
                    by: somebody(),
                    at: Timestamp::from_ms(START),
                };
                let made = tsdb.correct(asked, |_, _| Ok(()));
                self.runtime.block_on(made).map(drop)
            }
            Doubt::Undo(n) => {
                let at = Timestamp::from_ms(START);
                let undone = tsdb.undo_correction(*n as u64 + 1, somebody(), at, |_, _| Ok(()));
                self.runtime.block_on(undone).map(drop)
            }
            Doubt::Load(told) => tsdb.load(&batches(told)),
            Doubt::Forget => tsdb.forget(Timestamp::from_ms(LATER)).map(drop),
        }
    }
}

fn somebody() -> UserId {
    UserId::from_slice(&[9; 16]).expect("sixteen bytes")
}

/// One batch per device and instant, in the order in which the samples were told.
fn batches(told: &[Told]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (device, series, at, known) in told {
        let (equipment, at) = (Plant::device(*device), Timestamp::from_ms(*at));
        let reading = Reading {
            metric: metric(*series),
            phase: Phase::Total,
            unit: Unit::none(),
            value: known.value,
            quality: known.quality,
        };
        match batches.last_mut() {
            Some(last) if last.equipment == equipment && last.at == at => {
                last.readings.push(reading);
            }
            _ => batches.push(Batch {
                equipment,
                at,
                arrived: at,
                interval_ms: u32::try_from(known.interval).unwrap_or(u32::MAX),
                readings: vec![reading],
            }),
        }
    }
    debug_assert!(
        told.iter()
            .all(|t| t.3.value.is_some() || t.3.quality == Quality::Missing)
    );
    batches
}

//! Random histories against the model, in any order of arrival, sealing, packing, correcting.

use super::counter::{Event, What};
use super::model::{COUNTER, FLOAT, GAUGE, Known, Model, compare, metric};
use super::model_steps::{Step, any_step};
use super::*;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Reading, TimeRange, Unit, UserId};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// 2026-10-24T20:00:00Z: the night in which Europe's clocks go back lies ahead.
const START: i64 = 1_793_044_800_000 - 28 * HOUR_MS;
const ZONES: [&str; 4] = ["UTC", "Europe/Paris", "Asia/Kolkata", "America/St_Johns"];
pub(super) struct World {
    _dir: tempfile::TempDir,
    store: Store,
    tsdb: Tsdb,
    devices: [EquipmentId; 2],
    model: Model,
    counters: [f64; 2],
}

impl World {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "model").unwrap();
        Self {
            tsdb: Tsdb::open(&store).unwrap(),
            _dir: dir,
            store,
            devices: [EquipmentId::new(), EquipmentId::new()],
            model: Model::default(),
            counters: [1_000.0, 5_000.0],
        }
    }

    pub(super) async fn take(&mut self, step: &Step) {
        match step {
            Step::Ticks {
                device,
                from,
                count,
                every,
                off,
                seed,
                load,
            } => {
                // A tick of a device has one interval: ticks of different ones never coincide here.
                let apart = match every {
                    60 => 0,
                    300 => 7,
                    1_800 => 11,
                    _ => 13,
                };
                let first = START + from * MINUTE_MS + off / 20 * 20 + apart;
                let mut rng = *seed;
                let batches: Vec<Batch> = (0..*count)
                    .map(|n| self.tick(*device, first + n * every * 1_000, *every, &mut rng))
                    .collect();
                if *load {
                    self.tsdb.load(&batches).unwrap();
                    return;
                }
                self.tsdb
                    .append(Arc::new(batches), |_| Ok(()))
                    .await
                    .unwrap();
            }
            Step::Correct { .. } => self.correct(step).await,
            Step::Undo(n) => self.undo(*n).await,
            Step::Event { device, at, change } => self.event(*device, *at, *change).await,
            Step::UndoEvent(n) => self.undo_event(*n).await,
            Step::Maintain(minutes) => {
                let now = Timestamp::from_ms(START + minutes * MINUTE_MS);
                self.tsdb.maintain(now).unwrap();
                self.tsdb.maintain(now).unwrap();
            }
            Step::SealNow => self.tsdb.seal_now().unwrap(),
            Step::Restart => {
                self.tsdb.blocks.close();
                self.tsdb = Tsdb::open(&self.store).unwrap();
            }
        }
    }

    async fn correct(&mut self, step: &Step) {
        let Step::Correct {
            device,
            series,
            from,
            length,
            change,
        } = step
        else {
            return;
        };
        let from = START + from * MINUTE_MS;
        let to = from + length * MINUTE_MS;
        let asked = NewCorrection {
            equipment: self.devices[*device],
            metric: metric(*series),
            phase: Phase::Total,
            range: TimeRange::new(Timestamp::from_ms(from), Timestamp::from_ms(to)).unwrap(),
            change: *change,
            why: "the model says so".to_owned(),
            by: UserId::new(),
            at: Timestamp::from_ms(START),
        };
        let made = self.tsdb.correct(asked, |_, _| Ok(())).await;
        // Of a series that was never read nothing can be corrected.
        assert_eq!(
            made.is_ok(),
            self.model.samples.contains_key(&(*device, *series))
        );
        if made.is_ok() {
            let entry = (*device, *series, from, to, *change, true);
            self.model.corrections.push(entry);
        }
    }

    async fn undo(&mut self, n: usize) {
        if let Some(entry) = self.model.corrections.get_mut(n) {
            entry.5 = false;
            let (id, at) = (n as u64 + 1, Timestamp::from_ms(START));
            let by = UserId::new();
            self.tsdb
                .undo_correction(id, by, at, |_, _| Ok(()))
                .await
                .unwrap();
        }
    }

    async fn event(&mut self, device: usize, minute: i64, change: CounterChange) {
        let at = START + minute * MINUTE_MS + 3;
        let asked = NewCounterEvent {
            equipment: self.devices[device],
            metric: metric(COUNTER),
            phase: Phase::Total,
            at: Timestamp::from_ms(at),
            change,
            reason: "the model says so".to_owned(),
            by: UserId::new(),
            entered: Timestamp::from_ms(START),
        };
        // What the readings contradict is refused, and what was entered already.
        if self
            .tsdb
            .enter_counter_event(asked, |_, _| Ok(()))
            .await
            .is_ok()
        {
            let what = match change {
                CounterChange::Exchange {
                    end_reading: end,
                    start_reading: start,
                } => What::Exchange { end, start },
                CounterChange::Ratio { factor } => What::Factor(factor),
            };
            self.model.events.push((device, Event { at, what }, true));
        }
    }

    async fn undo_event(&mut self, n: usize) {
        if let Some(entry) = self.model.events.get_mut(n) {
            entry.2 = false;
            let (by, at) = (UserId::new(), Timestamp::from_ms(START));
            let entry = (self.devices[entry.0], n as u64 + 1);
            let undone = self.tsdb.undo_counter_event(entry, by, at, |_, _| Ok(()));
            undone.await.unwrap();
        }
    }

    fn tick(&mut self, device: usize, at: i64, every: i64, rng: &mut u64) -> Batch {
        let mut random = |below: u64| {
            *rng = rng
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (*rng >> 33) % below
        };
        // The counter follows the time, so that late samples fit in between; now and then it
        // blips to zero.
        let truth = self.counters[device] + (at - START) as f64 / 1e5;
        let counter = if random(30) == 0 {
            0.0
        } else {
            (truth * 10.0).round() / 10.0
        };
        let values = [
            Some(random(1_000) as f64 / 10.0),
            Some(counter),
            Some(1.0 / (1.0 + random(1_000) as f64)),
        ];
        let mut readings = Vec::new();
        for (series, value) in values.into_iter().enumerate() {
            let (value, quality) = match random(40) {
                0 => (None, Quality::Missing),
                1 => (value, Quality::Bad),
                2 if series == FLOAT => continue,
                _ => (value, Quality::Good),
            };
            let known = Known {
                interval: every * 1_000,
                value,
                quality,
            };
            self.model.learn(device, series, at, known);
            readings.push(Reading {
                metric: metric(series),
                phase: Phase::Total,
                unit: Unit::none(),
                value,
                quality,
            });
        }
        Batch {
            equipment: self.devices[device],
            at: Timestamp::from_ms(at),
            arrived: Timestamp::from_ms(at),
            interval_ms: u32::try_from(every * 1_000).unwrap(),
            readings,
        }
    }

    pub(super) fn check(&self, zone: &str) {
        let calendar = Calendar::new(zone).unwrap();
        let sizes = [
            (BucketSize::Fixed(MINUTE_MS), 20, 7),
            (BucketSize::Fixed(15 * MINUTE_MS), 0, 20),
            (BucketSize::Fixed(HOUR_MS), 0, 75),
            (BucketSize::Fixed(20_000), 30, 2),
            (BucketSize::Day, 0, 75),
        ];
        for device in 0..2 {
            for series in [GAUGE, COUNTER, FLOAT] {
                let Some(id) = self
                    .tsdb
                    .find(self.devices[device], &metric(series), Phase::Total)
                else {
                    continue;
                };
                let truth = self.model.truth(device, series);
                for (size, from_hours, hours) in sizes {
                    let from = START + from_hours * HOUR_MS;
                    let range = TimeRange {
                        from: Timestamp::from_ms(from),
                        to: Timestamp::from_ms(from + hours * HOUR_MS),
                    };
                    let query = Query {
                        series: vec![id],
                        range,
                        resolution: Resolution::Buckets(size),
                        calendar: calendar.clone(),
                    };
                    for bucket in self.tsdb.buckets(&query).unwrap().iter() {
                        let said = truth.bucket(bucket.start.ms(), bucket.end.ms());
                        compare(bucket.columns[0], said.as_ref(), &bucket, (device, series));
                    }
                }
                self.check_raw(device, series, id);
            }
        }
    }

    fn check_raw(&self, device: usize, series: usize, id: SeriesId) {
        let range = TimeRange {
            from: Timestamp::from_ms(START),
            to: Timestamp::from_ms(START + 90 * HOUR_MS),
        };
        let points = self.tsdb.raw(&[id], range).unwrap();
        let found: Vec<_> = points
            .iter()
            .filter_map(|point| Some((point.at.ms(), point.values[0]?)))
            .collect();
        let expected: Vec<_> = self
            .model
            .corrected(device, series)
            .iter()
            .map(|(at, _, value, _)| (*at, *value))
            .collect();
        assert_eq!(found, expected, "raw of device {device}, series {series}");
    }
}

/// The same histories each time, so that a run says the same of the same code; new ones with
/// `INDUSMIND_TORTURE=n`.
fn cases() -> ProptestConfig {
    let wanted = std::env::var("INDUSMIND_TORTURE").ok();
    let wanted: Option<u32> = wanted.and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(24),
        rng_seed: if wanted.is_some() {
            RngSeed::Random
        } else {
            RngSeed::Fixed(2026)
        },
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn whatever_happens_the_answers_are_those_of_the_model(
        steps in proptest::collection::vec(any_step(), 1..40),
        zone in 0..ZONES.len(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in &steps {
                world.take(step).await;
            }
            world.check(ZONES[zone]);
            world.take(&Step::Maintain(20_000)).await;
            world.check(ZONES[zone]);
            world.take(&Step::Restart).await;
            world.check(ZONES[zone]);
        });
    }
}

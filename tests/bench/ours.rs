//! Our store, behind the few calls that the benches make.

use crate::fleet::Said;
use crate::generator::METRICS;
use crate::questions::{CONSUMPTION, Form, Question, Rows, Silence};
use indusmind::base::time::{BucketSize, Calendar};
use indusmind::base::{Batch, EquipmentId, Metric, Phase, Reading, TimeRange, Timestamp, Unit};
use indusmind::exchange::number::push_decimal;
use indusmind::store::Store;
use indusmind::tsdb::rollup::Summary;
use indusmind::tsdb::{Buckets, Query, Resolution, SeriesId, Tsdb};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ticks of one answer with raw points.
const WINDOW: i64 = 17_280;

/// An open data directory with its meters.
pub(crate) struct Ours {
    store: Store,
    tsdb: Tsdb,
    place: PathBuf,
    meters: Vec<EquipmentId>,
    interval_ms: i64,
    names: Vec<(Metric, Unit)>,
}

fn time(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn range_of((from, to): (i64, i64)) -> TimeRange {
    TimeRange {
        from: time(from),
        to: time(to),
    }
}

impl Ours {
    /// Opens or makes it.
    pub(crate) fn open(place: &Path, meters: Vec<EquipmentId>, interval_ms: i64) -> Self {
        let store = Store::open(place, "bench").unwrap();
        let name = |spec: &crate::generator::Spec| {
            let unit = Unit::new(spec.unit).unwrap();
            (Metric::new(spec.metric).unwrap(), unit)
        };
        Self {
            tsdb: Tsdb::open(&store).unwrap(),
            store,
            place: place.to_owned(),
            meters,
            interval_ms,
            names: METRICS.iter().map(name).collect(),
        }
    }

    /// Ends the writer; the directory is free again.
    pub(crate) fn close(self) {
        self.store.close();
    }

    /// Ticks as the pollers bring them.
    pub(crate) fn batches(&self, said: &[Said]) -> Vec<Batch> {
        let batch = |said: &Said| Batch {
            equipment: self.meters[said.meter as usize],
            at: time(said.tick.at_ms),
            arrived: time(said.tick.at_ms),
            interval_ms: u32::try_from(self.interval_ms).unwrap(),
            readings: self
                .names
                .iter()
                .zip(said.tick.values)
                .map(|((metric, unit), value)| {
                    Reading::good(metric.clone(), Phase::Total, unit.clone(), value)
                })
                .collect(),
        };
        said.iter().map(batch).collect()
    }

    /// One tick; on disk when this returns.
    pub(crate) async fn tick(&self, batches: Arc<Vec<Batch>>) {
        self.tsdb.append(batches, |_| Ok(())).await.unwrap();
    }

    /// A part of an archive.
    pub(crate) async fn load(&self, batches: Vec<Batch>) {
        self.tsdb.load(&batches).unwrap();
    }

    /// Brings what was loaded into the form in which it stays: sealed, and packed as if some
    /// weeks had passed.
    pub(crate) fn seal(&self) {
        self.tsdb.seal_now().unwrap();
        let later = time(4_000_000_000_000);
        self.tsdb.maintain(later).unwrap();
        self.tsdb.maintain(later).unwrap();
    }

    /// Bytes on disk: of the raw readings when they lie apart, and of all.
    pub(crate) fn bytes(&self) -> (Option<u64>, u64) {
        let volumes = self.store.volumes(indusmind::tsdb::FOLDER).list().unwrap();
        let raw = volumes
            .iter()
            .filter(|volume| volume.name.starts_with("raw"));
        let all = crate::measure::allocated(&self.place, &[]);
        (Some(raw.map(|volume| volume.bytes).sum()), all)
    }

    fn series(&self, meter: u32, metric: usize) -> SeriesId {
        let (name, _) = &self.names[metric];
        let meter = self.meters[meter as usize];
        self.tsdb.find(meter, name, Phase::Total).unwrap()
    }

    /// The answer to a question.
    pub(crate) fn ask(&self, question: &Question) -> Rows {
        match question.form {
            Form::Buckets(step_ms) => self.buckets(question, step_ms),
            Form::FromRaw(step_ms) => self.fold_raw(question, step_ms),
            Form::Raw => self.raw(question),
            Form::Last => self.last(question),
        }
    }

    fn asked(&self, question: &Question, step_ms: i64, metrics: &[usize]) -> Buckets {
        let pairs = question
            .meters
            .iter()
            .flat_map(|meter| metrics.iter().map(|metric| (*meter, *metric)));
        let size = match step_ms {
            crate::questions::DAY_MS => BucketSize::Day,
            step_ms => BucketSize::Fixed(step_ms),
        };
        let buckets = self.tsdb.buckets(&Query {
            series: pairs
                .map(|(meter, metric)| self.series(meter, metric))
                .collect(),
            range: range_of(question.range),
            resolution: Resolution::Buckets(size),
            calendar: Calendar::utc(),
        });
        buckets.unwrap()
    }

    /// Where the energy of an answer lies elsewhere than a plain difference of readings puts it.
    pub(crate) fn silence(&self, question: &Question) -> Silence {
        let Form::Buckets(step_ms) = question.form else {
            return Silence::default();
        };
        if !question.metrics.contains(&CONSUMPTION) {
            return Silence::default();
        }
        let mut silence = Silence::default();
        for bucket in self.asked(question, step_ms, &[CONSUMPTION]).iter() {
            let columns = bucket.columns.iter().flatten();
            silence.energy += columns.map(|summary| summary.delta).sum::<f64>();
            // The reading that ends a silence may come right behind the end of a bucket.
            if bucket.all_substituted() > 0.0 {
                let rows = [bucket.start.ms(), bucket.end.ms()];
                silence.rows.extend(rows);
            }
        }
        silence
    }

    fn buckets(&self, question: &Question, step_ms: i64) -> Rows {
        let mut rows = Rows::new();
        for bucket in self.asked(question, step_ms, &question.metrics).iter() {
            let mut row = vec![0.0; question.metrics.len()];
            let mut covered = false;
            for columns in bucket.columns.chunks(question.metrics.len()) {
                for (slot, (metric, summary)) in
                    row.iter_mut().zip(question.metrics.iter().zip(columns))
                {
                    let Some(summary) = summary else { continue };
                    covered |= summary.covered_ms > 0;
                    *slot += value_of(*metric, summary);
                }
            }
            if covered {
                rows.push((bucket.start.ms(), row));
            }
        }
        rows
    }

    /// Shows every tick of a range in order of time.
    fn each_tick(
        &self,
        series: &[SeriesId],
        (from, to): (i64, i64),
        show: &mut dyn FnMut(i64, &[Option<f64>]),
    ) {
        let mut at = from;
        while at < to {
            let next = (at + WINDOW * self.interval_ms).min(to);
            for point in self
                .tsdb
                .raw_up_to(series, range_of((at, next)), 20_000)
                .unwrap()
            {
                show(point.at.ms(), &point.values);
            }
            at = next;
        }
    }

    fn fold_raw(&self, question: &Question, step_ms: i64) -> Rows {
        let buckets = self.tsdb.buckets_from_samples(&Query {
            series: vec![self.series(question.meters[0], question.metrics[0])],
            range: range_of(question.range),
            resolution: Resolution::Buckets(BucketSize::Fixed(step_ms)),
            calendar: Calendar::utc(),
        });
        let row = |bucket: indusmind::tsdb::Bucket<'_>| {
            let summary = bucket.columns[0].filter(|row| row.covered_ms > 0)?;
            Some((bucket.start.ms(), vec![summary.mean()]))
        };
        buckets.unwrap().iter().filter_map(row).collect()
    }

    fn raw(&self, question: &Question) -> Rows {
        let mut rows = Rows::new();
        let series = self.series(question.meters[0], question.metrics[0]);
        self.each_tick(&[series], question.range, &mut |at, values| {
            rows.extend(values[0].map(|value| (at, vec![value])));
        });
        rows
    }

    fn last(&self, question: &Question) -> Rows {
        let mut rows: BTreeMap<EquipmentId, (i64, Vec<f64>)> = BTreeMap::new();
        for latest in self.tsdb.latest().unwrap() {
            let row = rows.entry(latest.series.key.equipment).or_default();
            row.1.resize(METRICS.len(), f64::NAN);
            let named = |(metric, _): &(Metric, Unit)| *metric == latest.series.key.metric;
            let column = self.names.iter().position(named).unwrap();
            row.0 = latest.at.ms();
            row.1[column] = latest.value.unwrap();
        }
        let of = |meter: &u32| rows[&self.meters[*meter as usize]].clone();
        question.meters.iter().map(of).collect()
    }

    /// Writes every tick of a meter as a line of CSV; how many.
    pub(crate) fn export(
        &self,
        meter: u32,
        range: (i64, i64),
        out: &mut dyn std::io::Write,
    ) -> u64 {
        let series: Vec<_> = (0..METRICS.len())
            .map(|metric| self.series(meter, metric))
            .collect();
        let (mut rows, mut line) = (0, Vec::new());
        self.each_tick(&series, range, &mut |at, values| {
            line.clear();
            line.extend_from_slice(at.to_string().as_bytes());
            for value in values {
                line.push(b',');
                if let Some(value) = value {
                    push_decimal(&mut line, *value);
                }
            }
            line.push(b'\n');
            out.write_all(&line).unwrap();
            rows += 1;
        });
        rows
    }
}

fn value_of(metric: usize, summary: &Summary) -> f64 {
    if metric == CONSUMPTION {
        summary.delta
    } else if summary.covered_ms > 0 {
        summary.mean()
    } else {
        0.0
    }
}

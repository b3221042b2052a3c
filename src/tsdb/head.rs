//! The head: readings that are in the data file and in no block yet, by hour and device.
//!
//! It holds exactly what the tick rows hold, in the form that folds and seals want: columns of
//! four bytes per value. An hour that is being sealed is frozen: what arrives meanwhile goes
//! beside it and stays.

use super::pack::{State, Values};
use super::series::{Catalogue, Device};
use super::tick::StoredBatch;
use super::track::{self, Sample, Track};
use super::{HOUR_MS, SeriesId};
use crate::base::Quality;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that is not sealed.
#[derive(Debug, Default)]
pub(super) struct Head {
    hours: BTreeMap<i64, Hot>,
    frozen: BTreeMap<i64, Arc<Hot>>,
}

/// The readings of one hour.
#[derive(Debug, Default)]
pub(super) struct Hot {
    pub(super) devices: BTreeMap<Device, HotDevice>,
    /// Keys of the rows that hold them.
    pub(super) keys: Vec<[u8; 16]>,
    /// Grows with every row: an hour that stands still may be sealed.
    pub(super) rows: u64,
}

/// The readings of one device in one hour, in the order of arrival.
#[derive(Debug, Default)]
pub(super) struct HotDevice {
    at: Vec<i64>,
    interval: Vec<u32>,
    columns: Vec<HotColumn>,
    /// Some tick came after a later one, or twice.
    disordered: bool,
}

#[derive(Debug)]
struct HotColumn {
    series: SeriesId,
    states: Vec<(u32, State)>,
    ticks: usize,
    values: Cells,
}

/// Values as small as they can be kept: a plant of 50 000 series has 36 million in the open hour.
#[derive(Debug)]
enum Cells {
    Small { places: u8, ints: Vec<i32> },
    Wide(Vec<f64>),
}

impl Head {
    /// Takes a row that is in the data file.
    pub(super) fn push(
        &mut self,
        key: [u8; 16],
        at: i64,
        batches: &[StoredBatch],
        catalogue: &Catalogue,
    ) {
        let hot = self.hours.entry(at.div_euclid(HOUR_MS)).or_default();
        hot.keys.push(key);
        hot.rows += 1;
        for batch in batches {
            let Some(device) = batch
                .samples
                .first()
                .and_then(|sample| catalogue.device_of(sample.series))
            else {
                continue;
            };
            hot.devices.entry(device).or_default().push(at, batch);
        }
    }

    /// Keys of all the rows that it holds.
    pub(super) fn keys(&self) -> impl Iterator<Item = [u8; 16]> + '_ {
        let frozen = self.frozen.values().map(AsRef::as_ref);
        self.hours
            .values()
            .chain(frozen)
            .flat_map(|hot| hot.keys.iter().copied())
    }

    /// The hours that wait to be sealed, with the number of rows in each.
    pub(super) fn waiting(&self) -> Vec<(i64, u64)> {
        let all: BTreeSet<i64> = self
            .hours
            .keys()
            .chain(self.frozen.keys())
            .copied()
            .collect();
        let rows = |hour: &i64| {
            let hot = self.hours.get(hour).map_or(0, |hot| hot.rows);
            hot + self.frozen.get(hour).map_or(0, |hot| hot.rows)
        };
        all.iter().map(|hour| (*hour, rows(hour))).collect()
    }

    /// Sets an hour aside to be sealed; what is still frozen from a seal that failed goes first.
    pub(super) fn freeze(&mut self, hour: i64) -> Option<Arc<Hot>> {
        if let Some(frozen) = self.frozen.get(&hour) {
            return Some(Arc::clone(frozen));
        }
        let frozen = Arc::new(self.hours.remove(&hour)?);
        self.frozen.insert(hour, Arc::clone(&frozen));
        Some(frozen)
    }

    /// Drops an hour that is sealed.
    pub(super) fn thaw(&mut self, hour: i64) {
        self.frozen.remove(&hour);
    }

    /// The hours in which a device has readings here.
    pub(super) fn hours_of(&self, device: Device) -> BTreeSet<i64> {
        let frozen = self.frozen.iter().map(|(hour, hot)| (hour, &**hot));
        let has = |(hour, hot): (&i64, &Hot)| hot.devices.contains_key(&device).then_some(*hour);
        self.hours.iter().chain(frozen).filter_map(has).collect()
    }

    /// The readings of a series in an hour.
    pub(super) fn track(&self, device: Device, series: SeriesId, hour: i64) -> Track {
        let of = |hot: &Hot| {
            let found = hot.devices.get(&device);
            found.map_or_else(Track::default, |found| found.track(series))
        };
        let frozen = self
            .frozen
            .get(&hour)
            .map_or_else(Track::default, |hot| of(hot));
        let fresh = self.hours.get(&hour).map_or_else(Track::default, of);
        Track::union(frozen, fresh)
    }
}

impl HotDevice {
    fn push(&mut self, at: i64, batch: &StoredBatch) {
        let before = self.at.len();
        if self.at.last().is_some_and(|last| *last >= at) {
            self.disordered = true;
        }
        grow(&mut self.at, at);
        grow(&mut self.interval, batch.interval_ms);
        // The same registers come in the same order: the next column is nearly always the one.
        let mut guess = 0;
        for sample in &batch.samples {
            let place = match self.columns.get(guess) {
                Some(column) if column.series == sample.series => guess,
                _ => self.place_of(sample.series),
            };
            guess = place + 1;
            let column = &mut self.columns[place];
            // A value twice in one batch: the first stands.
            if column.ticks <= before {
                column.push(before, sample.value, sample.quality);
            }
        }
    }

    fn place_of(&mut self, series: SeriesId) -> usize {
        match self
            .columns
            .binary_search_by_key(&series, |column| column.series)
        {
            Ok(place) => place,
            Err(place) => {
                self.columns.insert(place, HotColumn::new(series));
                place
            }
        }
    }

    /// The readings of a series, in order of time.
    pub(super) fn track(&self, series: SeriesId) -> Track {
        let Ok(place) = self
            .columns
            .binary_search_by_key(&series, |column| column.series)
        else {
            return Track::default();
        };
        let column = &self.columns[place];
        if !self.disordered
            && let [(n, state @ State::Value(_))] = column.states.as_slice()
            && *n as usize == self.at.len()
        {
            return Track {
                at: self.at.clone(),
                interval: self.interval.clone(),
                state: vec![*state; self.at.len()],
                values: column.values.to_values(),
            };
        }
        self.track_slowly(column)
    }

    fn track_slowly(&self, column: &HotColumn) -> Track {
        let states = column
            .states
            .iter()
            .flat_map(|(n, state)| std::iter::repeat_n(*state, *n as usize));
        let mut samples: Vec<Sample> = Vec::with_capacity(column.ticks);
        for (n, state) in states.enumerate() {
            let (value, quality) = match state {
                State::Absent => continue,
                State::None(quality) => (None, quality),
                State::Value(quality) => (Some(column.values.get(n)), quality),
            };
            samples.push(Sample {
                at: self.at[n],
                interval: self.interval[n],
                value,
                quality,
            });
        }
        // Stable: of two samples of one instant the first that came stands first.
        samples.sort_by_key(|sample| sample.at);
        let mut kept: Vec<Sample> = Vec::with_capacity(samples.len());
        for sample in samples {
            match kept.last_mut() {
                Some(last) if last.at == sample.at => {
                    if last.value.is_none() && sample.value.is_some() {
                        *last = sample;
                    }
                }
                _ => kept.push(sample),
            }
        }
        let mut track = Track::default();
        kept.into_iter().for_each(|sample| track.push(sample));
        track
    }
}

impl HotColumn {
    const fn new(series: SeriesId) -> Self {
        Self {
            series,
            states: Vec::new(),
            ticks: 0,
            values: Cells::Small {
                places: 0,
                ints: Vec::new(),
            },
        }
    }

    /// Adds the sample of tick number `tick`; the ticks before that brought none are absent.
    fn push(&mut self, tick: usize, value: Option<f64>, quality: Quality) {
        while self.ticks < tick {
            self.note(State::Absent);
            self.values.push(0.0);
        }
        self.note(value.map_or(State::None(quality), |_| State::Value(quality)));
        self.values.push(value.unwrap_or(0.0));
    }

    fn note(&mut self, state: State) {
        self.ticks += 1;
        match self.states.last_mut() {
            Some((n, last)) if *last == state => *n += 1,
            _ => self.states.push((1, state)),
        }
    }
}

impl Cells {
    fn push(&mut self, value: f64) {
        if let Self::Small { places, ints } = self {
            if let Some(int) = track::exact(value, *places).and_then(|int| int.try_into().ok()) {
                grow(ints, int);
                return;
            }
            if let Some((wanted, int)) = super::tick::as_decimal(value)
                && wanted > *places
                && let Ok(int) = i32::try_from(int)
                && let Some(factor) = 10i32.checked_pow(u32::from(wanted - *places))
                && ints.iter().all(|int| int.checked_mul(factor).is_some())
            {
                ints.iter_mut().for_each(|int| *int *= factor);
                grow(ints, int);
                *places = wanted;
                return;
            }
            *self = Self::Wide((0..ints.len()).map(|n| self.get(n)).collect());
        }
        if let Self::Wide(floats) = self {
            grow(floats, value);
        }
    }

    fn get(&self, n: usize) -> f64 {
        match self {
            Self::Small { places, ints } => {
                f64::from(ints[n]) / track::POWERS[usize::from(*places)]
            }
            Self::Wide(floats) => floats[n],
        }
    }

    fn to_values(&self) -> Values {
        match self {
            Self::Small { places, ints } => Values::Decimal {
                places: *places,
                ints: ints.iter().map(|int| i64::from(*int)).collect(),
            },
            Self::Wide(floats) => Values::from_f64(floats),
        }
    }
}

/// Pushes, growing in small steps: doubling would hold twice the open hour at the worst moment.
fn grow<T>(items: &mut Vec<T>, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact((items.len() / 4).clamp(16, 256));
    }
    items.push(item);
}

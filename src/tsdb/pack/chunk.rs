//! *pure* — a chunk of raw ticks: a directory of columns, each of which is read by itself.

use super::basis::{Basis, Shape};
use super::bytes::{Input, damaged, put, put_len};
use super::column::{FOLLOWS, Packer, STEPPED};
use super::floats;
use super::ints::{read_ints, read_plan};
use super::others::{Picked, at_all_ticks};
use super::residuals::read_residuals;
use super::rows::read_directory;
use super::states::{read_states, values_of};
use super::times::{TIME_MAX, put_times, read_intervals, read_times};
use super::values::PLACES_MAX;
use super::{Chunk, Column, Role, State};
use crate::base::Result;
use crate::tsdb::SeriesId;
use std::collections::BTreeMap;

/// First byte of a chunk.
const VERSION: u8 = 1;
/// Version byte and CRC-32.
pub(super) const HEADER: usize = 5;
/// Most ticks of a chunk: a day at ten a second, and a bound on what rubbish can make us allocate.
pub const TICKS_MAX: usize = 1 << 20;
/// Most ticks times columns of a chunk, for the same reason.
pub const CELLS_MAX: usize = 1 << 25;

/// Packs a chunk.
///
/// # Panics
/// When the chunk is not one: runs that do not add up, more than [`TICKS_MAX`] ticks, or more than
/// [`CELLS_MAX`] ticks times columns. Better no block than one that nobody can read.
#[must_use]
pub fn encode(chunk: &Chunk) -> Vec<u8> {
    assert_whole(chunk);
    let mut out = vec![VERSION, 0, 0, 0, 0];
    put_len(&mut out, chunk.times.len());
    let mut times = Vec::new();
    put_times(&mut times, &chunk.times, &chunk.intervals);
    put_len(&mut out, times.len());
    out.extend(times);
    put_len(&mut out, chunk.columns.len());
    let (mut packed, mut next) = (Vec::new(), 0);
    let mut packer = Packer::new(chunk);
    for (place, column) in chunk.columns.iter().enumerate() {
        let start = packed.len();
        packer.put(&mut packed, place);
        put(&mut out, u64::from(column.series.0) - next);
        put_len(&mut out, packed.len() - start);
        next = u64::from(column.series.0) + 1;
    }
    out.extend(packed);
    seal(&mut out);
    out
}

fn assert_whole(chunk: &Chunk) {
    let ticks = chunk.times.len();
    let sum = |run: &mut dyn Iterator<Item = u32>| run.map(|n| n as usize).sum::<usize>();
    assert!(ticks <= TICKS_MAX && ticks * chunk.columns.len() <= CELLS_MAX);
    assert!(chunk.times.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(chunk.times.iter().all(|time| time.abs() <= TIME_MAX));
    assert!(sum(&mut chunk.intervals.iter().map(|run| run.0)) == ticks);
    assert!(chunk.intervals.iter().all(|run| run.0 > 0));
    assert!(
        chunk
            .columns
            .windows(2)
            .all(|pair| pair[0].series < pair[1].series)
    );
    for column in &chunk.columns {
        assert!(sum(&mut column.states.iter().map(|run| run.0)) == ticks);
        assert!(column.states.iter().all(|run| run.0 > 0));
        assert!(values_of(&column.states) == column.values.len());
    }
}

/// Writes the checksum of all that follows the header.
pub(super) fn seal(out: &mut [u8]) {
    let checksum = crc32fast::hash(&out[HEADER..]);
    out[1..HEADER].copy_from_slice(&checksum.to_le_bytes());
}

/// What follows a header of this version, when its checksum is right.
pub(super) fn unseal(bytes: &[u8], version: u8) -> Result<Input<'_>> {
    let (header, body) = bytes.split_first_chunk::<HEADER>().ok_or_else(damaged)?;
    if header[0] != version || crc32fast::hash(body).to_le_bytes() != header[1..] {
        return Err(damaged());
    }
    Ok(Input::new(body))
}

/// A packed chunk whose checksum is right. Columns are unpacked when they are asked for.
#[derive(Clone, Debug)]
pub struct ChunkView<'a> {
    ticks: usize,
    intervals: Vec<(u32, u32)>,
    times: Input<'a>,
    columns: Vec<(SeriesId, Input<'a>)>,
}

impl<'a> ChunkView<'a> {
    /// Checks the bytes of a chunk and reads its directory.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let mut input = unseal(bytes, VERSION)?;
        let ticks = input.count(TICKS_MAX)?;
        let times = input.count(input.rest.len())?;
        let mut times = Input::new(input.take(times)?);
        let count = input.count(input.rest.len() / 2)?;
        if ticks * count > CELLS_MAX {
            return Err(damaged());
        }
        Ok(Self {
            ticks,
            intervals: read_intervals(&mut times, ticks)?,
            times,
            columns: read_directory(&mut input, count)?,
        })
    }

    /// When the ticks were, ms UTC, ascending.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn times(&self) -> Result<Vec<i64>> {
        let mut input = self.times;
        let times = read_times(&mut input, &self.intervals)?;
        if input.rest.is_empty() {
            Ok(times)
        } else {
            Err(damaged())
        }
    }

    /// How many ticks there are.
    #[must_use]
    pub const fn ticks(&self) -> usize {
        self.ticks
    }

    /// Runs of (ticks, poll interval in ms).
    #[must_use]
    pub fn intervals(&self) -> &[(u32, u32)] {
        &self.intervals
    }

    /// The series of the columns, ascending.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> + '_ {
        self.columns.iter().map(|(series, _)| *series)
    }

    /// The series of the columns and what each takes, in bytes.
    pub fn sizes(&self) -> impl Iterator<Item = (SeriesId, usize)> + '_ {
        let size = |(series, input): &(SeriesId, Input<'_>)| (*series, input.rest.len());
        self.columns.iter().map(size)
    }

    /// The column of a series; `None` when there is none.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn column(&self, series: SeriesId) -> Result<Option<Column>> {
        let mut column = Column::empty(series);
        let found = self.column_into(series, &mut column)?;
        Ok(found.then_some(column))
    }

    /// Unpacks the column of a series into `column`, whose memory is used again; returns whether
    /// there is one. On an error `column` holds nothing of use.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn column_into(&self, series: SeriesId, column: &mut Column) -> Result<bool> {
        let found = self.columns.binary_search_by_key(&series, |entry| entry.0);
        let Ok(place) = found else {
            return Ok(false);
        };
        Held::default().read(self, place, column, FOLLOWING_MAX)?;
        Ok(true)
    }

    /// Unpacks everything.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn decode(&self) -> Result<Chunk> {
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut held = Held::default();
        for (place, (series, _)) in self.columns.iter().enumerate() {
            let mut column = Column::empty(*series);
            held.read(self, place, &mut column, FOLLOWING_MAX)?;
            columns.push(column);
        }
        Ok(Chunk {
            times: self.times()?,
            intervals: self.intervals.clone(),
            columns,
        })
    }
}

/// How long a row of columns that follow each other may be.
const FOLLOWING_MAX: u32 = 4;

/// What columns that follow others have needed so far.
#[derive(Debug, Default)]
struct Held {
    columns: BTreeMap<usize, Vec<f64>>,
    times: Option<Vec<i64>>,
}

impl Held {
    fn read(
        &mut self,
        view: &ChunkView<'_>,
        place: usize,
        column: &mut Column,
        following: u32,
    ) -> Result<()> {
        let (series, mut input) = *view.columns.get(place).ok_or_else(damaged)?;
        column.series = series;
        column.role = Role::OTHER;
        read_states(&mut input, view.ticks, &mut column.states)?;
        let count = values_of(&column.states);
        let tag = input.byte()?;
        let places = tag & !(FOLLOWS | STEPPED);
        if places > PLACES_MAX {
            floats::read_floats(&mut input, tag, count, column.values.floats())?;
        } else {
            let steps = if tag & STEPPED > 0 {
                Some((input.unsigned()?.cast_signed(), input.signed()?))
            } else {
                None
            };
            let ints = column.values.decimals(places);
            if tag & FOLLOWS > 0 {
                let basis = Basis::read(&mut input, view.columns.len())?;
                let plan = read_plan(&mut input)?;
                let left = following.checked_sub(1).ok_or_else(damaged)?;
                let picked = self.others(view, &basis, &column.states, left)?;
                let curve = basis.curve(&picked.as_others());
                read_residuals(&mut input, count, &curve, &plan, ints)?;
            } else {
                read_ints(&mut input, count, ints)?;
            }
            if let Some((step, base)) = steps {
                let value = |int: i64| int.wrapping_mul(step).wrapping_add(base);
                ints.iter_mut().for_each(|int| *int = value(*int));
            }
        }
        if input.rest.is_empty() {
            Ok(())
        } else {
            Err(damaged())
        }
    }

    /// What a basis needs; columns that are not there yet are read.
    fn others(
        &mut self,
        view: &ChunkView<'_>,
        basis: &Basis,
        states: &[(u32, State)],
        following: u32,
    ) -> Result<Picked> {
        let by = match basis.shape {
            Shape::Powers => None,
            Shape::Quotient(by) => Some(by),
            Shape::Sum => {
                if self.times.is_none() {
                    self.times = Some(view.times()?);
                }
                None
            }
        };
        for place in std::iter::once(basis.of).chain(by) {
            if !self.columns.contains_key(&place) {
                let mut other = Column::empty(SeriesId(0));
                self.read(view, place, &mut other, following)?;
                self.columns.insert(place, at_all_ticks(&other, view.ticks));
            }
        }
        let times = self.times.as_deref().unwrap_or_default();
        let held = |place: usize| self.columns.get(&place).map(Vec::as_slice);
        Picked::new(basis, states, times, held)
    }
}

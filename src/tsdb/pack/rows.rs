//! *pure* — rollup rows of one device: equal slots, one column of summaries for each series.

use super::bytes::{Input, damaged, put, put_len, put_signed};
use super::chunk::{seal, unseal};
use super::ints::{put_ints, put_quick};
use super::summaries::{
    Frame, PutInts, Scratch, put_frame, put_summaries, read_frame, read_summaries,
};
use crate::base::Result;
use crate::tsdb::SeriesId;
use crate::tsdb::rollup::Summary;
use std::ops::Range;

/// First byte of a block of rows.
const VERSION: u8 = 2;
/// Most slots of a block: a month of minutes, and a bound on what rubbish can make us allocate.
pub const SLOTS_MAX: usize = 1 << 16;
/// Most slots times columns of a block, for the same reason.
pub const ROWS_MAX: usize = 1 << 22;

/// From this length of a slot on, rows are packed to be read quickly, ms.
const QUICK_FROM_MS: u32 = 600_000;

/// Rollup rows of one device: slots of one length from a start on.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Start of the first slot, ms UTC.
    pub start: i64,
    /// Length of a slot, ms.
    pub step_ms: u32,
    /// How many slots.
    pub slots: u32,
    /// One column for each series, ascending by series.
    pub columns: Vec<RowColumn>,
}

/// The rows of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct RowColumn {
    /// Which series.
    pub series: SeriesId,
    /// One entry for each slot; `None` when nothing is known of it.
    pub rows: Vec<Option<Summary>>,
}

/// Packs rows.
///
/// # Panics
/// When a column does not have one entry for each slot, when the columns do not ascend, or when
/// there are more than [`SLOTS_MAX`] slots or [`ROWS_MAX`] slots times columns. Better no block
/// than one that nobody can read.
#[must_use]
pub fn encode_rows(rows: &Rows) -> Vec<u8> {
    let slots = rows.slots as usize;
    assert!(slots <= SLOTS_MAX && slots * rows.columns.len() <= ROWS_MAX);
    assert!(rows.columns.iter().all(|column| column.rows.len() == slots));
    assert!(
        rows.columns
            .windows(2)
            .all(|pair| pair[0].series < pair[1].series)
    );
    let mut out = vec![VERSION, 0, 0, 0, 0];
    put_signed(&mut out, rows.start);
    put(&mut out, u64::from(rows.step_ms));
    put(&mut out, u64::from(rows.slots));
    // Minutes are many and seldom read; longer slots are few and read by every page.
    let put_list: PutInts = if rows.step_ms < QUICK_FROM_MS {
        put_ints
    } else {
        put_quick
    };
    let (mut directory, mut packed, mut next) = (Vec::new(), Vec::new(), 0);
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for column in &rows.columns {
        let start = packed.len();
        let mut frame = Vec::new();
        put_frame(&mut frame, &column.rows, put_list);
        let known = frames.iter().position(|other| *other == frame);
        put_len(&mut packed, known.unwrap_or(frames.len()));
        if known.is_none() {
            frames.push(frame);
        }
        put_summaries(&mut packed, &column.rows, put_list);
        put(&mut directory, u64::from(column.series.0) - next);
        put_len(&mut directory, packed.len() - start);
        next = u64::from(column.series.0) + 1;
    }
    put_len(&mut out, frames.len());
    frames
        .iter()
        .for_each(|frame| put_len(&mut out, frame.len()));
    out.extend(frames.concat());
    put_len(&mut out, rows.columns.len());
    out.extend(directory);
    out.extend(packed);
    seal(&mut out);
    out
}

/// Packed rows whose checksum is right. Columns are unpacked when they are asked for.
#[derive(Clone, Debug)]
pub struct RowsView<'a> {
    start: i64,
    step_ms: u32,
    slots: u32,
    frames: Vec<Input<'a>>,
    columns: Vec<(SeriesId, Input<'a>)>,
}

impl<'a> RowsView<'a> {
    /// Checks the bytes of a block of rows and reads its directory.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let mut input = unseal(bytes, VERSION)?;
        let (start, step_ms, slots) = (input.signed()?, input.word()?, input.word()?);
        let frames = read_frames(&mut input)?;
        let count = input.count(input.rest.len() / 2)?;
        if slots as usize > SLOTS_MAX || slots as usize * count > ROWS_MAX {
            return Err(damaged());
        }
        Ok(Self {
            start,
            step_ms,
            slots,
            frames,
            columns: read_directory(&mut input, count)?,
        })
    }

    /// Start of the first slot, ms UTC.
    #[must_use]
    pub const fn start(&self) -> i64 {
        self.start
    }

    /// Length of a slot, ms.
    #[must_use]
    pub const fn step_ms(&self) -> u32 {
        self.step_ms
    }

    /// How many slots.
    #[must_use]
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// The series of the columns, ascending.
    pub fn series(&self) -> impl Iterator<Item = SeriesId> + '_ {
        self.columns.iter().map(|(series, _)| *series)
    }

    /// The rows of a series, one entry for each slot; `None` when there is no such column.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn column(&self, series: SeriesId) -> Result<Option<Vec<Option<Summary>>>> {
        let mut rows = vec![None; self.slots as usize];
        let found = self
            .reader(&mut Scratch::default())
            .column(series, 0, &mut rows)?;
        Ok(found.then_some(rows))
    }

    /// A reader of several columns.
    pub fn reader<'r>(&'r self, scratch: &'r mut Scratch) -> RowsReader<'r> {
        RowsReader {
            view: self,
            frame: None,
            scratch,
        }
    }

    fn frame(&self, mut input: Input<'_>) -> Result<Frame> {
        let frame = read_frame(&mut input, self.slots as usize)?;
        if input.rest.is_empty() {
            Ok(frame)
        } else {
            Err(damaged())
        }
    }

    /// Unpacks everything.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn decode(&self) -> Result<Rows> {
        let each = self.frames.iter().map(|frame| self.frame(*frame));
        let frames = each.collect::<Result<Vec<Frame>>>()?;
        let (slots, mut scratch) = (self.slots as usize, Scratch::default());
        let mut columns = Vec::with_capacity(self.columns.len());
        for (series, packed) in &self.columns {
            let (mut input, mut rows) = (*packed, vec![None; slots]);
            let number = input.count(frames.len())?;
            let frame = frames.get(number).ok_or_else(damaged)?;
            read_column(input, frame, (0..slots, &mut rows), &mut scratch)?;
            columns.push(RowColumn {
                series: *series,
                rows,
            });
        }
        Ok(Rows {
            start: self.start,
            step_ms: self.step_ms,
            slots: self.slots,
            columns,
        })
    }
}

/// Reads columns one after the other: what they have in common is unpacked once, and the memory that
/// reading needs is used again.
#[derive(Debug)]
pub struct RowsReader<'r> {
    view: &'r RowsView<'r>,
    frame: Option<(usize, Frame)>,
    scratch: &'r mut Scratch,
}

impl RowsReader<'_> {
    /// Fills `into` with the rows of a series from the slot `first` on, `None` behind the last slot;
    /// whether there is such a column. What is damaged is left half written.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn column(
        &mut self,
        series: SeriesId,
        first: usize,
        into: &mut [Option<Summary>],
    ) -> Result<bool> {
        let columns = &self.view.columns;
        let Ok(place) = columns.binary_search_by_key(&series, |entry| entry.0) else {
            into.fill(None);
            return Ok(false);
        };
        let mut input = columns[place].1;
        let number = input.count(self.view.frames.len())?;
        let frame = match self.frame.take() {
            Some((known, frame)) if known == number => frame,
            _ => {
                let packed = self.view.frames.get(number).ok_or_else(damaged)?;
                self.view.frame(*packed)?
            }
        };
        let slots = first..first + into.len();
        read_column(input, &frame, (slots, into), self.scratch)?;
        self.frame = Some((number, frame));
        Ok(true)
    }
}

fn read_column(
    mut input: Input<'_>,
    frame: &Frame,
    places: (Range<usize>, &mut [Option<Summary>]),
    scratch: &mut Scratch,
) -> Result<()> {
    read_summaries(&mut input, frame, places, scratch)?;
    if input.rest.is_empty() {
        Ok(())
    } else {
        Err(damaged())
    }
}

/// Reads the bytes of the frames.
fn read_frames<'a>(input: &mut Input<'a>) -> Result<Vec<Input<'a>>> {
    let count = input.count(input.rest.len())?;
    let lengths: Result<Vec<usize>> = (0..count).map(|_| input.count(input.rest.len())).collect();
    let each = lengths?
        .into_iter()
        .map(|length| input.take(length).map(Input::new));
    each.collect()
}

/// Reads `count` entries of (series, length), and the bytes of each column behind them.
pub(super) fn read_directory<'a>(
    input: &mut Input<'a>,
    count: usize,
) -> Result<Vec<(SeriesId, Input<'a>)>> {
    let (mut columns, mut next) = (Vec::with_capacity(count), 0);
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let series = input.unsigned()?.checked_add(next).ok_or_else(damaged)?;
        let series = u32::try_from(series).map_err(|_| damaged())?;
        lengths.push((SeriesId(series), input.count(input.rest.len())?));
        next = u64::from(series) + 1;
    }
    for (series, length) in lengths {
        columns.push((series, Input::new(input.take(length)?)));
    }
    if input.rest.is_empty() {
        Ok(columns)
    } else {
        Err(damaged())
    }
}

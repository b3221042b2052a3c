//! *pure* — an answer in buckets: all of its figures lie in one piece of memory, for a chart has
//! thousands of them.

use super::rollup::Summary;
use crate::base::{Quality, Timestamp};

/// The buckets of an answer, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets {
    spans: Vec<(Timestamp, Timestamp)>,
    /// Series of each bucket.
    width: usize,
    /// Bucket by bucket, one for each series.
    columns: Vec<Option<Summary>>,
    /// As `columns`, kWh; nothing at all as long as nothing was substituted.
    substituted: Vec<f64>,
}

/// One bucket: a column per series, `None` where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket<'a> {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
    /// What is known of each series.
    pub columns: &'a [Option<Summary>],
    /// As `columns`; empty when nothing of the whole answer was substituted.
    substituted: &'a [f64],
}

impl<'a> Bucket<'a> {
    /// A bucket of these figures, none of which was substituted.
    #[must_use]
    pub const fn of(start: Timestamp, end: Timestamp, columns: &'a [Option<Summary>]) -> Self {
        Self {
            start,
            end,
            columns,
            substituted: &[],
        }
    }

    /// Energy of a column that is not as it was read: the sum of those rows in which growth was
    /// spread over a silence or readings were corrected, of a minute, a quarter or an hour each.
    #[must_use]
    pub fn substituted(&self, column: usize) -> f64 {
        self.substituted.get(column).copied().unwrap_or(0.0)
    }

    /// [`Bucket::substituted`] of all columns together.
    #[must_use]
    pub fn all_substituted(&self) -> f64 {
        self.substituted.iter().fold(0.0, |sum, part| sum + part)
    }
}

impl Buckets {
    /// Buckets of which nothing is known yet.
    pub(super) fn empty(spans: Vec<(Timestamp, Timestamp)>, width: usize) -> Self {
        Self {
            columns: vec![None; spans.len() * width],
            substituted: Vec::new(),
            width,
            spans,
        }
    }

    /// Another bucket at the end, which knows what these know together.
    pub(super) fn push_sum(&mut self, span: (Timestamp, Timestamp), parts: &[Self]) {
        let first = self.columns.len();
        self.spans.push(span);
        self.columns.resize(first + self.width, None);
        let is_substituted = |of: &Self| !of.substituted.is_empty();
        if is_substituted(self) || parts.iter().any(is_substituted) {
            self.substituted.resize(self.columns.len(), 0.0);
        }
        for part in parts.iter().flat_map(Self::iter) {
            for (column, row) in part.columns.iter().enumerate() {
                let cell = first + column;
                if let Some(sum) = self.substituted.get_mut(cell) {
                    *sum += part.substituted(column);
                }
                match (&mut self.columns[cell], row) {
                    (Some(sum), Some(row)) => sum.merge(row),
                    (empty, Some(row)) => *empty = Some(*row),
                    (_, None) => {}
                }
            }
        }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<Bucket<'_>> {
        self.spans
            .get(number)
            .map(|span| self.bucket(number, *span))
    }

    fn bucket(&self, number: usize, (start, end): (Timestamp, Timestamp)) -> Bucket<'_> {
        let cells = number * self.width..(number + 1) * self.width;
        Bucket {
            start,
            end,
            columns: &self.columns[cells.clone()],
            substituted: self.substituted.get(cells).unwrap_or_default(),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Bucket<'_>> + DoubleEndedIterator {
        let each = self.spans.iter().enumerate();
        each.map(|(number, span)| self.bucket(number, *span))
    }

    /// First instant and first instant after, ms.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let (first, last) = (self.spans.first()?, self.spans.last()?);
        Some((first.0.ms(), last.1.ms()))
    }

    /// Pours the rows of a series, which come in order of time, into the buckets they belong to.
    pub(super) fn pour(&mut self, column: usize, from: i64, step: i64, rows: &[Option<Summary>]) {
        let (mut at, mut start) = (0, from);
        for row in rows {
            if let Some(row) = row {
                while self.spans.get(at).is_some_and(|span| span.1.ms() <= start) {
                    at += 1;
                }
                let Some(span) = self.spans.get(at) else {
                    return;
                };
                if span.0.ms() <= start {
                    self.add(at * self.width + column, row);
                }
            }
            start += step;
        }
    }

    fn add(&mut self, cell: usize, row: &Summary) {
        let is_substituted = row.qualities & Summary::quality_bit(Quality::Substituted) != 0;
        if is_substituted && row.delta != 0.0 {
            self.substituted.resize(self.columns.len(), 0.0);
            self.substituted[cell] += row.delta;
        }
        match &mut self.columns[cell] {
            Some(sum) => sum.merge(row),
            empty => *empty = Some(*row),
        }
    }
}

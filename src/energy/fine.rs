//! Cells that are shorter than the quarters by which the store books what a counter grew by: of a
//! meter that is read seldom, that is shared out by minutes.

use super::history::SiteHistory;
use super::readings::Cell;
use super::sparse::{Newest, estimated, even_out};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Metric, Result, TimeRange};

const MINUTE_MS: i64 = 60_000;
/// Minutes by which the store shares out what a counter grew by between two readings.
pub(super) const STORED_MINUTES: u32 = 15;

/// Cells of a meter, one list for each quantity.
pub(super) struct Shared {
    /// The lists.
    pub(super) lists: Vec<Vec<(Cell, i64)>>,
    /// Of the first list: which cells say what was shared out by time.
    pub(super) estimated: Vec<bool>,
    /// Of the first list: of which cells not every minute is known. Empty where all cells are whole.
    pub(super) partial: Vec<bool>,
}

impl SiteHistory {
    /// As [`SiteHistory::cells_of`] in cells of so many minutes, shared out where it has to be. A
    /// meter that is read often is not read by minutes. Reads the disk.
    ///
    /// # Errors
    /// As [`SiteHistory::cells_of`].
    pub(super) fn shared(
        &self,
        (meter, metrics): (EquipmentId, &[Metric]),
        range: TimeRange,
        minutes: u32,
        calendar: &Calendar,
    ) -> Result<Shared> {
        let of = |step_ms: i64| {
            let size = BucketSize::Fixed(step_ms);
            self.cells_of(meter, metrics, range, size, calendar)
        };
        let mut lists = of(i64::from(minutes) * MINUTE_MS)?;
        let mut partial = Vec::new();
        if minutes == 1 {
            let even = |list: &mut Vec<_>| even_out(list, Newest::Unknown);
            lists.iter_mut().for_each(even);
        }
        let estimated = estimated(&lists[0]);
        if 1 < minutes && minutes < STORED_MINUTES && is_uneven(&lists[0], minutes) {
            for (n, (list, mut fine)) in lists.iter_mut().zip(of(MINUTE_MS)?).enumerate() {
                even_out(&mut fine, Newest::Unknown);
                let unknown = gather(list, &fine);
                if n == 0 {
                    partial = unknown;
                }
            }
        }
        Ok(Shared {
            lists,
            estimated,
            partial,
        })
    }
}

/// Whether what was used in cells of so many minutes may be booked beside them: the store cuts what
/// a counter grew by at the quarters only, and at no reading that is a minute or less after another.
fn is_uneven(cells: &[(Cell, i64)], minutes: u32) -> bool {
    let is_seldom = |cell: &Cell| cell.readings * 10 < minutes * 9;
    let grows = |cell: &Cell| cell.mwh.is_some_and(|mwh| mwh != 0) && !cell.substituted;
    cells.iter().any(|(cell, _)| is_seldom(cell) && grows(cell))
}

/// Takes the energy of cells from the minutes in them, and says of which cells a minute is unknown.
fn gather(cells: &mut [(Cell, i64)], minutes: &[(Cell, i64)]) -> Vec<bool> {
    let mut rest = minutes.iter().map(|(minute, _)| minute).peekable();
    let mut partial = Vec::with_capacity(cells.len());
    for (cell, length_ms) in cells {
        let end = cell.start.plus_ms(*length_ms);
        let (mut sum, mut unknown) = (None, false);
        while let Some(minute) = rest.next_if(|minute| minute.start < end) {
            unknown |= minute.mwh.is_none();
            if let Some(mwh) = minute.mwh {
                *sum.get_or_insert(0) += mwh;
            }
        }
        cell.mwh = sum;
        partial.push(unknown);
    }
    partial
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn cells(step: i64, list: &[(u32, Option<i64>)]) -> Vec<(Cell, i64)> {
        let cell = |(n, (readings, mwh)): (i64, &(u32, Option<i64>))| {
            let cell = Cell {
                start: Timestamp::from_ms(n * step * MINUTE_MS),
                mwh: *mwh,
                coverage: 1.0,
                readings: *readings,
                substituted: false,
            };
            (cell, step * MINUTE_MS)
        };
        (0..).zip(list).map(cell).collect()
    }

    #[test]
    fn ten_minutes_of_a_meter_that_is_read_each_hour_are_ten_of_its_minutes() {
        // The store books at the end of each quarter: 150 mWh, 10 in each minute.
        let booked = |n: usize| if n % 15 == 14 { 150 } else { 0 };
        let mut minutes: Vec<_> = (0..60).map(|n| (0, Some(booked(n)))).collect();
        minutes[0].0 = 1;
        minutes.push((1, Some(0)));
        let mut fine = cells(1, &minutes);
        even_out(&mut fine, Newest::Unknown);
        let mut tens = cells(10, &[(0, Some(0)); 6]);
        assert_eq!(gather(&mut tens, &fine), [false; 6]);
        let energy: Vec<_> = tens.iter().map(|(cell, _)| cell.mwh).collect();
        assert_eq!(energy, [Some(100); 6]);
    }

    #[test]
    fn a_cell_with_an_unknown_minute_says_so_and_keeps_the_rest() {
        let fine = cells(1, &[(1, Some(7)), (0, None), (0, None), (0, None)]);
        let mut twos = cells(2, &[(1, Some(9)), (0, Some(0))]);
        assert_eq!(gather(&mut twos, &fine), [true, true]);
        assert_eq!((twos[0].0.mwh, twos[1].0.mwh), (Some(7), None));
    }
}

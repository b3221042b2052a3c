//! *pure* — cells of a meter that is read less often than they are long: whose energy was shared out
//! by time, and how it is shared out where the store books it with the reading that told it.

use super::readings::Cell;

/// Cells on either side of one in which readings are counted: of a meter that is read every quarter
/// a little early or late, one cell has two and the next none.
const NEAR: usize = 4;
/// Readings of a cell that count: many of one cell do not stand for those that its neighbours lack.
const COUNTED_MAX: usize = 2;

/// Which cells say what was shared out by time, or corrected, and not what was read in them: the
/// meter was silent there, or its readings lie further apart than the cells are long.
#[must_use]
pub fn estimated(cells: &[(Cell, i64)]) -> Vec<bool> {
    let mut sums = vec![Near::default()];
    let mut sum = Near::default();
    for (cell, _) in cells {
        if cell.mwh.is_some() && !cell.substituted {
            sum.cells += 1;
            sum.readings += COUNTED_MAX.min(cell.readings as usize);
            sum.grown += usize::from(cell.mwh != Some(0));
        }
        sums.push(sum);
    }
    let is_estimated = |(at, (cell, _)): (usize, &(Cell, i64))| {
        let (from, to) = (at.saturating_sub(NEAR), (at + NEAR + 1).min(cells.len()));
        let (first, last) = (sums[from], sums[to]);
        let is_sparse = last.readings - first.readings + 1 < last.cells - first.cells;
        let grows = last.grown > first.grown;
        cell.mwh.is_some() && (cell.substituted || (is_sparse && grows))
    };
    cells.iter().enumerate().map(is_estimated).collect()
}

/// Of the cells up to one.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    cells: usize,
    readings: usize,
    grown: usize,
}

/// What cells after the last reading are taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// Not known: the next reading tells.
    Unknown,
    /// The same as before it, as far as the reading stands for them.
    GoesOn,
}

/// Shares what a counter grew by between two readings out among the cells that lie between them: the
/// store books it in the one in which it was told, and a window that begins or ends between the two
/// would have all of it or none.
pub fn even_out(cells: &mut [(Cell, i64)], newest: Newest) {
    let mut wait = Wait::default();
    for at in 0..cells.len() {
        let cell = cells[at].0;
        match (cell.mwh, cell.readings) {
            (Some(0), 0) => wait.goes_on(at),
            (Some(0), 1) => wait.begin(at),
            (Some(mwh), readings) if mwh != 0 => {
                let first = wait.end(readings == 0).unwrap_or(at);
                share(&mut cells[first..=at], mwh);
                wait.rate = cells[at].0.mwh;
            }
            (Some(_), _) => {
                wait = Wait {
                    first: None,
                    is_quiet: false,
                    rate: Some(0),
                }
            }
            (None, _) => wait = Wait::default(),
        }
    }
    if let Some(first) = wait.end(false) {
        let mwh = wait.rate.filter(|_| newest == Newest::GoesOn);
        for (cell, _) in &mut cells[first..] {
            cell.mwh = mwh;
        }
    }
}

/// Cells of which no reading told anything yet.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    first: Option<usize>,
    /// Whether there was no reading in one of them at least.
    is_quiet: bool,
    /// Energy of a cell before them.
    rate: Option<i64>,
}

impl Wait {
    /// A cell with one reading, which may lie at its very beginning.
    const fn begin(&mut self, at: usize) {
        if self.is_quiet {
            self.rate = Some(0);
        }
        (self.first, self.is_quiet) = (Some(at), false);
    }

    fn goes_on(&mut self, at: usize) {
        self.first.get_or_insert(at);
        self.is_quiet = true;
    }

    /// The first of the cells, when a meter that is read as often as they are long would have had
    /// a reading in them.
    fn end(&mut self, is_quiet: bool) -> Option<usize> {
        let first = self.first.take().filter(|_| self.is_quiet || is_quiet);
        self.is_quiet = false;
        first
    }
}

fn share(cells: &mut [(Cell, i64)], mwh: i64) {
    let many = i128::try_from(cells.len()).unwrap_or(1);
    let (mut cells_before, mut given) = (0_i128, 0);
    for (cell, _) in cells {
        cells_before += 1;
        let until = i64::try_from(i128::from(mwh) * cells_before / many).unwrap_or(mwh);
        cell.mwh = Some(until - given);
        given = until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    /// Cells of readings and energy, mWh; `None` where nothing is known.
    fn cells(list: &[(u32, Option<i64>)]) -> Vec<(Cell, i64)> {
        let cell = |(readings, mwh): &(u32, Option<i64>)| Cell {
            start: Timestamp::from_ms(0),
            mwh: *mwh,
            coverage: 1.0,
            readings: *readings,
            substituted: false,
        };
        list.iter().map(|of| (cell(of), 60_000)).collect()
    }

    fn energy(cells: &[(Cell, i64)]) -> Vec<Option<i64>> {
        cells.iter().map(|(cell, _)| cell.mwh).collect()
    }

    fn evened(list: &[(u32, Option<i64>)], newest: Newest) -> Vec<Option<i64>> {
        let mut cells = cells(list);
        even_out(&mut cells, newest);
        energy(&cells)
    }

    #[test]
    fn a_meter_that_is_read_each_hour_tells_no_quarter() {
        let hourly: Vec<_> = (0..24)
            .map(|n| (u32::from(n % 4 == 0), Some(500)))
            .collect();
        assert_eq!(estimated(&cells(&hourly)), [true; 24]);
        let each_twenty: Vec<_> = (0..24)
            .map(|n| (u32::from(n % 4 != 3), Some(500)))
            .collect();
        assert_eq!(estimated(&cells(&each_twenty))[4..20], [true; 16]);
        // What uses nothing is known to use nothing in any part of the hour.
        let idle: Vec<_> = hourly.iter().map(|(n, _)| (*n, Some(0))).collect();
        assert_eq!(estimated(&cells(&idle)), [false; 24]);
    }

    #[test]
    fn a_meter_that_is_read_each_quarter_a_little_early_or_late_tells_each() {
        let mut list: Vec<_> = (0..24).map(|_| (1, Some(500))).collect();
        assert_eq!(estimated(&cells(&list)), [false; 24]);
        (list[3].0, list[4].0, list[9].0, list[10].0) = (0, 2, 2, 0);
        assert_eq!(estimated(&cells(&list)), [false; 24]);
    }

    #[test]
    fn a_silence_is_estimated_and_its_neighbours_are_not() {
        let mut list = cells(&[(90, Some(500)); 24]);
        for (cell, _) in &mut list[8..14] {
            (cell.readings, cell.substituted) = (0, true);
        }
        let found = estimated(&list);
        assert!(
            (0..24).all(|n| found[n] == (8..14).contains(&n)),
            "{found:?}"
        );
        // What is not known is not estimated either.
        assert_eq!(estimated(&cells(&[(0, None); 9])), [false; 9]);
    }

    #[test]
    fn what_grew_between_two_readings_is_shared_out_among_the_minutes_between_them() {
        // On the minute: it is told at the end of the fifth, and counts in the sixth.
        let on_it = [
            (1, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 51),
            (1, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 50),
            (1, 0),
        ];
        let known = on_it.map(|(n, mwh)| (n, Some(mwh)));
        let shared = [10, 10, 10, 10, 11, 10, 10, 10, 10, 10, 0].map(Some);
        assert_eq!(evened(&known, Newest::Unknown), shared);
        // Within it.
        let within =
            [(1, 7), (0, 0), (0, 0), (1, 30), (0, 0), (0, 0)].map(|(n, mwh)| (n, Some(mwh)));
        let told = [Some(7), Some(10), Some(10), Some(10)];
        let with = |newest: [Option<i64>; 2]| [&told[..], &newest[..]].concat();
        assert_eq!(evened(&within, Newest::Unknown), with([None, None]));
        assert_eq!(evened(&within, Newest::GoesOn), with([Some(10), Some(10)]));
    }

    #[test]
    fn a_meter_that_is_read_often_enough_is_left_as_it_is() {
        for readings in [1, 6] {
            let list = [0, 0, 0, 500, 0, 700, 0].map(|mwh| (readings, Some(mwh)));
            assert_eq!(evened(&list, Newest::Unknown), list.map(|(_, mwh)| mwh));
        }
        // After a hole nothing says since when it grew.
        let hole = [
            (0, Some(0)),
            (0, None),
            (0, Some(40)),
            (0, Some(0)),
            (1, Some(9)),
        ];
        let shared = [Some(0), None, Some(40), Some(4), Some(5)];
        assert_eq!(evened(&hole, Newest::Unknown), shared);
    }
}

//! The ticks of one meter as rows of chosen quantities: what an export walks through.

use super::SiteHistory;
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange};
use crate::tsdb::{Point, SeriesId};

/// Most ticks of one read: a day at five seconds, so that each day is unpacked about once.
pub const RAW_MAX: usize = 20_000;

/// Where the cells of one meter come from.
#[derive(Clone, Debug)]
pub struct RawPlan {
    series: Vec<SeriesId>,
    cells: Vec<Cell>,
}

/// Where one cell of a row comes from.
#[derive(Clone, Debug)]
enum Cell {
    /// The mean of those of these columns that have a value: the voltages of the lines.
    Mean(Vec<usize>, Option<usize>),
    /// This column.
    One(usize),
    /// The meter has no such series.
    Absent,
}

impl RawPlan {
    /// Whether the meter has none of the quantities.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Whether the meter has this cell.
    #[must_use]
    pub fn has(&self, cell: usize) -> bool {
        !matches!(self.cells.get(cell), None | Some(Cell::Absent))
    }

    /// Appends the cells of a tick.
    pub fn push_cells(&self, point: &Point, row: &mut Vec<Option<f64>>) {
        let value = |column: &usize| point.values.get(*column).copied().flatten();
        row.extend(self.cells.iter().map(|cell| match cell {
            Cell::One(column) => value(column),
            Cell::Absent => None,
            Cell::Mean(lines, total) => {
                let (mut sum, mut count) = (0.0, 0.0);
                for line in lines.iter().filter_map(value) {
                    sum += line;
                    count += 1.0;
                }
                let mean = (count > 0.0).then(|| sum / count);
                mean.or_else(|| total.as_ref().and_then(value))
            }
        }));
    }
}

impl SiteHistory {
    /// How to read these quantities of a meter. The voltage of the whole device is the mean of
    /// its lines, as in every other answer.
    #[must_use]
    pub fn raw_plan(&self, equipment: EquipmentId, quantities: &[(Metric, Phase)]) -> RawPlan {
        let known = self.tsdb.series_of(equipment);
        let mut series = Vec::new();
        let mut column = |metric: &Metric, phase: Phase| {
            let is = |info: &crate::tsdb::SeriesInfo| {
                info.key.metric == *metric && info.key.phase == phase
            };
            let (id, _) = known.iter().find(|(_, info)| is(info))?;
            let at = series.iter().position(|known| known == id);
            Some(at.unwrap_or_else(|| {
                series.push(*id);
                series.len() - 1
            }))
        };
        let mut cell = |(metric, phase): &(Metric, Phase)| {
            let own = column(metric, *phase);
            if *metric == Metric::VOLTAGE && *phase == Phase::Total {
                let lines = Phase::LINES.iter().filter_map(|line| column(metric, *line));
                let lines: Vec<_> = lines.collect();
                if !lines.is_empty() {
                    return Cell::Mean(lines, own);
                }
            }
            own.map_or(Cell::Absent, Cell::One)
        };
        let cells = quantities.iter().map(&mut cell).collect();
        RawPlan { series, cells }
    }

    /// The ticks of a range. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When the file cannot be read, or there are too many ticks for one read.
    pub fn raw_points(&self, plan: &RawPlan, range: TimeRange) -> Result<Vec<Point>> {
        self.tsdb.raw_up_to(&plan.series, range, RAW_MAX)
    }
}

//! History as rows of a file: read in windows, so that no view of the disk is held for long.

use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Error, ErrorKind, Metric, Phase, Result, TimeRange, Timestamp};
use crate::energy::{HistoryPoint, HistoryQuery, RawPlan, SiteHistory};
use crate::tsdb::{Point, Resolution};

/// Most rows of a file; a sheet of a spreadsheet holds little more.
pub const ROWS_MAX: usize = 1_000_000;
/// Buckets that are read at once.
const BUCKETS_PER_WINDOW: usize = 2_000;
/// Ticks of a meter that a window of raw readings aims at.
const TICKS_PER_WINDOW: usize = 18_000;
/// The first window of raw readings, ms; it grows and shrinks with what it finds.
const WINDOW_FIRST_MS: i64 = 3_600_000;
/// The longest window, ms: a year without readings is one look.
const WINDOW_MAX_MS: i64 = 366 * 86_400_000;

/// One column after the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Energy, kWh.
    Consumption,
    /// Mean power, kW.
    Power,
    /// Mean voltage, V.
    Voltage,
    /// The quantity that was asked for.
    Value,
    /// Its smallest value.
    Min,
    /// Its greatest value.
    Max,
    /// How much of the bucket was measured, 0 to 1.
    Coverage,
    /// Energy that is not as it was read, kWh.
    Substituted,
    /// Mean frequency, Hz.
    Frequency,
    /// Mean power factor.
    PowerFactor,
    /// Mean current, A.
    Current,
    /// Mean temperature, °C.
    Temperature,
}

impl Column {
    /// The columns that are always there.
    pub const BASIC: [Self; 3] = [Self::Consumption, Self::Power, Self::Voltage];

    /// Every column with its name in the header.
    const NAMES: [(Self, &'static str); 12] = [
        (Self::Consumption, "consumption"),
        (Self::Power, "power"),
        (Self::Voltage, "voltage"),
        (Self::Value, "value"),
        (Self::Min, "min"),
        (Self::Max, "max"),
        (Self::Coverage, "coverage"),
        (Self::Substituted, "substituted"),
        (Self::Frequency, "frequency"),
        (Self::PowerFactor, "powerFactor"),
        (Self::Current, "current"),
        (Self::Temperature, "temperature"),
    ];

    /// The column of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(column, _)| *column)
    }

    /// Its name in the header.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(column, _)| *column == self);
        found.map_or("", |(_, name)| name)
    }

    fn of(self, point: &HistoryPoint) -> Option<f64> {
        match self {
            Self::Consumption => point.consumption,
            Self::Power => point.power,
            Self::Voltage => point.voltage.flatten(),
            Self::Value => point.value,
            Self::Min => point.min.flatten(),
            Self::Max => point.max.flatten(),
            Self::Coverage => point.coverage.flatten(),
            Self::Substituted => point.substituted.flatten(),
            Self::Frequency => point.frequency.flatten(),
            Self::PowerFactor => point.power_factor.flatten(),
            Self::Current => point.current.flatten(),
            Self::Temperature => point.temperature.flatten(),
        }
    }

    /// What a tick has in it; `None` for what only a bucket has.
    fn quantity(self, query: &HistoryQuery) -> Option<(Metric, Phase)> {
        let metric = match self {
            Self::Consumption => Metric::CONSUMPTION,
            Self::Power => Metric::POWER,
            Self::Voltage => Metric::VOLTAGE,
            Self::Frequency => Metric::FREQUENCY,
            Self::PowerFactor => Metric::POWER_FACTOR,
            Self::Current => Metric::CURRENT,
            Self::Temperature => Metric::TEMPERATURE,
            Self::Value => return Some((query.metric.clone(), query.phase)),
            Self::Min | Self::Max | Self::Coverage | Self::Substituted => return None,
        };
        Some((metric, Phase::Total))
    }
}

/// Where rows go: a table of text, or a sheet.
pub trait Sink {
    /// Takes the names of the columns.
    ///
    /// # Errors
    /// When nobody takes the file any more, or the disk refuses.
    fn head(&mut self, names: &[&str]) -> Result<()>;

    /// Takes one row; `equipment` when the file has that column.
    ///
    /// # Errors
    /// As [`Sink::head`].
    fn row(&mut self, at: Timestamp, equipment: Option<&str>, cells: &[Option<f64>]) -> Result<()>;

    /// A window was read: time to pass on what is there, and to look whether to go on.
    ///
    /// # Errors
    /// As [`Sink::head`].
    fn pause(&mut self) -> Result<()>;

    /// Takes a sentence as the last row.
    ///
    /// # Errors
    /// As [`Sink::head`].
    fn remark(&mut self, sentence: &str) -> Result<()>;
}

/// What is to be written.
#[derive(Clone)]
pub struct HistoryExport {
    /// Where it is read.
    pub history: SiteHistory,
    /// What was asked for.
    pub query: HistoryQuery,
    /// The columns after the time.
    pub columns: Vec<Column>,
    /// Most rows: [`ROWS_MAX`], or fewer.
    pub rows_max: usize,
}

impl HistoryExport {
    /// Nothing when the file will have a size that can be; for raw readings this is not known
    /// before they are read.
    ///
    /// # Errors
    /// When there would be too many rows.
    pub fn check(&self) -> Result<()> {
        let step_ms = match self.query.resolution {
            Resolution::Raw => return Ok(()),
            Resolution::Buckets(BucketSize::Fixed(step_ms)) => step_ms,
            Resolution::Buckets(BucketSize::Day) => 86_400_000,
            Resolution::Buckets(BucketSize::Week) => 7 * 86_400_000,
            Resolution::Buckets(BucketSize::Month) => 30 * 86_400_000,
        };
        let rows = self.query.range.length_ms() / step_ms.max(1);
        if usize::try_from(rows).is_ok_and(|rows| rows <= self.rows_max) {
            return Ok(());
        }
        let sentence = format!(
            "That is {rows} rows; a file has at most {}. Ask for a shorter range or wider buckets.",
            self.rows_max
        );
        Err(Error::invalid("resolution", sentence))
    }

    /// Writes everything. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When the file cannot be read, or what the sink returned.
    pub fn run(&self, sink: &mut dyn Sink) -> Result<()> {
        match self.query.resolution {
            Resolution::Raw => RawRun::new(self)?.run(sink),
            Resolution::Buckets(size) => self.buckets(size, sink),
        }
    }

    fn names(&self, several: bool) -> Vec<&'static str> {
        let first = ["timestamp"]
            .into_iter()
            .chain(several.then_some("equipment_id"));
        first
            .chain(self.columns.iter().map(|column| column.name()))
            .collect()
    }

    fn buckets(&self, size: BucketSize, sink: &mut dyn Sink) -> Result<()> {
        let (calendar, range) = (&self.query.calendar, self.query.range);
        let mut start = calendar.bucket_start(range.from, size);
        let mut cells = Vec::with_capacity(self.columns.len());
        sink.head(&self.names(false))?;
        while start < range.to {
            let mut end = start;
            for _ in 0..BUCKETS_PER_WINDOW {
                if end < range.to {
                    end = calendar.next_bucket(end, size);
                }
            }
            let window = HistoryQuery {
                range: TimeRange::new(start, end.min(range.to))?,
                ..self.query.clone()
            };
            for point in self.history.points(&window)? {
                cells.clear();
                cells.extend(self.columns.iter().map(|column| column.of(&point)));
                sink.row(point.timestamp, None, &cells)?;
            }
            sink.pause()?;
            start = end;
        }
        Ok(())
    }
}

/// What a window of raw readings held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many ticks.
    Read(usize),
    /// More than one read gives: it comes again, shorter.
    TooMuch,
    /// What was looked for; the rest of the range is not needed.
    Enough,
}

/// Walks a range in windows that grow over gaps and shrink where readings are dense.
///
/// # Errors
/// What `read` returned.
pub fn in_windows(
    range: TimeRange,
    mut read: impl FnMut(TimeRange) -> Result<Window>,
) -> Result<()> {
    let (mut from, mut length_ms) = (range.from, WINDOW_FIRST_MS);
    while from < range.to {
        let to = from.plus_ms(length_ms).min(range.to);
        match read(TimeRange { from, to })? {
            Window::Enough => break,
            Window::TooMuch => length_ms = (length_ms / 4).max(1),
            Window::Read(ticks) => {
                from = to;
                if ticks * 2 <= TICKS_PER_WINDOW {
                    length_ms = (length_ms * 2).min(WINDOW_MAX_MS);
                }
            }
        }
    }
    Ok(())
}

/// The walk through the ticks of one or several meters.
struct RawRun<'a> {
    export: &'a HistoryExport,
    meters: Vec<(String, RawPlan)>,
    /// Places of the columns that only a bucket has; their cells stay empty.
    empty: Vec<usize>,
    rows: usize,
}

impl<'a> RawRun<'a> {
    fn new(export: &'a HistoryExport) -> Result<Self> {
        let query = &export.query;
        let asked = (query.metric.clone(), query.phase);
        let mut quantities = Vec::new();
        let mut empty = Vec::new();
        for (place, column) in export.columns.iter().enumerate() {
            match column.quantity(query) {
                Some(quantity) => quantities.push(quantity),
                None => empty.push(place),
            }
        }
        let plan = |id: &EquipmentId| (id.to_string(), export.history.raw_plan(*id, &quantities));
        let meters: Vec<_> = query.equipment.iter().map(plan).collect();
        let has = |id: &EquipmentId| {
            export
                .history
                .raw_plan(*id, std::slice::from_ref(&asked))
                .has(0)
        };
        // As in every other answer: a quantity of one's own that nobody has is a slip.
        if query.metric.standard_unit().is_none() && !query.equipment.iter().any(has) {
            let sentence = format!("Nothing called {} was ever read here.", query.metric);
            return Err(Error::invalid("metric", sentence));
        }
        Ok(Self {
            export,
            meters,
            empty,
            rows: 0,
        })
    }

    fn run(mut self, sink: &mut dyn Sink) -> Result<()> {
        let several = self.meters.len() > 1;
        sink.head(&self.export.names(several))?;
        let mut full = None;
        in_windows(self.export.query.range, |window| {
            let Some(found) = self.window(window)? else {
                return Ok(Window::TooMuch);
            };
            full = self.write(&found, sink)?;
            if full.is_some() {
                return Ok(Window::Enough);
            }
            sink.pause()?;
            Ok(Window::Read(found.iter().map(Vec::len).max().unwrap_or(0)))
        })?;
        match full {
            None => Ok(()),
            Some(next) => sink.remark(&format!(
                "cut off: a file has at most {} rows; ask again from={next}",
                self.export.rows_max
            )),
        }
    }

    /// The ticks of each meter in a window; `None` when there are too many for one read.
    fn window(&self, range: TimeRange) -> Result<Option<Vec<Vec<Point>>>> {
        let mut found = Vec::with_capacity(self.meters.len());
        for (_, plan) in &self.meters {
            if plan.is_empty() {
                found.push(Vec::new());
                continue;
            }
            match self.export.history.raw_points(plan, range) {
                Ok(points) => found.push(points),
                Err(error) if error.kind == ErrorKind::Invalid && range.length_ms() > 1 => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(found))
    }

    /// Writes the ticks of a window in order of time, meters of the same instant in the order in
    /// which they were asked for; returns where the file is full.
    fn write(&mut self, found: &[Vec<Point>], sink: &mut dyn Sink) -> Result<Option<Timestamp>> {
        let mut order = Vec::with_capacity(found.iter().map(Vec::len).sum());
        for (meter, points) in found.iter().enumerate() {
            order.extend(points.iter().map(|point| (point.at, meter, point)));
        }
        order.sort_by_key(|(at, meter, _)| (*at, *meter));
        let several = self.meters.len() > 1;
        let mut cells = Vec::with_capacity(self.export.columns.len());
        for (at, meter, point) in order {
            if self.rows == self.export.rows_max {
                return Ok(Some(at));
            }
            let (id, plan) = &self.meters[meter];
            cells.clear();
            plan.push_cells(point, &mut cells);
            for place in &self.empty {
                cells.insert(*place, None);
            }
            sink.row(at, several.then_some(id.as_str()), &cells)?;
            self.rows += 1;
        }
        Ok(None)
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;

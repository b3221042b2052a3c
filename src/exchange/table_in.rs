//! Tables that people bring along: a header, then rows, one reading or many in each.
//!
//! Wide: `timestamp,equipment,power,voltage_l1`. Long: `timestamp,equipment,metric,value`. The
//! column of the equipment may be missing when it is named for the whole file.

use super::line::Fault;
use super::push::{INTERVAL_DEFAULT_MS, Sorter};
use super::words::{phase_of, quantity};
use crate::base::time::Calendar;
use crate::base::{EquipmentId, Error, Metric, Phase, Reading, Result, Timestamp};
use csv::{ByteRecord, ReaderBuilder};
use std::io::BufRead;

/// Most columns of a table.
const COLUMNS_MAX: usize = 1_000;

/// How the cells of a table are written.
#[derive(Clone, Debug)]
pub struct Spelling {
    /// Whether numbers have a comma before their decimals.
    pub decimal_comma: bool,
    /// The equipment of a table without such a column.
    pub equipment: Option<EquipmentId>,
    /// Whose wall clock times without an offset are on.
    pub calendar: Calendar,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
enum Column {
    Time,
    Equipment,
    Phase,
    Metric,
    Value,
    Quantity(Metric, Phase),
}

/// The rows of a table.
pub struct Table {
    rows: csv::Reader<Box<dyn BufRead>>,
    columns: Vec<Column>,
    names: Vec<String>,
    spelling: Spelling,
    record: ByteRecord,
    /// The row that was read last ended here.
    line: usize,
}

impl Table {
    /// The table in a text, after its header was understood.
    ///
    /// # Errors
    /// When the header is not; or the text cannot be read.
    pub fn new(mut text: Box<dyn BufRead>, spelling: Spelling) -> Result<Self> {
        let delimiter = delimiter_of(text.as_mut())?;
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(text);
        let head = rows.byte_headers().map_err(unreadable)?;
        let clean = |cell: &[u8]| {
            let text = String::from_utf8_lossy(cell);
            text.trim_start_matches('\u{FEFF}').trim().to_owned()
        };
        let names: Vec<String> = head.iter().map(clean).collect();
        let columns = columns_of(&names, spelling.equipment.is_some())?;
        Ok(Self {
            rows,
            columns,
            names,
            spelling,
            record: ByteRecord::new(),
            line: 1,
        })
    }

    /// Takes the next row into the sorter; `None` after the last one.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub fn step(&mut self, sorter: &mut Sorter<'_>) -> Result<Option<Result<(), Fault>>> {
        if !self
            .rows
            .read_byte_record(&mut self.record)
            .map_err(unreadable)?
        {
            return Ok(None);
        }
        let position = self.record.position().map_or(0, csv::Position::line);
        self.line = usize::try_from(position).unwrap_or(usize::MAX);
        Ok(Some(self.row(sorter)))
    }

    fn row(&self, sorter: &mut Sorter<'_>) -> Result<(), Fault> {
        let fault = |place: &str, sentence: &str| Fault {
            line: self.line,
            place: place.to_owned(),
            sentence: sentence.to_owned(),
        };
        if self.record.len() != self.names.len() {
            let sentence = format!(
                "The row has {} cells, the header {}. Quote cells that hold the separator.",
                self.record.len(),
                self.names.len()
            );
            return Err(fault("row", &sentence));
        }
        let cell = |wanted: &Column| {
            let place = self.columns.iter().position(|column| column == wanted)?;
            std::str::from_utf8(&self.record[place]).map(str::trim).ok()
        };
        let equipment = match (cell(&Column::Equipment), self.spelling.equipment) {
            (Some(name), _) if !name.is_empty() => {
                let found = sorter.find(name);
                found.map_err(|sentence| fault("column equipment", &sentence))?
            }
            (_, Some(equipment)) => equipment,
            _ => return Err(fault("column equipment", "Say whose reading it is.")),
        };
        let time = cell(&Column::Time).unwrap_or_default();
        let at = self
            .time(sorter, time)
            .map_err(|why| fault("column timestamp", why))?;
        let phase = cell(&Column::Phase).filter(|text| !text.is_empty());
        let phase = phase_of(phase).map_err(|why| fault("column phase", why))?;
        let readings = match cell(&Column::Metric) {
            Some(name) => self.long(sorter, equipment, name, phase)?,
            None => self.wide(sorter, equipment, phase)?,
        };
        if !readings.is_empty() {
            let interval_ms = sorter.interval_of(equipment).unwrap_or(INTERVAL_DEFAULT_MS);
            sorter.add(equipment, at, interval_ms, readings);
        }
        Ok(())
    }

    fn time(&self, sorter: &Sorter<'_>, text: &str) -> Result<Timestamp, &'static str> {
        if let Ok(number) = text.parse::<i64>() {
            return sorter.time(Some(number));
        }
        match self.spelling.calendar.instant(text) {
            Some(at) => sorter.possible(Some(at)),
            None => Err("Write the time as 2026-11-21T08:30:00Z or 2026-11-21 08:30:00."),
        }
    }

    fn long(
        &self,
        sorter: &mut Sorter<'_>,
        equipment: EquipmentId,
        name: &str,
        phase: Option<Phase>,
    ) -> Result<Vec<Reading>, Fault> {
        let fault = |place: &str, sentence: String| Fault {
            line: self.line,
            place: place.to_owned(),
            sentence,
        };
        let found = quantity(name, phase);
        let (metric, phase) = found.map_err(|why| fault("column metric", why))?;
        let place = self
            .columns
            .iter()
            .position(|column| *column == Column::Value);
        let value = self.value(place.unwrap_or_default());
        let value = value.map_err(|why| fault("column value", why.to_owned()))?;
        let unit = sorter.unit(equipment, &metric, phase);
        let readings = value.map(|value| Reading::good(metric, phase, unit, value));
        Ok(readings.into_iter().collect())
    }

    fn wide(
        &self,
        sorter: &mut Sorter<'_>,
        equipment: EquipmentId,
        tag: Option<Phase>,
    ) -> Result<Vec<Reading>, Fault> {
        let mut readings = Vec::with_capacity(self.columns.len());
        for (place, column) in self.columns.iter().enumerate() {
            let Column::Quantity(metric, phase) = column else {
                continue;
            };
            let value = self.value(place).map_err(|why| Fault {
                line: self.line,
                place: format!("column {}", self.names[place]),
                sentence: why.to_owned(),
            })?;
            // An empty cell was not measured.
            let Some(value) = value else { continue };
            let phase = if *phase == Phase::Total {
                tag.unwrap_or(*phase)
            } else {
                *phase
            };
            let unit = sorter.unit(equipment, metric, phase);
            readings.push(Reading::good(metric.clone(), phase, unit, value));
        }
        Ok(readings)
    }

    fn value(&self, place: usize) -> Result<Option<f64>, &'static str> {
        const WRONG: &str =
            "This is no number. Write 1234.5; a decimal comma needs --decimal-comma.";
        let text = std::str::from_utf8(&self.record[place])
            .map_err(|_| WRONG)?
            .trim();
        if text.is_empty() {
            return Ok(None);
        }
        let mended = self.spelling.decimal_comma.then(|| text.replace(',', "."));
        let text = mended.as_deref().unwrap_or(text);
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        match text.parse::<f64>() {
            Ok(value) if plain && value.is_finite() => Ok(Some(value)),
            _ => Err(WRONG),
        }
    }
}

/// The separator: whichever of `;` and `,` the header has more of.
fn delimiter_of(text: &mut dyn BufRead) -> Result<u8> {
    let start = text.fill_buf().map_err(|cause| unreadable(cause.into()))?;
    let head = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| head.iter().filter(|byte| **byte == wanted).count();
    Ok(if count(b';') > count(b',') {
        b';'
    } else {
        b','
    })
}

fn columns_of(names: &[String], equipment_is_named: bool) -> Result<Vec<Column>> {
    let wrong = |sentence: String| Error::invalid("header", sentence);
    if names.len() > COLUMNS_MAX {
        return Err(wrong(format!("A table has at most {COLUMNS_MAX} columns.")));
    }
    let has = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let long = has("metric") && has("value");
    let mut columns: Vec<Column> = Vec::with_capacity(names.len());
    for name in names {
        let column = match name.to_ascii_lowercase().as_str() {
            "timestamp" | "time" => Column::Time,
            "equipment" | "equipment_id" => Column::Equipment,
            "phase" => Column::Phase,
            "metric" if long => Column::Metric,
            "value" if long => Column::Value,
            _ if long => {
                let known = "timestamp, equipment, phase, metric and value";
                return Err(wrong(format!(
                    "There is no use for the column {name} beside {known}."
                )));
            }
            _ => {
                let found = quantity(name, None).map_err(|why| wrong(format!("{name}: {why}")))?;
                Column::Quantity(found.0, found.1)
            }
        };
        if columns.contains(&column) {
            return Err(wrong(format!("The column {name} is there twice.")));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Time) {
        return Err(wrong(
            "The first row names the columns; one of them is timestamp.".to_owned(),
        ));
    }
    if !equipment_is_named && !columns.contains(&Column::Equipment) {
        let sentence = "Name the equipment with --equipment, or in a column equipment.";
        return Err(wrong(sentence.to_owned()));
    }
    let measures = |column: &Column| matches!(column, Column::Quantity(..) | Column::Value);
    if !columns.iter().any(measures) {
        return Err(wrong(
            "No column holds a quantity, such as power.".to_owned(),
        ));
    }
    Ok(columns)
}

fn unreadable(cause: csv::Error) -> Error {
    Error::invalid("file", "The table cannot be read to its end.").because(cause)
}

//! Registers of a device as a table: `name,address,type,unit,scale`, one register a row.

use crate::base::error::Checks;
use crate::base::{Error, Result};
use crate::equipment::profile_file::RegisterEntry;
use csv::ReaderBuilder;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The most rows: the registers of one device.
const ROWS_MAX: usize = 500;

/// Columns that hold numbers.
const NUMBERS: [&str; 9] = [
    "address",
    "scale",
    "offset",
    "scale_register",
    "bit",
    "bits",
    "min",
    "max",
    "rolls_over_at",
];
/// Columns that hold words.
const WORDS: [&str; 5] = ["unit", "function", "type", "word_order", "decode"];
/// Columns that hold yes or no.
const FLAGS: [&str; 3] = ["resettable", "alone", "reversed"];

/// The registers of a table, and the line in which each of them stands.
#[derive(Debug)]
pub struct RegisterTable {
    /// By metric.
    pub registers: BTreeMap<String, RegisterEntry>,
    /// Lines from 1, by metric.
    pub lines: BTreeMap<String, usize>,
}

impl RegisterTable {
    /// Reads a table. Its first row names the columns; `name` and `address` are needed. Cells are
    /// separated by commas, semicolons or tabulators; an empty cell says nothing.
    ///
    /// # Errors
    /// Every cell that cannot be understood, by line and column.
    pub fn read(text: &str) -> Result<Self> {
        let text = text.trim_start_matches('\u{FEFF}');
        let mut rows = ReaderBuilder::new()
            .delimiter(delimiter_of(text))
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let unreadable = |error: csv::Error| Error::invalid("file", error.to_string());
        let names: Vec<String> = rows
            .headers()
            .map_err(unreadable)?
            .iter()
            .map(column)
            .collect();
        check_header(&names)?;
        let mut checks = Checks::default();
        let mut table = Self {
            registers: BTreeMap::new(),
            lines: BTreeMap::new(),
        };
        for (number, row) in rows.records().enumerate() {
            let row = row.map_err(unreadable)?;
            let line = row.position().map_or(0, csv::Position::line);
            let line = usize::try_from(line).unwrap_or(usize::MAX);
            if number >= ROWS_MAX {
                checks.refuse(
                    "file",
                    format!("Line {line}: a profile has at most 500 rows."),
                );
                break;
            }
            table.take(&mut checks, &names, &row, line);
        }
        checks.finish()?;
        Ok(table)
    }

    fn take(
        &mut self,
        checks: &mut Checks,
        names: &[String],
        row: &csv::StringRecord,
        line: usize,
    ) {
        if row.len() != names.len() {
            let (cells, columns) = (row.len(), names.len());
            let message = format!("Line {line}: {cells} cells under {columns} columns.");
            checks.refuse("file", message);
            return;
        }
        let mut name = String::new();
        let mut entry = Map::new();
        for (column, cell) in names.iter().zip(row.iter()) {
            if column == "name" {
                cell.clone_into(&mut name);
            } else if !cell.is_empty() {
                match value(column, cell) {
                    Some(value) => _ = entry.insert(column.clone(), value),
                    None => {
                        let message = format!("Line {line}: {cell:?} cannot be read here.");
                        checks.refuse(&format!("registers.{name}.{column}"), message);
                        return;
                    }
                }
            }
        }
        let path = format!("registers.{name}");
        if name.is_empty() || self.registers.contains_key(&name) {
            let message = format!("Line {line}: give each register a name of its own.");
            checks.refuse(&path, message);
            return;
        }
        match serde_json::from_value::<RegisterEntry>(Value::Object(entry)) {
            Ok(entry) => {
                self.lines.insert(name.clone(), line);
                self.registers.insert(name, entry);
            }
            Err(error) => checks.refuse(&path, format!("Line {line}: {error}.")),
        }
    }
}

/// Comma, semicolon or tabulator, whichever the header has most of.
fn delimiter_of(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |wanted: char| head.matches(wanted).count();
    match (count(','), count(';'), count('\t')) {
        (commas, semicolons, tabs) if semicolons > commas && semicolons >= tabs => b';',
        (commas, _, tabs) if tabs > commas => b'\t',
        _ => b',',
    }
}

/// The name of a column in our words.
fn column(head: &str) -> String {
    match head
        .trim()
        .to_ascii_lowercase()
        .replace([' ', '-'], "_")
        .as_str()
    {
        "metric" | "register" => "name".to_owned(),
        "data_type" => "type".to_owned(),
        "factor" => "scale".to_owned(),
        other => other.to_owned(),
    }
}

fn check_header(names: &[String]) -> Result<()> {
    let mut checks = Checks::default();
    for needed in ["name", "address"] {
        let found = names.iter().filter(|name| *name == needed).count() == 1;
        let message = format!("Line 1: the table needs one column {needed}.");
        checks.require(found, "file", &message);
    }
    let known = |name: &str| {
        NUMBERS.contains(&name)
            || WORDS.contains(&name)
            || FLAGS.contains(&name)
            || ["name", "not_available"].contains(&name)
    };
    for name in names.iter().filter(|name| !known(name)) {
        let all = [&NUMBERS[..], &WORDS[..], &FLAGS[..]].concat().join(", ");
        let message =
            format!("Line 1: there is no column {name:?}. There are: name, {all}, not_available.");
        checks.refuse("file", message);
    }
    checks.finish()
}

/// A cell as a value of its column.
fn value(column: &str, cell: &str) -> Option<Value> {
    if NUMBERS.contains(&column) {
        if let Ok(whole) = cell.parse::<i64>() {
            return Some(json!(whole));
        }
        let number: f64 = cell.replace(',', ".").parse().ok()?;
        return number.is_finite().then(|| json!(number));
    }
    if FLAGS.contains(&column) {
        return match cell.to_ascii_lowercase().as_str() {
            "1" | "yes" | "true" | "x" => Some(json!(true)),
            "0" | "no" | "false" => Some(json!(false)),
            _ => None,
        };
    }
    if column == "not_available" {
        let patterns: Vec<&str> = cell.split_whitespace().collect();
        return Some(json!(patterns));
    }
    Some(json!(cell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::{DataType, Function};

    #[test]
    fn a_table_becomes_registers() {
        let text = "Metric;address;type;unit;factor;function;not available;resettable\n\
            power;52;float32;W;1;input;;\n\
            consumption;40013;uint32;kWh;0,01;;FFFFFFFF 0;yes\n";
        let table = RegisterTable::read(text).unwrap();
        let power = &table.registers["power"];
        assert_eq!((power.address, power.function), (52, Some(Function::Input)));
        let energy = &table.registers["consumption"];
        assert_eq!(energy.scale.to_bits(), 0.01_f64.to_bits());
        assert_eq!(energy.data_type, Some(DataType::Uint32));
        assert_eq!(energy.not_available, ["FFFFFFFF", "0"]);
        assert!(energy.resettable && !power.resettable);
        assert_eq!(table.lines["consumption"], 3);
    }

    #[test]
    fn a_bad_cell_is_named_by_line_and_column() {
        let refused = |text: &str| RegisterTable::read(text).unwrap_err().to_string();
        for (text, why) in [
            ("name,adress\npower,1\n", "no column \"adress\""),
            ("name,unit\npower,W\n", "one column address"),
            (
                "name,address\npower,fifty\n",
                "Line 2: \"fifty\" cannot be read",
            ),
            (
                "name,address\npower,1\npower,2\n",
                "Line 3: give each register",
            ),
            (
                "name,address,type\npower,1,float16\n",
                "Line 2: unknown variant `float16`",
            ),
            ("name,address\npower\n", "Line 2: 1 cells under 2 columns"),
            ("name,address\npower,1.5\n", "Line 2: "),
        ] {
            let error = refused(text);
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}

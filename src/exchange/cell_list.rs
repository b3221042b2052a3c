//! A list of cold cells as people keep it in a table: whose, where, what it is held to, its sensor.

use super::device_list::line_of;
use crate::base::error::Checks;
use crate::base::{Error, Result};

/// Most rows of a list.
const ROWS_MAX: usize = 500;
/// The columns, in the order of [`Row`]; the first three are needed.
const COLUMNS: [&str; 11] = [
    "customer",
    "location",
    "cell",
    "product",
    "set_point_c",
    "min_c",
    "max_c",
    "interval_s",
    "serial_number",
    "device_name",
    "probe",
];
const NEEDED: usize = 3;

/// A cell, a device of it, or both, as a row tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Line of the table, from 1.
    pub line: u64,
    /// Name of the customer.
    pub customer: String,
    /// Name of the location.
    pub location: String,
    /// Name of the cell.
    pub cell: String,
    /// What lies in it.
    pub product: Option<String>,
    /// The temperature that is wanted, °C.
    pub set_point_c: Option<f64>,
    /// The coldest that is well, °C.
    pub min_c: Option<f64>,
    /// The warmest that is well, °C.
    pub max_c: Option<f64>,
    /// How often its sensor reports, s.
    pub interval_s: Option<u32>,
    /// The number on the plate of its sensor.
    pub serial_number: Option<String>,
    /// What people call that.
    pub device_name: Option<String>,
    /// Where its probe hangs.
    pub probe: Option<String>,
}

/// Reads a list; every refused cell of the table is named by its line and column.
///
/// # Errors
/// When the header lacks a column, a number is none, or there are too many rows.
pub fn rows(text: &[u8]) -> Result<Vec<Row>> {
    let head = String::from_utf8_lossy(text.split(|b| *b == b'\n').next().unwrap_or_default());
    let delimiter = if head.contains(';') { b';' } else { b',' };
    let mut table = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text);
    let unreadable =
        |cause: csv::Error| Error::invalid("body", "This is no table of text.").because(cause);
    let columns = columns(table.headers().map_err(unreadable)?)?;
    let (mut checks, mut rows) = (Checks::default(), Vec::new());
    for record in table.records() {
        let record = record.map_err(unreadable)?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == ROWS_MAX {
            let sentence = format!("A list has {ROWS_MAX} rows at most. Split it.");
            return Err(Error::invalid("body", sentence));
        }
        let line = line_of(text, record.position().map_or(0, csv::Position::byte));
        let cell = |name: &str| {
            let at = columns.iter().position(|found| *found == Some(name))?;
            record.get(at).filter(|text| !text.is_empty())
        };
        let row = row(line, &cell);
        rows.extend(checks.merge(&format!("line {line}."), row)?);
    }
    checks.finish()?;
    if rows.is_empty() {
        return Err(Error::invalid("body", "There is no cell in this list."));
    }
    Ok(rows)
}

fn columns(head: &csv::StringRecord) -> Result<Vec<Option<&'static str>>> {
    let named = |cell: &str| {
        let name = cell.trim_start_matches('\u{FEFF}').trim();
        let name = name.to_ascii_lowercase().replace(' ', "_");
        COLUMNS.into_iter().find(|known| **known == name)
    };
    let columns: Vec<_> = head.iter().map(named).collect();
    for name in &COLUMNS[..NEEDED] {
        if !columns.contains(&Some(*name)) {
            let sentence = format!(
                "The first line names the columns: {}. {name} is not among them.",
                COLUMNS.join(", ")
            );
            return Err(Error::invalid("line 1", sentence));
        }
    }
    Ok(columns)
}

fn row<'r>(line: u64, cell: &dyn Fn(&str) -> Option<&'r str>) -> Result<Row> {
    let mut checks = Checks::default();
    let text = |name: &str| cell(name).map(str::to_owned);
    for name in &COLUMNS[..NEEDED] {
        checks.require(cell(name).is_some(), name, "Write a name here.");
    }
    let mut degrees = |name: &str| {
        let value = cell(name)?;
        let number = value.replace(',', ".").parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite());
        checks.require(
            number.is_some(),
            name,
            "Write a number of degrees, such as -18.5.",
        );
        number
    };
    let (set_point_c, min_c) = (degrees("set_point_c"), degrees("min_c"));
    let max_c = degrees("max_c");
    let interval_s = cell("interval_s").map(|value| value.parse::<u32>().ok());
    let good = interval_s.is_none_or(|interval| interval.is_some());
    checks.require(good, "interval_s", "Write a number of seconds, 1 to 3600.");
    checks.finish()?;
    Ok(Row {
        line,
        customer: text("customer").unwrap_or_default(),
        location: text("location").unwrap_or_default(),
        cell: text("cell").unwrap_or_default(),
        product: text("product"),
        set_point_c,
        min_c,
        max_c,
        interval_s: interval_s.flatten(),
        serial_number: text("serial_number"),
        device_name: text("device_name"),
        probe: text("probe"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_either_separator_and_decimal_sign() {
        for text in [
            "\u{FEFF}Customer,Location,Cell,set point c,max_c,serial_number\nA,North,Freezer,-18.5,-15,C-1\n",
            "customer;location;cell;max_c;set_point_c;serial_number\r\nA;North;Freezer;-15;-18,5;C-1\r\n",
        ] {
            let row = Row {
                line: 2,
                customer: "A".to_owned(),
                location: "North".to_owned(),
                cell: "Freezer".to_owned(),
                set_point_c: Some(-18.5),
                max_c: Some(-15.0),
                serial_number: Some("C-1".to_owned()),
                ..Row::default()
            };
            assert_eq!(rows(text.as_bytes()).unwrap(), [row]);
        }
    }

    #[test]
    fn refused_cells_are_named_by_line_and_column() {
        let text = "customer,location,cell,max_c,interval_s\nA,,F,warm,60\nA,N,F,8,often\n";
        let refused = rows(text.as_bytes()).unwrap_err();
        let paths: Vec<_> = refused.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            paths,
            ["line 2.location", "line 2.max_c", "line 3.interval_s"]
        );
        for text in ["customer,cell\nA,B\n", "customer,location,cell\n"] {
            assert!(rows(text.as_bytes()).is_err(), "{text}");
        }
    }
}

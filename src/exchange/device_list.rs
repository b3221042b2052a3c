//! A list of devices as people keep it in a table: serial number, name, equipment.

use super::directory::Directory;
use crate::base::error::Checks;
use crate::base::{EquipmentId, Error, Result};

/// Most rows of a list.
const ROWS_MAX: usize = 500;
/// What a column may be called.
const NAMES: [(&str, Column); 9] = [
    ("serial_number", Column::Serial),
    ("serialnumber", Column::Serial),
    ("serial", Column::Serial),
    ("name", Column::Name),
    ("equipment", Column::Equipment),
    ("equipment_id", Column::Equipment),
    ("expected_interval_s", Column::Interval),
    ("interval_s", Column::Interval),
    ("metric_prefix", Column::Prefix),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Serial,
    Name,
    Equipment,
    Interval,
    Prefix,
}

/// A device as a row tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Line of the table, from 1.
    pub line: u64,
    /// The number on its plate.
    pub serial_number: String,
    /// What people call it.
    pub name: Option<String>,
    /// Whose readings it brings.
    pub equipment: EquipmentId,
    /// How often it reports, s.
    pub interval_s: Option<u32>,
    /// What stands before the names of its quantities.
    pub prefix: Option<String>,
}

/// Reads a list; every refused cell is named by its line and column.
///
/// # Errors
/// When the header lacks a column, a cell cannot be understood, or there are too many rows.
pub fn rows(text: &[u8], directory: &Directory) -> Result<Vec<Row>> {
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
    let mut checks = Checks::default();
    let mut rows = Vec::new();
    for record in table.records() {
        let record = record.map_err(unreadable)?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == ROWS_MAX {
            let sentence = format!("A list has {ROWS_MAX} devices at most. Split it.");
            return Err(Error::invalid("body", sentence));
        }
        let line = line_of(text, record.position().map_or(0, csv::Position::byte));
        let cell = |column: Column| {
            let at = columns.iter().position(|found| *found == Some(column))?;
            record.get(at).filter(|text| !text.is_empty())
        };
        let row = row(line, &cell, directory);
        if let Some(row) = checks.merge(&format!("line {line}."), row)? {
            rows.push(row);
        }
    }
    checks.finish()?;
    if rows.is_empty() {
        return Err(Error::invalid("body", "There is no device in this list."));
    }
    Ok(rows)
}

/// The line of the text, from 1, on which the record at this byte begins.
pub(super) fn line_of(text: &[u8], byte: u64) -> u64 {
    let byte = usize::try_from(byte).unwrap_or(text.len()).min(text.len());
    let ends = |b: &&u8| matches!(b, b'\r' | b'\n');
    let start = byte + text[byte..].iter().take_while(ends).count();
    1 + text[..start].iter().filter(|b| **b == b'\n').count() as u64
}

fn columns(head: &csv::StringRecord) -> Result<Vec<Option<Column>>> {
    let named = |cell: &str| {
        let name = cell
            .trim_start_matches('\u{FEFF}')
            .trim()
            .to_ascii_lowercase();
        let name = name.replace(' ', "_");
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, c)| *c)
    };
    let columns: Vec<Option<Column>> = head.iter().map(named).collect();
    for (column, name) in [
        (Column::Serial, "serial_number"),
        (Column::Equipment, "equipment"),
    ] {
        if !columns.contains(&Some(column)) {
            let sentence = format!(
                "The first line names the columns: serial_number, name, equipment. {name} is not \
                 among them."
            );
            return Err(Error::invalid("line 1", sentence));
        }
    }
    Ok(columns)
}

fn row<'r>(
    line: u64,
    cell: &dyn Fn(Column) -> Option<&'r str>,
    directory: &Directory,
) -> Result<Row> {
    let mut checks = Checks::default();
    let equipment = match cell(Column::Equipment) {
        Some(name) => directory.find(name),
        None => Err("Name the equipment.".to_owned()),
    };
    let equipment = equipment.map_err(|sentence| Error::invalid("equipment", sentence));
    let equipment = checks.merge("", equipment)?;
    let interval = cell(Column::Interval).map(|text| {
        let sentence = "The interval is a number of seconds, 1 to 3600.";
        let number = text.parse::<u32>();
        number.map_err(|_| Error::invalid("expected_interval_s", sentence))
    });
    let interval = checks.merge("", interval.transpose())?;
    checks.finish()?;
    Ok(Row {
        line,
        serial_number: cell(Column::Serial).unwrap_or_default().to_owned(),
        name: cell(Column::Name).map(str::to_owned),
        equipment: equipment.expect("it was found, as checked"),
        interval_s: interval.flatten(),
        prefix: cell(Column::Prefix).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equipment::Equipment;

    fn directory() -> (Directory, EquipmentId) {
        let id = EquipmentId::new();
        let equipment: Equipment = serde_json::from_value(serde_json::json!({
            "id": id, "site": "site_a", "name": "Cell 1", "type": "Cold cell", "model": "K",
            "serial_number": null, "install_date": "2024-05-01", "location": null,
            "admin_status": "active", "in_site_total": false, "specs": {}, "modbus": null,
            "revision": 1, "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "deleted_at": null
        }))
        .unwrap();
        (Directory::of([&equipment]), id)
    }

    #[test]
    fn a_list_is_read_with_either_separator() {
        let (directory, cell) = directory();
        for text in [
            "\u{FEFF}Serial Number,Name,Equipment,interval_s\nC-1, Door sensor ,Cell 1,30\n\n",
            "serial;equipment;name;expected_interval_s\r\nC-1;Cell 1;Door sensor;30\r\n",
        ] {
            let found = rows(text.as_bytes(), &directory).unwrap();
            let row = Row {
                line: 2,
                serial_number: "C-1".to_owned(),
                name: Some("Door sensor".to_owned()),
                equipment: cell,
                interval_s: Some(30),
                prefix: None,
            };
            assert_eq!(found, [row]);
        }
    }

    #[test]
    fn refused_cells_are_named_by_line_and_column() {
        let (directory, _) = directory();
        let text = "serial,equipment,interval_s\nC-1,Cell 9,30\nC-2,Cell 1,often\n";
        let refused = rows(text.as_bytes(), &directory).unwrap_err();
        let paths: Vec<_> = refused.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["line 2.equipment", "line 3.expected_interval_s"]);
        for text in [
            "name,equipment\nA,Cell 1\n",
            "serial\nC-1\n",
            "serial,equipment\n",
        ] {
            assert!(rows(text.as_bytes(), &directory).is_err(), "{text}");
        }
    }
}

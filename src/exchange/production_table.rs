//! What was produced, as people keep it in a table: product, from, to, quantity.

use super::device_list::line_of;
use super::directory::Directory;
use crate::base::time::Calendar;
use crate::base::{Error, Result};
use crate::energy::enpi::{Entry, RefusedEntry};

/// Most rows of a table; more are a second file.
const ROWS_MAX: usize = 1_200;
/// The columns; the first four must be there.
const COLUMNS: [&str; 7] = [
    "product",
    "from",
    "to",
    "quantity",
    "unit",
    "equipment",
    "note",
];
const NEEDED: usize = 4;

/// The rows that could be read, with their lines, and those that could not.
#[derive(Debug)]
pub struct Rows {
    /// Entries, still to be checked.
    pub entries: Vec<(u64, Entry)>,
    /// Rows that are none.
    pub refused: Vec<RefusedEntry>,
}

/// Reads a table. Times without an offset are on the clock of the site; numbers may have a comma
/// before their decimals where columns are parted by semicolons.
///
/// # Errors
/// When the header lacks a column, the text is no table, or there are too many rows.
pub fn rows(text: &[u8], calendar: &Calendar, directory: &Directory) -> Result<Rows> {
    let head = String::from_utf8_lossy(text.split(|b| *b == b'\n').next().unwrap_or_default());
    let delimiter = if head.contains(';') { b';' } else { b',' };
    let mut table = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text);
    let unreadable =
        |cause: csv::Error| Error::invalid("body", "This is no table of text.").because(cause);
    let places = places(table.headers().map_err(unreadable)?)?;
    let mut rows = Rows {
        entries: Vec::new(),
        refused: Vec::new(),
    };
    for record in table.records() {
        let record = record.map_err(unreadable)?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.entries.len() + rows.refused.len() == ROWS_MAX {
            let sentence = format!("A table has {ROWS_MAX} rows at most. Split it.");
            return Err(Error::invalid("body", sentence));
        }
        let line = line_of(text, record.position().map_or(0, csv::Position::byte));
        let cell = |column: usize| {
            let at = places[column];
            at.and_then(|at| record.get(at)).unwrap_or_default()
        };
        match entry(&cell, delimiter == b';', calendar, directory) {
            Ok(entry) => rows.entries.push((line, entry)),
            Err((column, message)) => rows.refused.push(RefusedEntry {
                line,
                field: COLUMNS[column].to_owned(),
                message,
            }),
        }
    }
    if rows.entries.is_empty() && rows.refused.is_empty() {
        return Err(Error::invalid("body", "There is no row in this table."));
    }
    Ok(rows)
}

/// In which place each column stands.
fn places(head: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()]> {
    let clean = |cell: &str| {
        cell.trim_start_matches('\u{FEFF}')
            .trim()
            .to_ascii_lowercase()
    };
    let names: Vec<String> = head.iter().map(clean).collect();
    let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
    match places[..NEEDED].iter().position(Option::is_none) {
        None => Ok(places),
        Some(missing) => {
            let sentence = format!(
                "The first line names the columns: product, from, to, quantity, and if you like \
                 unit, equipment, note. {} is not among them.",
                COLUMNS[missing]
            );
            Err(Error::invalid("line 1", sentence))
        }
    }
}

/// An entry from the cells of its row, or the column that cannot be read and why.
fn entry<'r>(
    cell: &dyn Fn(usize) -> &'r str,
    comma: bool,
    calendar: &Calendar,
    directory: &Directory,
) -> Result<Entry, (usize, String)> {
    let time = |column: usize| {
        let sentence = "Write the time as 2026-11-21T06:00, or a date as 2026-11-21.";
        let found = calendar.instant(&cell(column).replacen(' ', "T", 1));
        found.ok_or_else(|| (column, sentence.to_owned()))
    };
    let number = cell(3);
    let number = if comma {
        number.replace(',', ".")
    } else {
        number.to_owned()
    };
    let quantity = number
        .parse::<f64>()
        .ok()
        .filter(|quantity| quantity.is_finite());
    let equipment_id = match cell(5) {
        "" => None,
        name => Some(directory.find(name).map_err(|sentence| (5, sentence))?),
    };
    Ok(Entry {
        product: cell(0).to_owned(),
        equipment_id,
        from: time(1)?,
        to: time(2)?,
        quantity: quantity
            .ok_or_else(|| (3, "Write a number, such as 1250 or 12.5.".to_owned()))?,
        unit: cell(4).to_owned(),
        note: cell(6).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_those_that_are_none_are_named() {
        let calendar = Calendar::new("Africa/Tunis").unwrap();
        let directory = Directory::of(std::iter::empty());
        let text = "\u{FEFF}Product;From;To;Quantity;Unit\ncaps;2026-11-20 06:00;2026-11-20T14:00;\
                    12,5;t\n\ncaps;yesterday;2026-11-21;1;t\ncaps;2026-11-20;2026-11-21;many;t\n";
        let found = rows(text.as_bytes(), &calendar, &directory).unwrap();
        let (line, entry) = &found.entries[0];
        assert_eq!((*line, entry.quantity, entry.unit.as_str()), (2, 12.5, "t"));
        assert_eq!(entry.from, "2026-11-20T05:00:00Z".parse().unwrap());
        let refused: Vec<_> = found
            .refused
            .iter()
            .map(|r| (r.line, r.field.as_str()))
            .collect();
        assert_eq!(refused, [(4, "from"), (5, "quantity")]);
        let bare = rows(b"product,from,to\n", &calendar, &directory).unwrap_err();
        assert!(
            bare.sentence.contains("quantity is not among them"),
            "{bare}"
        );
        let lost = b"product,from,to,quantity,equipment\na,2026-11-20,2026-11-21,1,Press\n";
        let lost = rows(lost, &calendar, &directory).unwrap();
        assert_eq!(lost.refused[0].field, "equipment");
    }
}

//! All readings of some meters as CSV, to nowhere: the reading and the formatting, not a disk.

use crate::fixture::Set;
use crate::measure::{Process, Times};
use crate::report::{Table, figure, ratio};
use std::io::Write;
use std::time::Instant;

/// Most rows.
const ROWS_MAX: u64 = 1_000_000;

/// One line: the time, ms, and the values.
pub(crate) fn write_line(
    out: &mut dyn Write,
    at_ms: i64,
    values: impl Iterator<Item = Option<f64>>,
) {
    write!(out, "{at_ms}").unwrap();
    for value in values {
        match value {
            Some(value) => write!(out, ",{value}").unwrap(),
            None => out.write_all(b",").unwrap(),
        }
    }
    out.write_all(b"\n").unwrap();
}

/// Counts what it is given.
#[derive(Default)]
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Rows, bytes and time of one way.
fn all(meters: u32, export: &dyn Fn(u32, &mut dyn Write) -> u64) -> (u64, u64, Times) {
    let (mut rows, mut times) = (0, Times::default());
    let mut out = std::io::BufWriter::with_capacity(64 << 10, Counter::default());
    let (cpu, began) = (Process::own().cpu(), Instant::now());
    for meter in 0..meters {
        if rows < ROWS_MAX {
            rows += export(meter, &mut out);
        }
    }
    out.flush().unwrap();
    times.note(began);
    times.cpu_s = Process::own().cpu().since(cpu);
    (rows, out.get_ref().0, times)
}

/// Measures and prints.
pub(crate) fn run(set: &Set) {
    let range = set.range();
    let ours = all(set.meters, &|meter, out| {
        set.ours().export(meter, range, out)
    });
    let theirs = all(set.meters, &|meter, out| {
        set.sqlite.export(meter, range, out)
    });
    assert_eq!(
        (ours.0, ours.1),
        (theirs.0, theirs.1),
        "rows and bytes of the export"
    );
    let title = format!(
        "CSV of {} rows x 10 values, {} MB",
        ours.0,
        ours.1 / 1_000_000
    );
    let mut table = Table::new(&title, &["", "indusmind", "SQLite", "ratio"]);
    let per_s = |(rows, _, times): &(u64, u64, Times)| *rows as f64 / times.wall_s() / 1e3;
    let (a, b) = (per_s(&ours), per_s(&theirs));
    table.line(["krows/s".into(), figure(a), figure(b), ratio(a, b)]);
    let (a, b) = (ours.2.cpu_s, theirs.2.cpu_s);
    table.line(["CPU s".into(), figure(a), figure(b), ratio(b, a)]);
    table.print();
}

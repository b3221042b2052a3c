//! What sealed rollup rows take and cost.

use super::generator::{Kind, METRICS, Meter, Tick};
use super::{INTERVAL_MS, METERS, START_MS, timed};
use indusmind::tsdb::SeriesId;
use indusmind::tsdb::pack::{RowColumn, Rows, RowsView, Scratch, Values, encode_rows};
use indusmind::tsdb::rollup::Summary;
use std::time::Duration;

const DAY_MS: i64 = 24 * 3_600_000;
/// Bytes of a row as it lies in memory without packing: five floats and two counts.
const PLAIN: f64 = 48.0;

/// Prints a line for each length of a slot.
pub(crate) fn print(days: i64) {
    println!("Rollup rows, {METERS} meters, quantised");
    println!("  slot      block     rows   B/row  (plain {PLAIN})  enc ns  dec ns  column us");
    for (name, step_ms, block_days) in [
        ("1 min", 60_000, 1),
        ("15 min", 900_000, 1),
        ("15 min", 900_000, 30),
        ("1 h", 3_600_000, 30),
    ] {
        // Long slots need long blocks, whatever the other sizes are measured on.
        let days = days.max(block_days);
        let blocks: Vec<Rows> = (0..METERS)
            .flat_map(|meter| {
                let columns = columns(meter, days);
                (0..days / block_days)
                    .map(move |n| rows(&columns, n * block_days, block_days, step_ms))
                    .collect::<Vec<_>>()
            })
            .collect();
        line(name, block_days, &blocks);
    }
}

fn line(name: &str, block_days: i64, blocks: &[Rows]) {
    let (mut pack, mut unpack, mut one) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let packed: Vec<Vec<u8>> = timed(&mut pack, || blocks.iter().map(encode_rows).collect());
    let read = |bytes: &Vec<u8>| RowsView::open(bytes).unwrap().decode().unwrap();
    let back: Vec<Rows> = timed(&mut unpack, || packed.iter().map(read).collect());
    assert!(back == blocks, "rows are lost");
    let rounds = 50;
    let (mut scratch, mut rows) = (Scratch::default(), Vec::new());
    timed(&mut one, || {
        for bytes in packed.iter().cycle().take(rounds * packed.len()) {
            let view = RowsView::open(bytes).unwrap();
            rows.resize(view.slots() as usize, None);
            let mut reader = view.reader(&mut scratch);
            reader.column(SeriesId(0), 0, &mut rows).unwrap();
        }
    });
    let there = |block: &Rows| {
        block
            .columns
            .iter()
            .flat_map(|column| &column.rows)
            .filter(|row| row.is_some())
            .count()
    };
    let rows: usize = blocks.iter().map(there).sum();
    let bytes: usize = packed.iter().map(Vec::len).sum();
    let each = |time: Duration| time.as_secs_f64() * 1e9 / rows as f64;
    println!(
        "  {name:<8}{block_days:>4} d{rows:>10}{:8.2}{:>22.1}{:8.1}{:11.2}",
        bytes as f64 / rows as f64,
        each(pack),
        each(unpack),
        one.as_secs_f64() * 1e6 / (rounds * packed.len()) as f64
    );
}

/// The times of a meter and its values as integers, with their places.
struct Columns {
    times: Vec<i64>,
    values: Vec<(i32, Vec<i64>)>,
}

fn columns(meter: u32, days: i64) -> Columns {
    let end = START_MS + days * DAY_MS;
    let ticks: Vec<Tick> = Meter::new(Kind::Quantised, meter, START_MS, INTERVAL_MS)
        .take_while(|tick| tick.at_ms < end)
        .collect();
    let column = |number: usize| {
        let values: Vec<f64> = ticks.iter().map(|tick| tick.values[number]).collect();
        match Values::from_f64(&values) {
            Values::Decimal { places, ints } => (i32::from(places), ints),
            Values::Float(_) => unreachable!("registers are decimals"),
        }
    };
    Columns {
        times: ticks.iter().map(|tick| tick.at_ms).collect(),
        values: (0..METRICS.len()).map(column).collect(),
    }
}

fn rows(columns: &Columns, first_day: i64, days: i64, step_ms: i64) -> Rows {
    let start = START_MS + first_day * DAY_MS;
    let slots = days * DAY_MS / step_ms;
    let column = |(number, (places, ints)): (usize, &(i32, Vec<i64>))| {
        let mut rows = vec![None; usize::try_from(slots).unwrap()];
        let (mut sums, mut deltas) = (vec![0; rows.len()], vec![0; rows.len()]);
        for (n, (time, int)) in columns.times.iter().zip(ints).enumerate() {
            let slot = |time: i64| usize::try_from((time - start).div_euclid(step_ms)).ok();
            let decimal = |int: i64| int as f64 / 10_f64.powi(*places);
            let Some(place) = slot(*time).filter(|slot| *slot < rows.len()) else {
                continue;
            };
            // A counter's energy belongs to the slot in which it was read, on the stroke before.
            if METRICS[number].metric == "consumption" && n > 0 {
                let before = slot(*time - 1).unwrap_or(place);
                deltas[before] += int - ints[n - 1];
            }
            sums[place] += int * INTERVAL_MS;
            let value = decimal(*int);
            let weight = u32::try_from(INTERVAL_MS).unwrap();
            let row = rows[place].get_or_insert(Summary {
                covered_ms: 0,
                count: 0,
                ..Summary::of(value, 0, 0.0)
            });
            row.merge(&Summary::of(value, weight, 0.0));
            row.weighted_sum = decimal(sums[place]);
        }
        for (row, delta) in rows.iter_mut().zip(&deltas) {
            if let Some(row) = row {
                row.delta = *delta as f64 / 10_f64.powi(*places);
            }
        }
        RowColumn {
            series: SeriesId(u32::try_from(number).unwrap()),
            rows,
        }
    };
    Rows {
        start,
        step_ms: u32::try_from(step_ms).unwrap(),
        slots: u32::try_from(slots).unwrap(),
        columns: columns.values.iter().enumerate().map(column).collect(),
    }
}

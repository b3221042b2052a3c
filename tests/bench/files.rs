//! How fast history becomes a file: the writing of rows alone, and from the store to the last byte.

use indusmind::base::time::Calendar;
use indusmind::base::{
    Batch, EquipmentId, Metric, Phase, Reading, Result, TimeRange, Timestamp, Unit,
};
use indusmind::energy::{HistoryQuery, SiteHistory};
use indusmind::exchange::history::{ROWS_MAX, Sink};
use indusmind::exchange::{Column, Csv, Excel, HistoryExport, Sorter};
use indusmind::store::Store;
use indusmind::tsdb::{Resolution, Tsdb};
use std::sync::Arc;
use std::time::Instant;

const START: Timestamp = Timestamp::from_ms(1_795_249_800_000);
const TICKS: i64 = 200_000;
const NAMES: [&str; 10] = [
    "consumption",
    "power",
    "voltage",
    "frequency",
    "power_factor",
    "current",
    "temperature",
    "power_l1",
    "power_l2",
    "power_l3",
];

fn main() -> Result<()> {
    let cells: Vec<_> = (0..10)
        .map(|n| Some(f64::from(2_301 + n * 7) / 10.0))
        .collect();
    let mut bytes = 0;
    let started = Instant::now();
    {
        let mut hand_on = |piece: Vec<u8>| {
            bytes += piece.len();
            Ok(())
        };
        let mut table = Csv::new(&mut hand_on);
        for n in 0..1_000_000 {
            table.row(START.plus_ms(n * 5_000), None, &cells)?;
        }
        table.finish()?;
    }
    tell("write rows of 10 values as CSV", 1_000_000, bytes, started);
    push();

    let directory = tempfile::tempdir().expect("a directory");
    let (history, meter) = filled(directory.path())?;
    for excel in [false, true] {
        let export = export(history.clone(), meter);
        let (mut bytes, started) = (0, Instant::now());
        let mut hand_on = |piece: Vec<u8>| {
            bytes += piece.len();
            Ok(())
        };
        if excel {
            let mut look = || Ok(());
            let mut sheet = Excel::new(directory.path(), &mut look)?;
            export.run(&mut sheet)?;
            sheet.finish(directory.path(), &mut hand_on)?;
        } else {
            let mut table = Csv::new(&mut hand_on);
            export.run(&mut table)?;
            table.finish()?;
        }
        let what = if excel { "Excel" } else { "CSV" };
        let what = format!("raw readings of 8 values from the store to {what}");
        tell(&what, TICKS, bytes, started);
    }
    Ok(())
}

/// Line protocol into batches.
fn push() {
    use indusmind::exchange::push::Rules;
    use indusmind::exchange::words::Precision;
    let line = |n: i64| {
        let at = START.plus_ms(n * 5_000).ms();
        format!("m,equipment_id=nobody,host=edge power=12.5,voltage_l1=230.1,flow=7i {at}\n")
    };
    let text: String = (0..50_000).map(line).collect();
    let rules = Rules {
        precision: Precision::Milliseconds,
        interval_ms: None,
        now: START,
        accepts_from: Timestamp::default(),
        decommissioned: false,
    };
    let (directory, nothing) = (Default::default(), |_: EquipmentId| Vec::new());
    let mut sorter = Sorter::new(&directory, rules, &nothing);
    let started = Instant::now();
    sorter.text(&text);
    assert_eq!(sorter.finish().refused_total, 50_000);
    tell("parse lines of 3 fields", 50_000, text.len(), started);
}

fn filled(directory: &std::path::Path) -> Result<(SiteHistory, EquipmentId)> {
    let store = Store::open(&directory.join("data"), "bench")?;
    let tsdb = Arc::new(Tsdb::open(&store)?);
    let meter = EquipmentId::new();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let started = Instant::now();
    for chunk in 0..TICKS / 10_000 {
        let batch = |n: i64| {
            let at = START.plus_ms((chunk * 10_000 + n) * 5_000);
            let value = f64::from(u32::try_from(n % 1_000).unwrap_or(0)) / 10.0;
            let reading = |name: &&str| {
                let (metric, phase) = Metric::with_phase(name).expect("a name");
                Reading::good(metric, phase, Unit::none(), value)
            };
            Batch {
                equipment: meter,
                at,
                arrived: at,
                interval_ms: 5_000,
                readings: NAMES.iter().map(reading).collect(),
            }
        };
        let batches = Arc::new((0..10_000).map(batch).collect());
        runtime.block_on(tsdb.append(batches, |_| Ok(())))?;
    }
    tell("store ticks of 10 values", TICKS, 0, started);
    Ok((SiteHistory::new(tsdb), meter))
}

fn export(history: SiteHistory, meter: EquipmentId) -> HistoryExport {
    let columns = [
        "consumption",
        "power",
        "voltage",
        "value",
        "frequency",
        "powerFactor",
        "current",
        "temperature",
    ];
    HistoryExport {
        history,
        query: HistoryQuery {
            equipment: vec![meter],
            range: TimeRange {
                from: START,
                to: START.plus_ms(TICKS * 5_000),
            },
            resolution: Resolution::Raw,
            metric: Metric::POWER,
            phase: Phase::L1,
            calendar: Calendar::utc(),
        },
        columns: columns
            .iter()
            .filter_map(|name| Column::named(name))
            .collect(),
        rows_max: ROWS_MAX,
    }
}

#[allow(clippy::cast_precision_loss, clippy::print_stdout)]
fn tell(what: &str, rows: i64, bytes: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{what}: {:.0} thousand rows/s ({rows} in {seconds:.2} s, {:.0} MB/s)",
        rows as f64 / seconds / 1e3,
        bytes as f64 / seconds / 1e6,
    );
}

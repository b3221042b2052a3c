//! One beat of a plant, on disk before the next one: the price of every five seconds.

use crate::fixture::directory;
use crate::fleet::Fleet;
use crate::generator::{Kind, METRICS};
use crate::measure::{Process, Times};
use crate::ours::Ours;
use crate::questions::{HOUR_MS, QUARTER_MS, START_MS};
use crate::report::{Table, figure, ratio};
use crate::restart;
use crate::sqlite::Sqlite;
use indusmind::base::EquipmentId;
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;

const BEAT_MS: i64 = 5_000;

/// What the beats cost.
pub(crate) struct Beaten {
    pub(crate) ours: Times,
    theirs: Times,
    place: TempDir,
}

/// Beats of so many meters, each stored by both in turn, so that whatever else the machine does
/// hits both alike.
pub(crate) async fn beat(meters: u32, beats: i64) -> Beaten {
    let (place, their_place) = (directory(), directory());
    let ids = (0..meters).map(|_| EquipmentId::new()).collect();
    let ours = Ours::open(&place.path().join("data"), ids, BEAT_MS);
    let sqlite = Sqlite::open(their_place.path(), BEAT_MS);
    // Nine in the morning: the shifts run.
    let start = START_MS + 9 * HOUR_MS;
    let mut fleet = Fleet::new(Kind::Quantised, meters, start, BEAT_MS);
    let (mut our_times, mut their_times) = (Times::default(), Times::default());
    let process = Process::own();
    let looking = process.cpu_of_looking();
    for number in 0..beats {
        let at = start + number * BEAT_MS;
        let said = fleet.until(at + BEAT_MS);
        let batches = Arc::new(ours.batches(&said));
        let given = Arc::clone(&batches);
        let (cpu, written, began) = (process.cpu(), process.written(), Instant::now());
        ours.tick(given).await;
        our_times.note(began);
        our_times.cpu_s += process.cpu().since(cpu);
        our_times.written += process.written() - written;
        let closed = (number > 0 && at % QUARTER_MS == 0).then_some((at - QUARTER_MS, meters));
        let (cpu, written, began) = (process.cpu(), process.written(), Instant::now());
        sqlite.append(&said, closed);
        their_times.note(began);
        their_times.cpu_s += process.cpu().since(cpu);
        their_times.written += process.written() - written;
    }
    for times in [&mut our_times, &mut their_times] {
        times.cpu_s = (times.cpu_s - looking * times.runs()).max(0.0);
    }
    ours.close();
    Beaten {
        ours: our_times,
        theirs: their_times,
        place,
    }
}

/// Measures and prints.
pub(crate) async fn run(sizes: &[(u32, i64)]) {
    let title = "durable tick every 5 s, quarters closed on the way (p50 / p99 / worst, ms)";
    let head = ["series x ticks", "", "indusmind", "SQLite", "ratio"];
    let mut table = Table::new(title, &head);
    let mut memory = Vec::new();
    for (meters, beats) in sizes {
        let beaten = beat(*meters, *beats).await;
        let series = *meters as usize * METRICS.len();
        let walls = |t: &Times| {
            [0.5, 0.99, 1.0]
                .map(|share| figure(t.share_ms(share)))
                .join(" / ")
        };
        let (ours, theirs) = (&beaten.ours, &beaten.theirs);
        let name = format!("{series} x {beats}");
        let by = ratio(theirs.share_ms(0.5), ours.share_ms(0.5));
        table.line([name, "wall".into(), walls(ours), walls(theirs), by]);
        let (a, b) = (ours.cpu_ms(), theirs.cpu_ms());
        let row = [
            String::new(),
            "CPU, ms".into(),
            figure(a),
            figure(b),
            ratio(b, a),
        ];
        table.line(row);
        let kb = |t: &Times| t.written as f64 / 1e3 / t.runs();
        let (a, b) = (kb(ours), kb(theirs));
        let row = [
            String::new(),
            "written, kB".into(),
            figure(a),
            figure(b),
            ratio(b, a),
        ];
        table.line(row);
        let resident = restart::resident(&beaten.place.path().join("data")).await;
        memory.push(format!("{series} series {} MB", resident / 1_000_000));
    }
    table.print();
    println!(
        "  resident memory of the program, started on these: {}",
        memory.join(", ")
    );
}

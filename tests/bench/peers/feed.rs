//! Readings as lines of text, as both peers take them.

use super::server::Server;
use crate::fixture::Shape;
use crate::fleet::{Fleet, Said};
use crate::generator::{Kind, METRICS};
use crate::measure::Times;
use crate::questions::{DAY_MS, HOUR_MS, START_MS};
use std::fmt::Write as _;
use std::time::Instant;

/// Lines of one request.
const LINES: usize = 10_000;
/// Ticks that are timed.
pub(crate) const TICKS: i64 = 400;

fn lines(said: &[Said]) -> String {
    let mut text = String::new();
    for said in said {
        write!(text, "plant,meter={} ", said.meter).unwrap();
        for (number, (spec, value)) in METRICS.iter().zip(said.tick.values).enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(text, "{comma}{}={value}", spec.metric).unwrap();
        }
        writeln!(text, " {}", said.tick.at_ms).unwrap();
    }
    text
}

/// Loads the set; the CPU is the server's.
pub(crate) async fn load(server: &Server, shape: Shape) -> Times {
    let mut fleet = Fleet::new(shape.kind, shape.meters, START_MS, shape.interval_ms);
    let (mut times, cpu) = (Times::default(), server.process().cpu());
    for part in 1..=shape.days * 4 {
        let said = fleet.until(START_MS + part * DAY_MS / 4);
        for said in said.chunks(LINES) {
            let text = lines(said);
            let began = Instant::now();
            server.write("bench", text).await;
            times.note(began);
        }
    }
    times.cpu_s = server.process().cpu().since(cpu);
    times
}

/// Ticks of 50 meters, one request each.
pub(crate) async fn ticks(server: &Server) -> Times {
    let start = START_MS + 9 * HOUR_MS;
    let mut fleet = Fleet::new(Kind::Quantised, 50, start, 5_000);
    let (mut times, cpu) = (Times::default(), server.process().cpu());
    for tick in 1..=TICKS {
        let said = fleet.until(start + tick * 5_000);
        let text = lines(&said).replace("plant,", "beat,");
        let began = Instant::now();
        server.write("tick", text).await;
        times.note(began);
    }
    times.cpu_s = server.process().cpu().since(cpu);
    times
}

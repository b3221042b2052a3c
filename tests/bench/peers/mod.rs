//! InfluxDB and VictoriaMetrics beside ours: the same readings, the same questions, over HTTP on
//! the loopback, each in a process of its own.

mod answers;
mod feed;
mod server;
mod words;

use crate::fixture::{Set, Shape, directory};
use crate::measure::{Times, allocated};
use crate::questions;
use crate::report::{Table, figure, ratio};
use crate::served::Served;
use crate::ticks;
use server::{Program, Server};
use std::path::Path;

/// A peer with the set in it.
struct Loaded {
    server: Server,
    load: Times,
    bytes: u64,
    resident_after_load: u64,
    tick: Times,
    restart_s: f64,
}

async fn load(program: Program, programs: &Path, place: &Path, set: &Set, shape: Shape) -> Loaded {
    let mut server = Server::start(program, programs, place).await;
    server.make("bench").await;
    server.make("tick").await;
    let load = feed::load(&server, shape).await;
    let resident_after_load = server.process().resident();
    if program == Program::Influx {
        for text in words::influx_roll_up(set.range()) {
            server.post_query(&text).await;
        }
    }
    server.settle().await;
    let restart_s = server.restart().await;
    server.settle().await;
    // What it can lose without losing a reading is not its size.
    let bytes = allocated(place, &["cache", "wal"]);
    let tick = feed::ticks(&server).await;
    Loaded {
        server,
        load,
        bytes,
        resident_after_load,
        tick,
        restart_s,
    }
}

/// Measures and prints.
pub(crate) async fn run(shape: Shape, programs: &Path) {
    let mut set = Set::load(shape).await;
    println!("\nours is loaded: {:.1} M samples", set.samples / 1e6);
    let (influx_place, victoria_place) = (directory(), directory());
    let influx = load(Program::Influx, programs, influx_place.path(), &set, shape).await;
    println!("InfluxDB is loaded");
    let victoria = load(
        Program::Victoria,
        programs,
        victoria_place.path(),
        &set,
        shape,
    )
    .await;
    println!("VictoriaMetrics is loaded");
    let (_, our_bytes) = set.ours().bytes();
    let our_load = std::mem::take(&mut set.our_load);
    let all = questions::of_days(shape.days, shape.meters);
    let all: Vec<_> = all.iter().map(|one| answers::prepare(&set, one)).collect();
    let served = Served::start(&set.release(), set.range().1).await;
    answers::run(&served, &all, (&influx.server, &victoria.server)).await;
    let our_resident = served.process().resident();
    served.stop();
    let our_tick = ticks::beat(50, feed::TICKS).await.ours;
    let ours = (&our_load, our_bytes, our_resident, &our_tick);
    print_rest(&set, ours, &[&influx, &victoria]);
    influx.server.stop();
    victoria.server.stop();
}

fn print_rest(
    set: &Set,
    (our_load, our_bytes, our_resident, our_tick): (&Times, u64, u64, &Times),
    peers: &[&Loaded; 2],
) {
    let title = "the rest (CPU of a peer: its server; ours is loaded and ticks in process)";
    let head = ["", "indusmind", "InfluxDB", "", "VictoriaMetrics", ""];
    let mut table = Table::new(title, &head);
    let mut line = |name: &str, ours: f64, theirs: &dyn Fn(&Loaded) -> f64| {
        let mut cells = vec![name.to_owned(), figure(ours)];
        for peer in peers {
            cells.push(figure(theirs(peer)));
            cells.push(ratio(theirs(peer), ours));
        }
        table.line(cells);
    };
    let us = |seconds: f64| seconds * 1e6 / set.samples;
    line("load, CPU us/sample", us(our_load.cpu_s), &|peer| {
        us(peer.load.cpu_s)
    });
    line("load, wall us/sample", us(our_load.wall_s()), &|peer| {
        us(peer.load.wall_s())
    });
    let per = |bytes: u64| bytes as f64 / set.samples;
    line(
        "bytes/sample on disk, with rollups",
        per(our_bytes),
        &|peer| per(peer.bytes),
    );
    line(
        "tick of 500 values, p50 ms",
        our_tick.share_ms(0.5),
        &|peer| peer.tick.share_ms(0.5),
    );
    line(
        "tick of 500 values, p99 ms",
        our_tick.share_ms(0.99),
        &|peer| peer.tick.share_ms(0.99),
    );
    line("tick of 500 values, CPU ms", our_tick.cpu_ms(), &|peer| {
        peer.tick.cpu_ms()
    });
    let mb = |bytes: u64| bytes as f64 / 1e6;
    line(
        "memory after the questions, MB",
        mb(our_resident),
        &|peer| mb(peer.server.process().resident()),
    );
    table.print();
    for peer in peers {
        println!(
            "  {}: {} MB after the load, ready {} s after a restart with its history",
            peer.server.program.name(),
            peer.resident_after_load / 1_000_000,
            figure(peer.restart_s),
        );
    }
    println!(
        "  a tick is on disk for indusmind and InfluxDB when it is answered, for VictoriaMetrics some seconds later"
    );
}

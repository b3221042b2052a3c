//! What sealed readings take and cost, beside two baselines in the same run: plain bit packing and
//! pco. `INDUSMIND_BENCH=full` measures thirty days instead of three.
//!
//! Sizes are exact and the same on every machine; times are those of one core, whatever else runs.

#![allow(
    missing_docs,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::unwrap_used
)]

#[allow(dead_code)] // the other benches use the rest of it
mod generator;
#[path = "codec/rollups.rs"]
mod rollups;

use generator::{Kind, METRICS, Meter};
use indusmind::base::{Metric, Phase, Quality};
use indusmind::tsdb::SeriesId;
use indusmind::tsdb::pack::{Chunk, ChunkView, Column, Role, State, Values, encode};
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const METERS: u32 = 10;
const INTERVAL_MS: i64 = 5_000;
/// How often one column is read: the processor time is counted in ticks of some ms.
const ROUNDS: u32 = 20;
const HOUR_MS: i64 = 3_600_000;
/// A Monday.
const START_MS: i64 = 1_772_409_600_000;

fn main() {
    let full = std::env::var("INDUSMIND_BENCH").is_ok_and(|value| value == "full");
    let days = if full { 30 } else { 3 };
    for kind in [Kind::Quantised, Kind::NoisyFloat] {
        println!(
            "{kind:?}: {METERS} meters, {days} days, every {} s",
            INTERVAL_MS / 1_000
        );
        for (form, span) in [("hour", HOUR_MS), ("day", 24 * HOUR_MS)] {
            let chunks: Vec<Chunk> = (0..METERS)
                .flat_map(|meter| chunks(kind, meter, days, span))
                .collect();
            heading(form);
            baseline("bit packing", &chunks, bp128, un_bp128);
            baseline("pco level 8", &chunks, pco_pack, pco_unpack);
            ours(&chunks);
        }
    }
    rollups::print(days);
}

/// The readings of a meter, cut into chunks of one span.
fn chunks(kind: Kind, meter: u32, days: i64, span_ms: i64) -> Vec<Chunk> {
    let end = START_MS + days * 24 * HOUR_MS;
    let ticks: Vec<_> = Meter::new(kind, meter, START_MS, INTERVAL_MS)
        .take_while(|tick| tick.at_ms < end)
        .collect();
    let same_span = |one: &generator::Tick, other: &generator::Tick| {
        one.at_ms.div_euclid(span_ms) == other.at_ms.div_euclid(span_ms)
    };
    ticks.chunk_by(same_span).map(chunk).collect()
}

fn chunk(ticks: &[generator::Tick]) -> Chunk {
    let count = u32::try_from(ticks.len()).unwrap();
    let column = |(number, spec): (usize, &generator::Spec)| {
        let values: Vec<f64> = ticks.iter().map(|tick| tick.values[number]).collect();
        Column {
            series: SeriesId(u32::try_from(number).unwrap()),
            role: Role::of(&Metric::new(spec.metric).unwrap(), Phase::Total),
            states: vec![(count, State::Value(Quality::Good))],
            values: Values::from_f64(&values),
        }
    };
    Chunk {
        times: ticks.iter().map(|tick| tick.at_ms).collect(),
        intervals: vec![(count, u32::try_from(INTERVAL_MS).unwrap())],
        columns: METRICS.iter().enumerate().map(column).collect(),
    }
}

fn heading(form: &str) {
    print!("  {form:<14}");
    METRICS
        .iter()
        .for_each(|spec| print!("{:>8}", &spec.metric[..spec.metric.len().min(7)]));
    println!("   B/sample  enc ns  dec ns  power ns");
}

/// What one form took: bytes by metric, all bytes, and the times of packing, unpacking all, and
/// unpacking `power` alone.
#[derive(Default)]
struct Result {
    bytes: [usize; METRICS.len()],
    total: usize,
    samples: usize,
    pack: Duration,
    unpack: Duration,
    power: Duration,
}

impl Result {
    fn print(&self, name: &str) {
        print!("  {name:<14}");
        let per_metric = self.samples as f64 / METRICS.len() as f64;
        self.bytes
            .iter()
            .for_each(|bytes| print!("{:8.3}", *bytes as f64 / per_metric));
        let each = |time: Duration, samples: f64| time.as_secs_f64() * 1e9 / samples;
        let samples = self.samples as f64;
        println!(
            "{:11.3}{:8.1}{:8.1}{:10.1}",
            self.total as f64 / samples,
            each(self.pack, samples),
            each(self.unpack, samples),
            each(self.power, per_metric)
        );
    }
}

/// Processor time of this thread so far; of the wall clock where the system does not tell.
fn busy() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split(' ').next().and_then(|word| word.parse().ok());
    static START: OnceLock<Instant> = OnceLock::new();
    first.map_or_else(
        || START.get_or_init(Instant::now).elapsed(),
        Duration::from_nanos,
    )
}

/// Does some work and adds the processor time that it took.
fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = busy();
    let made = black_box(work());
    *total += busy() - start;
    made
}

fn ours(chunks: &[Chunk]) {
    let mut result = Result::default();
    let mut again = Column::empty(SeriesId(0));
    let packed: Vec<Vec<u8>> = timed(&mut result.pack, || chunks.iter().map(encode).collect());
    let open = |bytes| ChunkView::open(bytes).unwrap();
    let read: Vec<Chunk> = timed(&mut result.unpack, || {
        packed
            .iter()
            .map(|bytes| open(bytes).decode().unwrap())
            .collect()
    });
    timed(&mut result.power, || {
        let power = (0..ROUNDS).flat_map(|_| &packed);
        power
            .filter(|bytes| open(bytes).column_into(SeriesId(0), &mut again).unwrap())
            .count()
    });
    result.power /= ROUNDS;
    for ((chunk, read), bytes) in chunks.iter().zip(&read).zip(&packed) {
        let same = |(one, other): (&Column, &Column)| one.values == other.values;
        assert!(read.times == chunk.times && read.columns.iter().zip(&chunk.columns).all(same));
        for (series, size) in open(bytes).sizes() {
            result.bytes[series.0 as usize] += size;
        }
        result.total += bytes.len();
        result.samples += chunk.times.len() * chunk.columns.len();
    }
    result.print("this");
}

/// A baseline packs each column by itself; the ticks are not counted.
fn baseline(
    name: &str,
    chunks: &[Chunk],
    pack: fn(&Values) -> Vec<u8>,
    unpack: fn(&[u8], &Values) -> Values,
) {
    let mut result = Result::default();
    let columns: Vec<&Column> = chunks.iter().flat_map(|chunk| &chunk.columns).collect();
    let packed: Vec<Vec<u8>> = timed(&mut result.pack, || {
        columns.iter().map(|column| pack(&column.values)).collect()
    });
    let pairs: Vec<_> = packed.iter().zip(&columns).collect();
    let read: Vec<Values> = timed(&mut result.unpack, || {
        pairs
            .iter()
            .map(|(bytes, column)| unpack(bytes, &column.values))
            .collect()
    });
    let power: Vec<_> = pairs
        .iter()
        .filter(|(_, column)| column.series.0 == 0)
        .collect();
    timed(&mut result.power, || {
        (0..ROUNDS)
            .flat_map(|_| &power)
            .map(|(bytes, column)| black_box(unpack(bytes, &column.values)).len())
            .sum::<usize>()
    });
    result.power /= ROUNDS;
    for ((bytes, column), read) in pairs.iter().zip(&read) {
        assert!(*read == column.values, "{name} loses values");
        result.bytes[column.series.0 as usize] += bytes.len();
        result.total += bytes.len();
        result.samples += column.values.len();
    }
    result.print(name);
}

fn pco_pack(values: &Values) -> Vec<u8> {
    let config = pco::ChunkConfig::default();
    match values {
        Values::Decimal { ints, .. } => pco::standalone::simple_compress(ints, &config),
        Values::Float(floats) => {
            let floats: Vec<f32> = floats.iter().map(|float| *float as f32).collect();
            pco::standalone::simple_compress(&floats, &config)
        }
    }
    .unwrap()
}

fn pco_unpack(bytes: &[u8], like: &Values) -> Values {
    match like {
        Values::Decimal { places, .. } => Values::Decimal {
            places: *places,
            ints: pco::standalone::simple_decompress(bytes).unwrap(),
        },
        Values::Float(_) => {
            let floats: Vec<f32> = pco::standalone::simple_decompress(bytes).unwrap();
            Values::Float(floats.into_iter().map(f64::from).collect())
        }
    }
}

/// Blocks of 128 steps, each with its own number of bits; floats by their bits.
fn bp128(values: &Values) -> Vec<u8> {
    let ints: Vec<i64> = match values {
        Values::Decimal { ints, .. } => ints.clone(),
        Values::Float(floats) => floats
            .iter()
            .map(|float| i64::from((*float as f32).to_bits()))
            .collect(),
    };
    let (mut out, mut last) = (Vec::new(), 0);
    for block in ints.chunks(128) {
        let steps: Vec<u64> = block
            .iter()
            .map(|int| {
                let step = int - last;
                last = *int;
                ((step << 1) ^ (step >> 63)) as u64
            })
            .collect();
        let width = 64 - steps.iter().fold(0, |all, step| all | step).leading_zeros();
        out.push(width as u8);
        let (mut held, mut count) = (0_u128, 0);
        for step in steps {
            held |= u128::from(step) << count;
            count += width;
            while count >= 8 {
                out.push(held as u8);
                held >>= 8;
                count -= 8;
            }
        }
        if count > 0 {
            out.push(held as u8);
        }
    }
    out
}

fn un_bp128(mut bytes: &[u8], like: &Values) -> Values {
    let (mut ints, mut last) = (Vec::with_capacity(like.len()), 0_i64);
    while ints.len() < like.len() {
        let width = usize::from(bytes[0]);
        let count = (like.len() - ints.len()).min(128);
        let block = &bytes[1..];
        for n in 0..count {
            let at = n * width;
            let mut word = [0; 16];
            let rest = &block[(at / 8).min(block.len())..];
            let length = rest.len().min(16);
            word[..length].copy_from_slice(&rest[..length]);
            let step = (u128::from_le_bytes(word) >> (at % 8)) as u64 & ((1_u64 << width) - 1);
            last += (step >> 1) as i64 ^ -((step & 1) as i64);
            ints.push(last);
        }
        bytes = &block[(count * width).div_ceil(8)..];
    }
    match like {
        Values::Decimal { places, .. } => Values::Decimal {
            places: *places,
            ints,
        },
        Values::Float(_) => Values::Float(
            ints.iter()
                .map(|int| f64::from(f32::from_bits(*int as u32)))
                .collect(),
        ),
    }
}

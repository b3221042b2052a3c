//! What must hold for every chunk and every block of rows, shown on many of them.

use super::*;
use crate::tsdb::rollup::Summary;
use proptest::prelude::*;

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-3_000_000..3_000_000_i64, 0..5_i32).prop_map(|(int, places)| int as f64 / 10_f64.powi(places)),
        1 => any::<f64>().prop_filter("readings are numbers", |value| !value.is_nan()),
        1 => proptest::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 9e15, f64::INFINITY]),
    ]
}

fn any_state() -> impl Strategy<Value = State> {
    let quality = || (0..6_u8).prop_map(|code| Quality::from_code(code).unwrap());
    prop_oneof![
        6 => quality().prop_map(State::Value),
        1 => quality().prop_map(State::None),
        1 => Just(State::Absent),
    ]
}

/// Values of one shape or another, as many as asked for.
fn any_values(count: usize) -> BoxedStrategy<Values> {
    let wandering = (
        0..7_u8,
        1..99_i64,
        proptest::collection::vec(-9..10_i64, count),
    )
        .prop_map(|(places, grain, steps)| {
            let mut at = 4_000;
            let ints = steps
                .iter()
                .map(|step| {
                    at += step * grain;
                    at
                })
                .collect();
            Values::Decimal { places, ints }
        });
    prop_oneof![
        3 => wandering,
        1 => (0..7_u8, proptest::collection::vec(any::<i64>(), count))
            .prop_map(|(places, ints)| Values::Decimal { places, ints }),
        2 => proptest::collection::vec(any_value(), count).prop_map(|values| Values::from_f64(&values)),
        1 => proptest::collection::vec(any_value(), count).prop_map(Values::Float),
    ]
    .boxed()
}

fn any_role() -> impl Strategy<Value = Role> {
    let names = vec![
        "power",
        "reactive_power",
        "apparent_power",
        "power_factor",
        "voltage",
        "current",
        "consumption",
        "frequency",
        "thd",
    ];
    (proptest::sample::select(names), 0..4_usize).prop_map(|(name, phase)| {
        let phase = [Phase::Total, Phase::L1, Phase::L2, Phase::L3][phase];
        Role::of(&Metric::new(name).unwrap(), phase)
    })
}

fn any_column(ticks: usize) -> impl Strategy<Value = Column> {
    let states = proptest::collection::vec((1..60_u32, any_state()), 1..12);
    (states, any_role()).prop_flat_map(move |(mut runs, role)| {
        let mut left = u32::try_from(ticks).unwrap();
        for run in &mut runs {
            run.0 = run.0.min(left);
            left -= run.0;
        }
        runs.retain(|run| run.0 > 0);
        if left > 0 {
            runs.push((left, State::Value(Quality::Good)));
        }
        let count = states::values_of(&runs);
        any_values(count).prop_map(move |values| Column {
            series: SeriesId(0),
            role,
            states: runs.clone(),
            values,
        })
    })
}

fn any_times() -> impl Strategy<Value = (Vec<i64>, Vec<(u32, u32)>)> {
    let step = prop_oneof![30 => Just(5_000_i64), 3 => 4_000..6_000_i64, 1 => 1..90_000_000_i64];
    let steps = proptest::collection::vec(step, 0..200);
    (steps, any::<i32>(), 0..3_usize, any::<u16>()).prop_map(|(steps, start, cuts, interval)| {
        let mut at = i64::from(start) * 1_000;
        let times: Vec<i64> = steps
            .iter()
            .map(|step| {
                at += step;
                at
            })
            .collect();
        let mut intervals = Vec::new();
        let mut left = u32::try_from(times.len()).unwrap();
        for cut in 0..cuts {
            let run = (left / 2).min(40);
            if run > 0 {
                intervals.push((run, [5_000, u32::from(interval)][cut % 2]));
                left -= run;
            }
        }
        if left > 0 {
            intervals.push((left, 5_000));
        }
        (times, intervals)
    })
}

fn any_chunk() -> impl Strategy<Value = Chunk> {
    any_times().prop_flat_map(|(times, intervals)| {
        let columns = proptest::collection::vec((any_column(times.len()), 0..9_u32), 0..6);
        columns.prop_map(move |columns| {
            let mut series = 0;
            let columns = columns.into_iter().map(|(mut column, gap)| {
                series += 1 + gap;
                column.series = SeriesId(series);
                column
            });
            Chunk {
                times: times.clone(),
                intervals: intervals.clone(),
                columns: columns.collect(),
            }
        })
    })
}

/// What is read knows no roles.
fn without_roles(mut chunk: Chunk) -> Chunk {
    for column in &mut chunk.columns {
        column.role = Role::OTHER;
    }
    chunk
}

fn any_summary() -> impl Strategy<Value = Option<Summary>> {
    let figure =
        |places: i32| (-900_000..900_000_i64).prop_map(move |int| int as f64 / 10_f64.powi(places));
    let places = prop_oneof![4 => Just(1), 1 => Just(3)];
    let row = places.prop_flat_map(move |places| {
        (
            figure(places),
            figure(places),
            figure(places),
            figure(places),
            any_value(),
            0..900_000_u32,
            0..999_u32,
            0..8,
        )
            .prop_map(
                |(min, max, last, delta, odd, covered_ms, count, kind)| Summary {
                    min,
                    max,
                    last,
                    weighted_sum: if kind == 0 { odd } else { min * 5_000.0 },
                    delta,
                    covered_ms,
                    count,
                    qualities: if kind == 1 { 9 } else { 1 },
                },
            )
    });
    proptest::option::weighted(0.9, row)
}

fn any_rows() -> impl Strategy<Value = Rows> {
    (0..80_usize, any::<i64>(), any::<u32>()).prop_flat_map(|(slots, start, step_ms)| {
        let column = proptest::collection::vec(any_summary(), slots);
        proptest::collection::vec(column, 0..4).prop_map(move |columns| Rows {
            start,
            step_ms,
            slots: u32::try_from(slots).unwrap(),
            columns: (5..)
                .zip(columns)
                .map(|(series, rows)| RowColumn {
                    series: SeriesId(series * 3),
                    rows,
                })
                .collect(),
        })
    })
}

/// The bits of a block of rows: `==` would take 0.0 for -0.0.
fn bits(rows: &Rows) -> Vec<Option<[u64; 7]>> {
    let of = |row: &Summary| {
        let floats = [row.min, row.max, row.last, row.weighted_sum, row.delta].map(f64::to_bits);
        [
            floats[0],
            floats[1],
            floats[2],
            floats[3],
            floats[4],
            row.covered_ms.into(),
            row.count.into(),
        ]
    };
    let all = rows.columns.iter().flat_map(|column| &column.rows);
    all.map(|row| row.as_ref().map(of)).collect()
}

/// Reads all that a view offers; what matters is that it ends.
fn read_all(bytes: &[u8]) -> bool {
    let chunk = ChunkView::open(bytes).and_then(|view| view.decode());
    let rows = RowsView::open(bytes).and_then(|view| view.decode());
    chunk.is_ok() || rows.is_ok()
}

/// A day of a machine: a load that goes on and off, what follows from it, and its counter.
fn any_day() -> impl Strategy<Value = Chunk> {
    let noise = proptest::collection::vec(-9..10_i64, 2040..4200);
    (noise, 1..900_usize).prop_map(|(noise, cycle)| {
        let (ticks, mut kwh) = (u32::try_from(noise.len()).unwrap(), 90_000);
        let loads: Vec<i64> = (0..)
            .zip(&noise)
            .map(|(n, noise)| [0, 4_000 + noise][n / cycle % 2])
            .collect();
        let counter = loads
            .iter()
            .map(|load| {
                kwh += load / 700;
                kwh
            })
            .collect();
        let currents = loads
            .iter()
            .zip(noise.iter().rev())
            .map(|(load, noise)| load / 3 + noise / 4)
            .collect();
        let columns = [
            ("power", loads),
            ("consumption", counter),
            ("current", currents),
            ("voltage", noise),
        ];
        let column = |(n, (name, ints)): (u32, (&str, Vec<i64>))| Column {
            series: SeriesId(n),
            role: Role::of(&Metric::new(name).unwrap(), Phase::Total),
            states: vec![(ticks, State::Value(Quality::Good))],
            values: Values::Decimal { places: 2, ints },
        };
        Chunk {
            times: (0..i64::from(ticks)).map(|n| n * 5_000).collect(),
            intervals: vec![(ticks, 5_000)],
            columns: (0..).zip(columns).map(column).collect(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_day_comes_back_bit_for_bit(chunk in any_day()) {
        let bytes = encode(&chunk);
        let view = ChunkView::open(&bytes).unwrap();
        prop_assert_eq!(view.decode().unwrap(), without_roles(chunk.clone()));
        let alone = view.column(SeriesId(2)).unwrap().unwrap();
        prop_assert_eq!(alone.values, chunk.columns[2].values.clone());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_chunk_comes_back_bit_for_bit(chunk in any_chunk()) {
        let bytes = encode(&chunk);
        let view = ChunkView::open(&bytes).unwrap();
        prop_assert_eq!(view.decode().unwrap(), without_roles(chunk.clone()));
        let mut again = Column::empty(SeriesId(0));
        for column in &chunk.columns {
            prop_assert!(view.column_into(column.series, &mut again).unwrap());
            prop_assert_eq!(&again.values, &column.values);
            prop_assert_eq!(&again.states, &column.states);
        }
        prop_assert!(view.column(SeriesId(90_000)).unwrap().is_none());
    }

    #[test]
    fn rows_come_back_bit_for_bit(rows in any_rows(), cut in (0_usize..80, 0_usize..80)) {
        let bytes = encode_rows(&rows);
        let view = RowsView::open(&bytes).unwrap();
        let mut scratch = Scratch::default();
        let mut reader = view.reader(&mut scratch);
        let (slots, first, end) = (rows.slots as usize, cut.0.min(cut.1), cut.0.max(cut.1));
        let there = first.min(slots)..end.min(slots);
        for column in &rows.columns {
            // Behind the last slot there is nothing, whatever was there before.
            let mut part = vec![Some(Summary::of(7.0, 7, 7.0)); end - first];
            prop_assert!(reader.column(column.series, first, &mut part).unwrap());
            prop_assert!(part[there.len()..].iter().all(Option::is_none));
            let of = |part: &[Option<Summary>]| bits(&Rows {
                columns: vec![RowColumn { series: column.series, rows: part.to_vec() }],
                ..rows.clone()
            });
            prop_assert_eq!(of(&part[..there.len()]), of(&column.rows[there.clone()]));
        }
        let mut nothing = vec![Some(Summary::of(7.0, 7, 7.0)); 3];
        prop_assert!(!reader.column(SeriesId(90_000), 0, &mut nothing).unwrap());
        prop_assert!(nothing.iter().all(Option::is_none));
        let read = RowsView::open(&bytes).unwrap().decode().unwrap();
        prop_assert_eq!(bits(&read), bits(&rows));
        prop_assert_eq!((read.start, read.step_ms, read.slots), (rows.start, rows.step_ms, rows.slots));
        let series: Vec<_> = RowsView::open(&bytes).unwrap().series().collect();
        prop_assert_eq!(series, rows.columns.iter().map(|column| column.series).collect::<Vec<_>>());
    }

    #[test]
    fn values_are_decimals_only_when_that_is_exact(values in proptest::collection::vec(any_value(), 0..40)) {
        let packed = Values::from_f64(&values);
        let read: Vec<u64> = packed.to_f64().iter().map(|value| value.to_bits()).collect();
        prop_assert_eq!(read, values.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
    }

    #[test]
    fn a_flipped_bit_is_an_error(chunk in any_chunk(), rows in any_rows(), place: proptest::sample::Index, bit in 0..8) {
        for mut bytes in [encode(&chunk), encode_rows(&rows)] {
            let place = place.index(bytes.len());
            bytes[place] ^= 1_u8 << bit;
            prop_assert!(!read_all(&bytes));
        }
    }

    #[test]
    fn a_cut_is_an_error(chunk in any_chunk(), place: proptest::sample::Index) {
        let bytes = encode(&chunk);
        prop_assert!(!read_all(&bytes[..place.index(bytes.len())]));
    }

    #[test]
    fn rubbish_behind_a_right_checksum_ends_quietly(
        chunk in any_chunk(), rows in any_rows(), rubbish in proptest::collection::vec(any::<(proptest::sample::Index, u8)>(), 1..6)
    ) {
        for mut bytes in [encode(&chunk), encode_rows(&rows)] {
            for (place, byte) in &rubbish {
                let place = place.index(bytes.len()).max(chunk::HEADER.min(bytes.len() - 1));
                bytes[place] = *byte;
            }
            chunk::seal(&mut bytes);
            read_all(&bytes);
        }
    }
}

//! What may happen in a random history of the store.

use super::{Change, CounterChange};
use proptest::prelude::*;

/// One step of a history. Times are minutes from the start.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Ticks of a device from a minute on: how many, how many seconds apart, off the grid by ms.
    Ticks {
        device: usize,
        from: i64,
        count: i64,
        every: i64,
        off: i64,
        seed: u64,
        /// Through the ticks, or as an archive.
        load: bool,
    },
    Correct {
        device: usize,
        series: usize,
        from: i64,
        length: i64,
        change: Change,
    },
    Undo(usize),
    /// A counter is exchanged, or its ratio changed.
    Event {
        device: usize,
        at: i64,
        change: CounterChange,
    },
    UndoEvent(usize),
    /// The upkeep, as if it were so many minutes after the start.
    Maintain(i64),
    SealNow,
    Restart,
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let ticks = (
        0..2usize,
        0..3_600i64,
        1..40i64,
        prop_oneof![Just(60), Just(300), Just(17), Just(1_800)],
        prop_oneof![3 => Just(0), 1 => 0..5_000i64],
        any::<u64>(),
        prop::bool::weighted(0.3),
    )
        .prop_map(
            |(device, from, count, every, off, seed, load)| Step::Ticks {
                device,
                from,
                count,
                every,
                off,
                seed,
                load,
            },
        );
    let change = prop_oneof![
        Just(Change::Exclude),
        Just(Change::Set(12.5)),
        Just(Change::Add(-3.25)),
        Just(Change::Multiply(10.0)),
    ];
    let correct = (0..2usize, 0..3usize, 0..3_600i64, 1..200i64, change).prop_map(
        |(device, series, from, length, change)| Step::Correct {
            device,
            series,
            from,
            length,
            change,
        },
    );
    let event = prop_oneof![
        (0..6_000i64, 0..2_000i64).prop_map(|(end, start)| CounterChange::Exchange {
            end_reading: end as f64 / 4.0,
            start_reading: start as f64,
        }),
        prop_oneof![Just(2.0), Just(0.5), Just(40.0)]
            .prop_map(|factor| CounterChange::Ratio { factor }),
    ];
    let event = (0..2usize, 0..3_600i64, event).prop_map(|(device, at, change)| Step::Event {
        device,
        at,
        change,
    });
    prop_oneof![
        8 => ticks,
        1 => correct,
        1 => event,
        1 => (0..4usize).prop_map(Step::UndoEvent),
        1 => (0..4usize).prop_map(Step::Undo),
        3 => (0..9_000i64).prop_map(Step::Maintain),
        1 => Just(Step::SealNow),
        1 => Just(Step::Restart),
    ]
}

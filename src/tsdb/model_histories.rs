//! Histories that once went wrong, each of them against the model.

use super::model::FLOAT;
use super::model_steps::Step;
use super::model_tests::World;
use super::{Change, CounterChange};

/// Ticks on the grid.
fn ticks(device: usize, from: i64, count: i64, every: i64, seed: u64, load: bool) -> Step {
    Step::Ticks {
        device,
        from,
        count,
        every,
        off: 0,
        seed,
        load,
    }
}

/// What came late, in two intervals, corrected or beside what was packed.
fn of_samples() -> Vec<Vec<Step>> {
    vec![
        // A sample that reaches over midnight, brought late beside a sealed hour.
        vec![
            ticks(0, 3_180, 25, 300, 0, true),
            ticks(0, 3_326, 38, 300, 1_706_537_689, true),
        ],
        // A corrected sample that reaches into the next hour.
        vec![
            ticks(1, 1_470, 27, 1_800, 2_705_976_317_847, true),
            Step::Correct {
                device: 1,
                series: FLOAT,
                from: 2_162,
                length: 112,
                change: Change::Multiply(10.0),
            },
        ],
        // A day that replaces hours which were there before.
        vec![
            ticks(1, 2_315, 26, 60, 0, true),
            ticks(1, 1_530, 36, 1_800, 12_701_950, true),
        ],
        // Two intervals in one hour, the longer one earlier.
        vec![
            ticks(1, 1_654, 1, 60, 22_442_877, false),
            ticks(1, 1_653, 14, 1_800, 3_404_147, false),
        ],
        // A month that is packed, and a straggler that names fewer series than it holds.
        vec![
            ticks(0, 0, 39, 1_800, 7, false),
            Step::Maintain(60_000),
            ticks(0, 5, 1, 17, 11, false),
            Step::Maintain(60_000),
        ],
    ]
}

/// Meters that were exchanged.
fn of_meters() -> Vec<Vec<Step>> {
    vec![
        // A meter exchanged in a gap that an archive closes.
        vec![
            ticks(1, 733, 1, 60, 0, false),
            Step::Event {
                device: 1,
                at: 1_734,
                change: CounterChange::Exchange {
                    end_reading: 1_458.5,
                    start_reading: 1_439.0,
                },
            },
            ticks(1, 2_015, 1, 60, 0, true),
        ],
        vec![
            ticks(0, 733, 1, 60, 0, false),
            Step::Event {
                device: 0,
                at: 1_734,
                change: CounterChange::Exchange {
                    end_reading: 1_458.5,
                    start_reading: 1_439.0,
                },
            },
            ticks(0, 2_015, 1, 60, 0, true),
        ],
        // A last reading of more places than the register, at the end of a silence.
        vec![
            ticks(0, 1_885, 1, 300, 124_668_118_506_885_129, false),
            Step::Event {
                device: 0,
                at: 1_885,
                change: CounterChange::Exchange {
                    end_reading: 1_465.75,
                    start_reading: 1_937.0,
                },
            },
            Step::Ticks {
                device: 0,
                from: 375,
                count: 35,
                every: 17,
                off: 2_201,
                seed: 17_057_114_199_826_310_745,
                load: true,
            },
        ],
        // The first reading of a new meter, and an archive that fills the silence after it.
        vec![
            ticks(1, 660, 1, 60, 9_183_075_590_853_065, false),
            Step::Event {
                device: 1,
                at: 496,
                change: CounterChange::Exchange {
                    end_reading: 912.25,
                    start_reading: 1_212.0,
                },
            },
            ticks(1, 1_877, 31, 1_800, 10_112_143_671_334_795_482, true),
        ],
    ]
}

/// What was entered of a meter and undone, in hours in which nothing was read.
fn of_undone() -> Vec<Vec<Step>> {
    let exchange = |device, at, end_reading, start_reading| Step::Event {
        device,
        at,
        change: CounterChange::Exchange {
            end_reading,
            start_reading,
        },
    };
    let ratio = |device, at, factor| Step::Event {
        device,
        at,
        change: CounterChange::Ratio { factor },
    };
    let off_grid = Step::Ticks {
        device: 1,
        from: 300,
        count: 1,
        every: 60,
        off: 20,
        seed: 81_291_791_256_075_317,
        load: false,
    };
    vec![
        vec![
            off_grid,
            ratio(1, 0, 2.0),
            exchange(1, 0, 0.0, 0.0),
            Step::Maintain(0),
            Step::UndoEvent(1),
        ],
        vec![
            ticks(1, 0, 1, 60, 53_810_505_273_406, false),
            exchange(1, 0, 984.0, 0.0),
            ticks(1, 181, 1, 60, 3_711_493_604_842_131_445, false),
            Step::Maintain(241),
            Step::UndoEvent(0),
        ],
        vec![
            ticks(1, 2_340, 1, 60, 0, false),
            Step::Ticks {
                device: 0,
                from: 526,
                count: 24,
                every: 60,
                off: 590,
                seed: 7_836_765_041_204_124_158,
                load: false,
            },
            ratio(0, 2_217, 2.0),
            Step::Maintain(507),
            ticks(0, 2_520, 30, 1_800, 4_134_394_480_193_104_534, false),
        ],
        // A new meter hours before the first reading of all.
        vec![
            ticks(0, 374, 2, 60, 642_648_124_935, false),
            exchange(0, 0, 0.0, 0.0),
            Step::SealNow,
            Step::UndoEvent(0),
        ],
    ]
}

#[tokio::test]
async fn what_once_went_wrong_stays_right() {
    for history in [of_samples(), of_meters(), of_undone()].concat() {
        let mut world = World::new();
        for step in history.iter().chain(&[Step::Maintain(20_000)]) {
            world.take(step).await;
            world.check("Asia/Kolkata");
        }
    }
}

//! Many meters side by side, read span by span.

use crate::generator::{Kind, Meter, Tick};
use std::iter::Peekable;

/// A tick and the number of its meter.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) meter: u32,
    pub(crate) tick: Tick,
}

/// Meters on one beat.
pub(crate) struct Fleet {
    meters: Vec<Peekable<Meter>>,
}

impl Fleet {
    /// So many meters.
    pub(crate) fn new(kind: Kind, meters: u32, start_ms: i64, interval_ms: i64) -> Self {
        let meter = |number| Meter::new(kind, number, start_ms, interval_ms).peekable();
        Self {
            meters: (0..meters).map(meter).collect(),
        }
    }

    /// What they say before this instant and was not said yet: meter by meter, each in order of
    /// time.
    pub(crate) fn until(&mut self, end_ms: i64) -> Vec<Said> {
        let mut said = Vec::new();
        for (number, meter) in (0..).zip(&mut self.meters) {
            while let Some(tick) = meter.next_if(|tick| tick.at_ms < end_ms) {
                said.push(Said {
                    meter: number,
                    tick,
                });
            }
        }
        said
    }
}

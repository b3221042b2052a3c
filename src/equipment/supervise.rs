//! The life of a line: it is started, and started again after a fault of ours.

use super::line_task::LineTask;
use super::link::Links;
use super::plausibility::Watch;
use super::poller::Device;
use super::pulse::{HANGS_AFTER, Pulse};
use super::visitor::Ask;
use crate::base::Clock;
use crate::ingest::Inlet;
use crate::modbus::{Endpoint, Journal};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// What every line uses.
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) inlet: Inlet,
    pub(super) links: Links,
    pub(super) watch: Watch,
}

/// Where a line leads, what is written down about it, and who else wants to ask there.
pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    pub(super) journal: Arc<Journal>,
    pub(super) asks: mpsc::Receiver<Ask>,
    pub(super) pulse: Pulse,
}

/// How long a line rests after a fault of ours, so that it does not spin.
const PANIC_PAUSE: Duration = Duration::from_secs(2);

/// How a line ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Nobody wants it any more.
    Unwanted,
    /// By a fault of ours.
    Failed,
    /// It did not get on with something, and was given up.
    Hung,
}

/// Runs a line until nobody wants it any more. A fault of ours on one line must not silence it
/// for ten years, nor the appliance with it: it is logged, and the line starts afresh.
pub(super) async fn supervise(
    shared: Arc<Shared>,
    mut place: Place,
    wanted: watch::Receiver<Vec<Device>>,
) {
    loop {
        let task = LineTask::new(Arc::clone(&shared), &place, wanted.clone());
        let (run, pulse) = (task.run(&mut place.asks), &place.pulse);
        let endpoint = &place.endpoint;
        match watched(run, pulse, HANGS_AFTER).await {
            End::Unwanted => return,
            End::Failed => {
                tracing::error!(%endpoint, "a poller failed inside and is started again");
            }
            End::Hung => tracing::error!(%endpoint, "a line hung and is opened anew"),
        }
        place.pulse.rests();
        tokio::time::sleep(PANIC_PAUSE).await;
    }
}

/// Runs until it ends, fails, or is at one thing for longer than this.
async fn watched(run: impl Future<Output = ()>, pulse: &Pulse, longer_than: Duration) -> End {
    let run = AssertUnwindSafe(run).catch_unwind();
    tokio::select! {
        ended = run => match ended {
            Ok(()) => End::Unwanted,
            Err(_) => End::Failed,
        },
        () = pulse.stops(longer_than) => End::Hung,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_hangs_fails_or_ends_is_told_apart() {
        let (pulse, long) = (Pulse::default(), Duration::from_secs(60));
        let ends = async {};
        assert_eq!(watched(ends, &pulse, long).await, End::Unwanted);
        let fails = async { panic!("a fault of ours") };
        assert_eq!(watched(fails, &pulse, long).await, End::Failed);
        // At work, and never through with it.
        let hangs = async {
            pulse.works();
            std::future::pending::<()>().await;
        };
        assert_eq!(watched(hangs, &pulse, Duration::ZERO).await, End::Hung);
        // Who waits for its next beat may do so for ever.
        pulse.rests();
        let waits = async {
            pulse.rests();
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(watched(waits, &pulse, Duration::ZERO).await, End::Unwanted);
    }
}

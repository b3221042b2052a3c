//! The life of a line: it is started, and started again after a fault of ours.

use super::line_task::LineTask;
use super::link::Links;
use super::plausibility::Watch;
use super::poller::Device;
use super::pulse::Pulse;
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
/// Runs a line until nobody wants it any more. A fault of ours on one line must not silence it
/// for ten years: it is logged, and the line starts afresh.
pub(super) async fn supervise(
    shared: Arc<Shared>,
    mut place: Place,
    wanted: watch::Receiver<Vec<Device>>,
) {
    loop {
        let task = LineTask::new(Arc::clone(&shared), &place, wanted.clone());
        let run = AssertUnwindSafe(task.run(&mut place.asks));
        if run.catch_unwind().await.is_ok() {
            return;
        }
        let endpoint = &place.endpoint;
        tracing::error!(%endpoint, "a poller failed inside and is started again");
        tokio::time::sleep(PANIC_PAUSE).await;
    }
}

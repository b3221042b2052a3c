//! What a report or an import needed for a minute is not kept for ten years.

use crate::base::glibc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often free memory goes back to the system.
const EVERY: Duration = Duration::from_secs(600);

/// Gives free memory back to the system until `stop`, first what the start needed.
pub async fn give_memory_back(stop: CancellationToken) {
    loop {
        if tokio::task::spawn_blocking(glibc::give_back).await.is_err() {
            return;
        }
        let slept = stop.run_until_cancelled(tokio::time::sleep(EVERY));
        if slept.await.is_none() {
            return;
        }
    }
}

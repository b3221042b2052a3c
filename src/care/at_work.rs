//! Work that goes on as long as the appliance does, and is begun again after a fault of ours: no
//! panic may silence the alerts or the backups until somebody notices.

use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long work rests after a fault; doubled after each, so that it does not spin.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest rest.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Who worked so long failed by another fault than before.
const LONG: Duration = Duration::from_secs(600);

/// Starts work that ends at `stop` only. `begin` is called again after each fault; what it said is
/// in the reports of faults.
///
/// # Panics
/// Outside a tokio runtime.
pub fn at_work<F, W>(what: &'static str, stop: &CancellationToken, begin: F) -> JoinHandle<()>
where
    F: Fn() -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(keep(what, stop.clone(), begin, PAUSE))
}

async fn keep<F, W>(what: &'static str, stop: CancellationToken, begin: F, first_pause: Duration)
where
    F: Fn() -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let mut pause = first_pause;
    loop {
        let began = Instant::now();
        if AssertUnwindSafe(begin()).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(what, "it failed inside and is begun again");
        if began.elapsed() >= LONG {
            pause = first_pause;
        }
        let rested = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        if rested.is_none() {
            return;
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn work_that_fails_inside_is_begun_again_and_ends_with_the_stop() {
        let stop = CancellationToken::new();
        let began = Arc::new(AtomicU32::new(0));
        let (times, asked) = (Arc::clone(&began), stop.clone());
        let begin = move || {
            let (times, asked) = (Arc::clone(&times), asked.clone());
            async move {
                assert!(times.fetch_add(1, Ordering::SeqCst) >= 3, "a fault of ours");
                asked.cancelled().await;
            }
        };
        let task = tokio::spawn(keep("a test", stop.clone(), begin, Duration::ZERO));
        while began.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
        assert!(!task.is_finished());
        stop.cancel();
        task.await.unwrap();
        assert_eq!(began.load(Ordering::SeqCst), 4);
    }

    async fn fails() {
        panic!("a fault of ours")
    }

    #[tokio::test]
    async fn nothing_is_begun_again_after_the_stop() {
        let stop = CancellationToken::new();
        stop.cancel();
        at_work("a test", &stop, fails).await.unwrap();
    }
}

//! What a launcher tells a running appliance. What it hears is in `care::Watchdog`.

use std::io::BufRead as _;
use tokio_util::sync::CancellationToken;

/// Listens to the launcher: `committed` calls `kept`, and the end of its voice asks for the stop.
pub(super) fn obey_launcher(stop: CancellationToken, kept: impl Fn() + Send + 'static) {
    if std::env::var_os("INDUSMIND_LAUNCHED").is_none() {
        return;
    }
    // A thread of its own: reading cannot be called off, and must not hold the runtime up.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line == "committed" {
                kept();
            }
        }
        stop.cancel();
    });
}

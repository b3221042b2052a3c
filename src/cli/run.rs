//! `indusmind run`: the appliance, until it is told to stop.

use super::{Boot, log, manager, open_page, page_of, say, say_where, stop_on_signal};
use crate::app::App;
use crate::base::{Error, Result, SystemClock};
use std::sync::Arc;

pub(super) async fn run((boot, portable): (Boot, bool)) -> Result<()> {
    let config = boot.load()?;
    let log = log::start(&config)?;
    crate::care::keep_reports(&config.data_dir);
    let app = App::start(&config, Arc::new(SystemClock)).await?;
    stop_on_signal(app.stop_signal())?;
    if !config.listen.ip().is_loopback() && !config.https() {
        tracing::warn!("plain HTTP is spoken to the network: whoever listens reads passwords");
    }
    let updates = Arc::clone(&app.context.updates);
    manager::obey_launcher(app.stop_signal(), move || updates.kept());
    say_where(&app, &config);
    let mut page = page_of(app.address, &config);
    if let Some(token) = app
        .context
        .auth
        .setup
        .show()
        .filter(|_| !app.context.auth.is_set_up())
    {
        say(&format!("Set-up token: {token}"));
        page = format!("{page}/setup#token={token}");
        say(&format!("Open {page} to begin."));
    }
    if portable {
        open_page(&page);
    }
    let restart = app.restart_signal();
    app.run_until_stopped().await;
    if restart.is_cancelled() {
        say("Starting again on what is stored now.");
        drop(log);
        return Err(start_again());
    }
    say("Stopped; everything is on disk.");
    Ok(())
}

/// Starts this program again in its own place, with what it was started with: nothing of the old
/// data stays in memory. Returns only when that cannot be done.
pub(super) fn start_again() -> Error {
    use std::os::unix::process::CommandExt as _;
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let cause = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env_remove("INDUSMIND_FELL")
        .exec();
    Error::internal("The program cannot start itself again. Start it by hand.").because(cause)
}

//! `indusmind run`: the appliance, until it is told to stop.

use super::{Boot, log, page_of, say, say_where, stop_on_signal};
use crate::app::App;
use crate::base::{Result, SystemClock};
use std::sync::Arc;

pub(super) async fn run(boot: Boot) -> Result<()> {
    let config = boot.load()?;
    let _log = log::start(&config)?;
    let app = App::start(&config, Arc::new(SystemClock)).await?;
    stop_on_signal(app.stop_signal())?;
    if !config.listen.ip().is_loopback() && !config.https() {
        tracing::warn!("plain HTTP is spoken to the network: whoever listens reads passwords");
    }
    say_where(&app, &config);
    if let Some(token) = app
        .context
        .auth
        .setup
        .show()
        .filter(|_| !app.context.auth.is_set_up())
    {
        say(&format!("Set-up token: {token}"));
        say(&format!(
            "Open {}/setup#token={token} to begin.",
            page_of(app.address, &config)
        ));
    }
    app.run_until_stopped().await;
    say("Stopped; everything is on disk.");
    Ok(())
}

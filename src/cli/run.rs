//! `indusmind run`: the appliance, until it is told to stop.

use super::{Boot, page_of, say, start_log, stop_on_signal};
use crate::app::App;
use crate::base::{Result, SystemClock};
use std::sync::Arc;

pub(super) async fn run(boot: Boot) -> Result<()> {
    let config = boot.load()?;
    start_log(&config)?;
    let app = App::start(&config, Arc::new(SystemClock)).await?;
    stop_on_signal(app.stop_signal())?;
    if !config.listen.ip().is_loopback() {
        tracing::warn!(
            "the page is served in plain text to the network: put a proxy with TLS before it"
        );
    }
    say(&format!("Listening on http://{}", app.address));
    say(&format!("Data in {}", config.data_dir.display()));
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
            page_of(app.address)
        ));
    }
    app.run_until_stopped().await;
    say("Stopped; everything is on disk.");
    Ok(())
}

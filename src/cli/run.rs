//! `indusmind run`: the appliance, until it is told to stop.

use super::{Boot, log, manager, open_page, page_of, say, say_where, stop_on_signal};
use crate::app::App;
use crate::base::{Result, SystemClock};
use std::sync::Arc;

pub(super) async fn run((boot, portable): (Boot, bool)) -> Result<()> {
    let config = boot.load()?;
    let _log = log::start(&config)?;
    let app = App::start(&config, Arc::new(SystemClock)).await?;
    stop_on_signal(app.stop_signal())?;
    if !config.listen.ip().is_loopback() && !config.https() {
        tracing::warn!("plain HTTP is spoken to the network: whoever listens reads passwords");
    }
    let updates = Arc::clone(&app.context.updates);
    manager::obey_launcher(app.stop_signal(), move || updates.kept());
    manager::ready(app.address, app.context.store.clone(), app.stop_signal());
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
    app.run_until_stopped().await;
    say("Stopped; everything is on disk.");
    Ok(())
}

//! What everything else stands on: the data, who people are, and the edge's certificates.

use crate::auth::{ApiTokens, Auth};
use crate::base::{Clock, Result};
use crate::care::at_work;
use crate::config::Config;
use crate::ingest::Intake;
use crate::live::Live;
use crate::local_name::LocalName;
use crate::machine;
use crate::site::Sites;
use crate::store::{Store, operations};
use crate::syslog::Forwarder;
use crate::tls::{self, Tls};
use crate::tsdb::Tsdb;
use crate::update::Updates;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Opened in the order of the data.
pub(super) struct Ground {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Store,
    pub(super) tsdb: Arc<Tsdb>,
    pub(super) live: Arc<Live>,
    pub(super) sites: Arc<Sites>,
    pub(super) stop: CancellationToken,
    pub(super) local_name: Arc<LocalName>,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) syslog: Option<Arc<Forwarder>>,
    pub(super) auth: Arc<Auth>,
    pub(super) api_tokens: Arc<ApiTokens>,
    pub(super) intake: Arc<Intake>,
    pub(super) updates: Arc<Updates>,
    /// How the program before this one fell.
    pub(super) fell: Option<String>,
}

impl Ground {
    /// Opens the data directory for an appliance that listens at `address`.
    ///
    /// # Errors
    /// Whatever stands in the way, with a sentence that says what to do.
    pub(super) async fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        address: SocketAddr,
    ) -> Result<Self> {
        let scheme = if config.https() { "https" } else { "http" };
        let store = Store::open(&config.data_dir, &format!("{scheme}://{address}"))?;
        operations::note_start(&store, clock.now()).await;
        let tsdb = Arc::new(Tsdb::open(&store)?);
        let live = Arc::new(Live::new(tsdb.latest()?));
        let sites = Arc::new(Sites::open(&store, Arc::clone(&clock))?);
        let stop = CancellationToken::new();
        let local_name = LocalName::new(config.edge.local_name.as_deref());
        let tls = open_tls(&store, &clock, (config, &local_name), &stop).await?;
        let syslog = start_syslog(&store, &clock, config, &stop)?;
        let auth = Auth::open(&store, Arc::clone(&clock), Arc::clone(&live)).await?;
        let api_tokens = Arc::new(ApiTokens::open(&store, Arc::clone(&clock))?);
        let intake = Intake::new(Arc::clone(&tsdb), Arc::clone(&live), Arc::clone(&clock));
        let updates = Updates::open(
            &store,
            Arc::clone(&clock),
            (config.home.clone(), config.update_test_key.as_deref()),
            stop.clone(),
        )?;
        let updates = Arc::new(updates);
        intake.set_keeper(Arc::clone(&updates) as _);
        Ok(Self {
            clock,
            store,
            tsdb,
            live,
            sites,
            stop,
            local_name,
            tls,
            syslog,
            auth: Arc::new(auth),
            api_tokens,
            intake: Arc::new(intake),
            updates,
            fell: config.fell.clone(),
        })
    }
}

/// Reads or makes the certificate, when HTTPS is spoken, and keeps it in order until `stop`.
async fn open_tls(
    store: &Store,
    clock: &Arc<dyn Clock>,
    (config, local_name): (&Config, &Arc<LocalName>),
    stop: &CancellationToken,
) -> Result<Option<Arc<Tls>>> {
    if !config.https() {
        return Ok(None);
    }
    let settings = tls::Settings {
        names: config.edge.names.clone(),
        files: config.certificate.clone(),
    };
    let local_name = Arc::clone(local_name);
    let machine: tls::Machine = Arc::new(move || {
        let mut here = machine::here();
        here.names.extend(local_name.names());
        here
    });
    let tls = Tls::open_on(store, Arc::clone(clock), settings, machine).await?;
    let tls = Arc::new(tls);
    let (kept, stops) = (Arc::clone(&tls), stop.clone());
    at_work("the certificates", stop, move || {
        Arc::clone(&kept).keep(stops.clone())
    });
    Ok(Some(tls))
}

/// Sends the audit log to its collector until `stop`, when there is one.
fn start_syslog(
    store: &Store,
    clock: &Arc<dyn Clock>,
    config: &Config,
    stop: &CancellationToken,
) -> Result<Option<Arc<Forwarder>>> {
    let Some(settings) = config.syslog.clone() else {
        return Ok(None);
    };
    let forwarder = Forwarder::open(store, Arc::clone(clock), settings)?;
    let forwarder = Arc::new(forwarder);
    let (sender, stops) = (Arc::clone(&forwarder), stop.clone());
    at_work("the way of the log to its collector", stop, move || {
        Arc::clone(&sender).run(stops.clone())
    });
    Ok(Some(forwarder))
}

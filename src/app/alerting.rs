//! What watches the readings and tells people: the alerts, and the outbox behind them.

use super::people::People;
use crate::alerts::{self, Alerts};
use crate::auth::Auth;
use crate::base::{Clock, Result};
use crate::equipment::Registry;
use crate::ingest::{Inlet, Intake};
use crate::live::Live;
use crate::notify::Notify;
use crate::site::Sites;
use crate::store::Store;
use crate::tsdb::Tsdb;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What alerts are about.
pub(super) type Watched<'a> = (
    &'a Arc<Registry>,
    &'a Arc<Sites>,
    &'a Arc<Tsdb>,
    &'a Arc<Live>,
);

/// Opens the alerts, which see every batch from now on, and gives equipment its usual rules.
pub(super) async fn open_alerts(
    store: &Store,
    clock: &Arc<dyn Clock>,
    (registry, sites, tsdb, live): Watched<'_>,
    intake: &Intake,
) -> Result<Arc<Alerts>> {
    let (clock, registry) = (Arc::clone(clock), Arc::clone(registry));
    let readings = (Arc::clone(tsdb), Arc::clone(live));
    let alerts = Alerts::open(store, clock, registry, Arc::clone(sites), readings)?;
    let alerts = Arc::new(alerts);
    intake.set_observer(Arc::clone(&alerts) as _);
    alerts.follow_registry().await;
    Ok(alerts)
}

/// Starts the beat of the alerts, and the round in which the appliance looks at itself.
pub(super) fn start_alerts(
    alerts: &Arc<Alerts>,
    (store, inlet, intake, clock): (&Store, &Inlet, &Arc<Intake>, &Arc<dyn Clock>),
    stop: &CancellationToken,
) -> [JoinHandle<()>; 2] {
    let watched = (Arc::clone(alerts), store.clone(), inlet.clone());
    let by = (Arc::clone(intake), Arc::clone(clock));
    [
        tokio::spawn(Arc::clone(alerts).run(stop.clone())),
        tokio::spawn(alerts::watch(watched, by, stop.clone())),
    ]
}

/// Starts the task that sends what is in the outbox, until `stop`.
pub(super) fn start_notify(
    store: &Store,
    clock: &Arc<dyn Clock>,
    sites: &Arc<Sites>,
    auth: &Arc<Auth>,
    stop: &CancellationToken,
) -> Result<(Arc<Notify>, JoinHandle<()>)> {
    let notify = Notify::open(store, Arc::clone(clock), Arc::clone(sites))?;
    let notify = Arc::new(notify);
    notify.introduce(Arc::new(People(Arc::clone(auth))));
    let post = tokio::spawn(Arc::clone(&notify).run(stop.clone()));
    Ok((notify, post))
}

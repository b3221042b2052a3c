//! What is computed of the readings: history, the meter tree, tariffs, the figures of today; and
//! what judges them: indicators and carbon.

use super::ground::Ground;
use crate::alerts::{Alerts, Drifting};
use crate::base::{Clock, Error, Result};
use crate::care::at_work;
use crate::energy::enpi::Enpis;
use crate::energy::{CarbonBook, SiteHistory, Tariffs, TodayCache, Trees};
use crate::equipment::Registry;
use crate::site::Sites;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often a lasting change is looked for, ms: the shortest period of an indicator is a day.
const DRIFT_EVERY_MS: i64 = 3_600_000;

/// The figures and what they follow.
pub(super) struct Figures {
    pub(super) history: SiteHistory,
    pub(super) trees: Arc<Trees>,
    pub(super) tariffs: Arc<Tariffs>,
    pub(super) today: TodayCache,
    pub(super) enpis: Arc<Enpis>,
    pub(super) carbon: Arc<CarbonBook>,
    pub(super) watch: JoinHandle<()>,
}

/// Opens them; until `stop` indicators that drift are alerts.
pub(super) fn open_figures(
    ground: &Ground,
    registry: &Arc<Registry>,
    alerts: &Arc<Alerts>,
    stop: &CancellationToken,
) -> Result<Figures> {
    let (store, tsdb) = (&ground.store, || Arc::clone(&ground.tsdb));
    let clock = || Arc::clone(&ground.clock);
    let history = SiteHistory::new(tsdb());
    let trees = Arc::new(Trees::open(store, clock(), Arc::clone(registry))?);
    let tariffs = Arc::new(Tariffs::open(store, clock())?);
    let of = (Arc::clone(registry), Arc::clone(&trees), tsdb());
    let enpis = Arc::new(Enpis::new(store, clock(), of));
    let (watched, sites) = (Arc::clone(&enpis), Arc::clone(&ground.sites));
    let (told, looking, stops) = (Arc::clone(alerts), clock(), stop.clone());
    let watch = at_work("the look at drift", stop, move || {
        let about = (Arc::clone(&watched), Arc::clone(&sites));
        watch_drift(
            about,
            Arc::clone(&told),
            Arc::clone(&looking),
            stops.clone(),
        )
    });
    Ok(Figures {
        today: TodayCache::new(history.clone(), Arc::clone(&tariffs)),
        history,
        trees,
        tariffs,
        enpis,
        carbon: Arc::new(CarbonBook::new(store, clock(), tsdb())),
        watch,
    })
}

/// Looks every hour whether a plant uses lastingly more than its baselines expect.
async fn watch_drift(
    (enpis, sites): (Arc<Enpis>, Arc<Sites>),
    alerts: Arc<Alerts>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    loop {
        let (looked, all) = (Arc::clone(&enpis), sites.all());
        let found = tokio::task::spawn_blocking(move || looked.drifting(&all)).await;
        let found = found.unwrap_or_else(|_| Err(Error::internal("The look at drift broke off.")));
        let noted = match found {
            Ok(found) => {
                let found = found.into_iter().map(|drift| Drifting {
                    id: drift.enpi.to_string(),
                    site: drift.site,
                    name: drift.name,
                    more: drift.more,
                    unit: drift.unit,
                    since: drift.since,
                });
                alerts.note_drifts(found.collect()).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::error!(%error, "whether an indicator drifts is not known");
        }
        let next = clock.sleep_until(clock.now().plus_ms(DRIFT_EVERY_MS));
        if stop.run_until_cancelled(next).await.is_none() {
            return;
        }
    }
}

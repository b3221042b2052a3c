//! Looks at the running demand window of each site, so that somebody hears of it while there is
//! time to act.

use super::figures::Figures;
use super::ground::Ground;
use crate::alerts::{Alerts, DemandDanger};
use crate::base::{Clock, Error, Result, Timestamp};
use crate::care::at_work;
use crate::energy::{DemandWatch, Passing};
use crate::equipment::Registry;
use crate::site::{Site, Sites};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often it is looked, ms: a few times a minute, as the forecast is made of minutes.
const LOOK_EVERY_MS: i64 = 20_000;

/// Looks until `stop`.
pub(super) fn start_demand_watch(
    (ground, registry, figures): (&Ground, &Arc<Registry>, &Figures),
    alerts: &Arc<Alerts>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let watch = DemandWatch {
        history: figures.history.clone(),
        trees: Arc::clone(&figures.trees),
        tariffs: Arc::clone(&figures.tariffs),
        live: Arc::clone(&ground.live),
        registry: Arc::clone(registry),
    };
    let (sites, alerts) = (Arc::clone(&ground.sites), Arc::clone(alerts));
    let clock = Arc::clone(&ground.clock);
    let (watch, stops) = (Arc::new(watch), stop.clone());
    at_work("the watch of the demand", stop, move || {
        let people = (Arc::clone(&sites), Arc::clone(&alerts));
        run(
            Arc::clone(&watch),
            people,
            Arc::clone(&clock),
            stops.clone(),
        )
    })
}

async fn run(
    watch: Arc<DemandWatch>,
    (sites, alerts): (Arc<Sites>, Arc<Alerts>),
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    loop {
        for site in sites.all() {
            if let Err(error) = look(&watch, &site, &alerts, clock.now()).await {
                tracing::error!(%error, site = site.key, "what the demand will be is not known");
            }
        }
        let next = clock.sleep_until(clock.now().plus_ms(LOOK_EVERY_MS));
        if stop.run_until_cancelled(next).await.is_none() {
            return;
        }
    }
}

async fn look(
    watch: &Arc<DemandWatch>,
    site: &Site,
    alerts: &Arc<Alerts>,
    now: Timestamp,
) -> Result<()> {
    let about = (&*site.key, &*site.name);
    let (asked, of) = (Arc::clone(watch), site.clone());
    let heard = tokio::task::spawn_blocking(move || asked.listen(&of, now)).await;
    let broken = |_| Err(Error::internal("The look at the pulse broke off."));
    if let Some(heard) = heard.unwrap_or_else(broken)? {
        watch.tariffs.beats.keep(heard).await?;
    }
    if !site.wishes.demand_alert {
        return alerts.note_demand(about, None).await;
    }
    let stands = alerts.tells_of_demand(&site.key);
    let (asked, of) = (Arc::clone(watch), site.clone());
    let found = tokio::task::spawn_blocking(move || asked.look(&of, stands, now)).await;
    let broken = |_| Err(Error::internal("The look at the demand broke off."));
    let found = found.unwrap_or_else(broken)?;
    let danger = found.map(|passing| danger(passing, site));
    alerts.note_demand(about, danger).await
}

fn danger(passing: Passing, site: &Site) -> DemandDanger {
    let minutes = site.calendar().wall_ms(passing.to).div_euclid(60_000);
    let minutes = minutes.rem_euclid(24 * 60);
    let loads = passing.loads.into_iter();
    DemandDanger {
        forecast_kw: passing.forecast_kw,
        contracted_kw: passing.contracted_kw,
        until: format!("{:02}:{:02}", minutes / 60, minutes % 60),
        minutes_left: passing.minutes_left,
        excess_kw: passing.excess_kw,
        loads: loads.map(|load| (load.name, load.kw)).collect(),
    }
}

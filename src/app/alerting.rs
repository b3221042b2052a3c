//! What watches the readings and tells people: the alerts, and the outbox behind them.

use super::backing::Care;
use super::ground::Ground;
use super::people::People;
use super::post::Post;
use crate::alerts::{self, Alerts, Finds, Found};
use crate::base::Result;
use crate::base::time::Calendar;
use crate::care::{self, at_work};
use crate::equipment::{Maintenance, Registry};
use crate::ingest::Inlet;
use crate::notify::Notify;
use crate::web::Context;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Opens the outbox and the alerts, which see every batch from now on, and gives equipment its
/// usual rules. Until `stop` letters are sent, time passes for the alerts, and the appliance looks
/// at itself.
pub(super) async fn start_alerting(
    (ground, registry, inlet, care): (&Ground, &Arc<Registry>, &Inlet, &Care),
    stop: &CancellationToken,
) -> Result<(Arc<Notify>, Arc<Alerts>, [JoinHandle<()>; 3])> {
    let (store, clock) = (&ground.store, &ground.clock);
    let notify = Notify::open(store, Arc::clone(clock), Arc::clone(&ground.sites))?;
    let notify = Arc::new(notify);
    let people = People(Arc::clone(&ground.auth), Arc::clone(registry));
    notify.introduce(Arc::new(people));
    ground.auth.write_by(&notify);

    let readings = (Arc::clone(&ground.tsdb), Arc::clone(&ground.live));
    let (registry, sites) = (Arc::clone(registry), Arc::clone(&ground.sites));
    let alerts = Alerts::open(store, Arc::clone(clock), registry, sites, readings)?;
    let alerts = Arc::new(alerts);
    let outbox = Arc::clone(&notify);
    alerts.ask_for_stuck_outlets(Box::new(move |now| outbox.stuck(now)));
    // First who hears, then what is heard: the pollers are at work already.
    alerts.heard.set(Arc::new(Post(Arc::clone(&notify))));
    ground.intake.set_observer(Arc::clone(&alerts) as _);
    alerts.follow_registry().await;

    let (watcher, kept) = (Arc::clone(&alerts), Arc::clone(&care.backups));
    let watched = (watcher, store.clone(), inlet.clone(), kept);
    let by = (
        Arc::clone(&ground.intake),
        Arc::clone(clock),
        finds(ground, care),
    );
    let (sender, evaluator) = (Arc::clone(&notify), Arc::clone(&alerts));
    let (first, second, third) = (stop.clone(), stop.clone(), stop.clone());
    let tasks = [
        at_work("the outbox", stop, move || {
            Arc::clone(&sender).run(first.clone())
        }),
        at_work("the alerts", stop, move || {
            Arc::clone(&evaluator).run(second.clone())
        }),
        at_work("the look at itself", stop, move || {
            alerts::watch(watched.clone(), by.clone(), third.clone())
        }),
    ];
    Ok((notify, alerts, tasks))
}

/// What the examination of the files, the certificate, the program and the clock say.
fn finds(ground: &Ground, care: &Care) -> Finds {
    let (store, tls) = (ground.store.clone(), ground.tls.clone());
    let (examiner, fell) = (Arc::clone(&care.examiner), ground.fell.clone());
    Arc::new(move |now| {
        let until = tls.as_ref().and_then(|tls| tls.view().not_after);
        let examined = examiner.last();
        Found {
            damaged: examined.map(|found| found.damaged).unwrap_or_default(),
            certificate_days: until.map(|until| days(until.since_ms(now))),
            faults: care::faults(),
            fell: fell.clone(),
            // A log that cannot be read is told elsewhere.
            clock_is_wrong: matches!(care::wrong_clock(&store, now), Ok(Some(_))),
        }
    })
}

#[allow(clippy::cast_precision_loss)] // a number of days
fn days(ms: i64) -> f64 {
    ms as f64 / 86_400_000.0
}

/// Lets the alerts know how the API answers.
pub(super) fn tell_of_answers(context: &Context) {
    let answers = context.answers();
    let ask = Box::new(move |now| answers.look(now));
    context.alerts.ask_for_answers(ask);
}

/// Lets the alerts know which work is due, by the calendar of each site.
pub(super) fn tell_of_maintenance(
    alerts: &Alerts,
    maintenance: &Arc<Maintenance>,
    ground: &Ground,
) {
    let (log, sites) = (Arc::clone(maintenance), Arc::clone(&ground.sites));
    alerts.ask_for_due_work(Box::new(move |now| {
        let today = |site: &str| {
            let site = sites.by_key(site);
            site.map_or_else(Calendar::utc, |site| site.calendar())
                .date(now)
        };
        let due = log.due(&today).into_iter();
        due.map(|due| due.equipment_name).collect()
    }));
}

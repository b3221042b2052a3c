//! Backups, the start on restored data, and what the appliance does to stay well.

use super::ground::Ground;
use crate::backup::Backups;
use crate::base::Result;
use crate::care::{self, Body, Examiner, Vital, Watchdog, at_work};
use crate::update::Answering;
use crate::web::Context;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What keeps the data and the appliance well.
pub(super) struct Care {
    pub(super) backups: Arc<Backups>,
    pub(super) examiner: Arc<Examiner>,
    /// Says that the appliance is to start again on restored data; it stops it, too.
    pub(super) restart: CancellationToken,
    pub(super) tasks: [JoinHandle<()>; 2],
}

/// Opens the backups and keeps to their timetable, and examines the files once a week, until
/// `stop`.
pub(super) async fn start_care(ground: &Ground, stop: &CancellationToken) -> Result<Care> {
    let restart = CancellationToken::new();
    let clock = || Arc::clone(&ground.clock);
    let (data, sites) = ((&ground.store, &ground.tsdb), Arc::clone(&ground.sites));
    let backups = Backups::open(data, clock(), sites, restart.clone()).await?;
    let backups = Arc::new(backups);
    let (asked, page) = (restart.clone(), ground.stop.clone());
    tokio::spawn(async move {
        if page.run_until_cancelled(asked.cancelled()).await.is_some() {
            page.cancel();
        }
    });
    tokio::spawn(care::give_memory_back(ground.stop.clone()));
    let examiner = Arc::new(Examiner::open(&ground.store, &ground.tsdb, clock())?);
    let (kept, looked) = (Arc::clone(&backups), Arc::clone(&examiner));
    let (first, second) = (stop.clone(), stop.clone());
    let tasks = [
        at_work("the backups", stop, move || {
            Arc::clone(&kept).run(first.clone())
        }),
        at_work("the weekly examination", stop, move || {
            Arc::clone(&looked).run(second.clone())
        }),
    ];
    Ok(Care {
        backups,
        examiner,
        restart,
        tasks,
    })
}

/// Tells who started us, where somebody did and listens, that the page at `address` is served, and from
/// then on that all of it lives.
pub(super) fn tell_manager(context: &Context, address: SocketAddr, funnel: &JoinHandle<()>) {
    let Some(watchdog) = Watchdog::from_environment() else {
        return;
    };
    let (funnel, registry) = (funnel.abort_handle(), Arc::clone(&context.registry));
    let updates = Arc::clone(&context.updates);
    let body = Body {
        store: context.store.clone(),
        page: address,
        vitals: vec![
            Vital {
                trouble: "what is read is not stored any more",
                is_well: Box::new(move || !funnel.is_finished()),
            },
            Vital {
                trouble: "a line hangs",
                is_well: Box::new(move || registry.acquisition().is_alive()),
            },
        ],
        besides: Box::new(move || {
            updates
                .answering()
                .map_or_else(String::new, |told| devices(&told))
        }),
    };
    tokio::spawn(watchdog.run(body, context.stop.clone()));
}

/// What the launcher hears of the devices on trial. Names are of people: one may not end the line.
fn devices(told: &Answering) -> String {
    let names = told.silent.join(", ").replace(char::is_control, " ");
    format!("\nX_INDUSMIND_DEVICES={}/{} {names}", told.now, told.before)
}

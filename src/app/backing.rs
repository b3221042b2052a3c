//! Backups, the start on restored data, and what the appliance does to stay well.

use super::ground::Ground;
use crate::backup::Backups;
use crate::base::Result;
use crate::care::{self, Examiner, Watchdog};
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
/// `stop`. Tells systemd, where it started us, that the page at `address` is served.
pub(super) async fn start_care(
    ground: &Ground,
    address: SocketAddr,
    stop: &CancellationToken,
) -> Result<Care> {
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
    if let Some(watchdog) = Watchdog::from_environment() {
        let (store, stop) = (ground.store.clone(), ground.stop.clone());
        tokio::spawn(watchdog.run(store, address, stop));
    }
    let tasks = [
        tokio::spawn(Arc::clone(&backups).run(stop.clone())),
        tokio::spawn(Arc::clone(&examiner).run(stop.clone())),
    ];
    Ok(Care {
        backups,
        examiner,
        restart,
        tasks,
    })
}

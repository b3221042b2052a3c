//! Reports: made from the figures, kept to their timetable, and heard of when they fail.

use super::figures::Figures;
use super::ground::Ground;
use crate::alerts::Alerts;
use crate::base::{Error, Result};
use crate::care::at_work;
use crate::coldchain::Coldchain;
use crate::equipment::Registry;
use crate::notify::{Enclosures, Notify};
use crate::reports::{Reports, Sources};
use std::sync::{Arc, Weak};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The files of reports, for letters that go with them.
struct Files(Weak<Reports>);

impl Enclosures for Files {
    fn bytes(&self, key: &str) -> Result<Vec<u8>> {
        let reports = self.0.upgrade();
        let reports = reports.ok_or_else(|| Error::unavailable("The appliance stops."))?;
        reports.enclosure(key)
    }
}

/// Opens the reports and makes them until `stop`.
pub(super) async fn start_reporting(
    (ground, registry, figures): (&Ground, &Arc<Registry>, &Figures),
    (alerts, notify, coldchain): (&Arc<Alerts>, &Arc<Notify>, &Arc<Coldchain>),
    stop: &CancellationToken,
) -> Result<(Arc<Reports>, JoinHandle<()>)> {
    let sources = Sources {
        clock: Arc::clone(&ground.clock),
        sites: Arc::clone(&ground.sites),
        registry: Arc::clone(registry),
        history: figures.history.clone(),
        trees: Arc::clone(&figures.trees),
        tariffs: Arc::clone(&figures.tariffs),
        enpis: Arc::clone(&figures.enpis),
        alerts: Arc::clone(alerts),
        cold: Arc::clone(coldchain) as _,
    };
    let reports = Reports::open(&ground.store, sources, Arc::clone(notify)).await?;
    let reports = Arc::new(reports);
    // The reports hold both: held in turn, nobody would ever let go of the data directory.
    notify.enclose_by(Arc::new(Files(Arc::downgrade(&reports))));
    let asked = Arc::downgrade(&reports);
    let failed = move || asked.upgrade().map(|reports| reports.in_trouble());
    alerts.ask_for_failed_reports(Box::new(move || failed().unwrap_or_default()));
    let (worker, stops) = (Arc::clone(&reports), stop.clone());
    let task = at_work("the reports", stop, move || {
        Arc::clone(&worker).run(stops.clone())
    });
    Ok((reports, task))
}

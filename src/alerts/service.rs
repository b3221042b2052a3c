//! The room at work: it sees every batch inside its transaction, beats with the clock, and answers.

use super::draft::Draft;
use super::engine::Engine;
use super::filter::Filter;
use super::health::{AskForAnswers, AskForDueWork, AskForFailedReports, AskForStuckOutlets};
use super::heard::Heard;
use super::index::{self, OFFSET_MAX};
use super::plant::Plant;
use super::record::{ALERTS, Alert, Transition};
use super::sorted;
use crate::auth::Reach;
use crate::base::{AlertId, Batch, Clock, EquipmentId, Error, Result, Timestamp};
use crate::equipment::{AdminStatus, Registry};
use crate::ingest::{AfterCommit, Observer};
use crate::live::{Change, Live};
use crate::site::Sites;
use crate::store::{Store, Transaction};
use crate::tsdb::Tsdb;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How often the time is looked at, ms.
const BEAT_MS: i64 = 1_000;
/// Alerts that a listener may be behind before it has to start again from the list.
const FEED_LENGTH: usize = 1_024;
/// Alerts that are kept; the oldest that are over go first.
const KEPT_MAX: u64 = 1_000_000;
/// Alerts that one beat forgets.
const FORGET_AT_ONCE: usize = 500;
/// How often it is looked whether there are too many, ms.
const FORGET_EVERY_MS: i64 = 60_000;

/// All alerts.
pub struct Alerts {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) registry: Arc<Registry>,
    pub(super) sites: Arc<Sites>,
    pub(super) tsdb: Arc<Tsdb>,
    pub(super) live: Arc<Live>,
    engine: Arc<Mutex<Engine>>,
    feed: broadcast::Sender<Arc<Alert>>,
    /// Who knows of work that is due.
    pub(super) due_work: OnceLock<AskForDueWork>,
    pub(super) failed_reports: OnceLock<AskForFailedReports>,
    pub(super) stuck_outlets: OnceLock<AskForStuckOutlets>,
    pub(super) answers: OnceLock<AskForAnswers>,
    /// Who hears of alerts inside their transactions.
    pub heard: Arc<Heard>,
}

/// Which page of the alerts.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// Items before it.
    pub offset: usize,
    /// Most items of it.
    pub size: usize,
}

/// A page of alerts.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The alerts, in the order that was asked for.
    pub items: Vec<Alert>,
    /// How many there are.
    pub total: usize,
    /// Whether there are more than `total`.
    pub total_is_least: bool,
    /// Whether another page follows.
    pub has_more: bool,
    /// What asks for it.
    pub next_cursor: Option<String>,
}

impl Alerts {
    /// Reads rules and open alerts, and what the last readings said.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(
        store: &Store,
        clock: Arc<dyn Clock>,
        registry: Arc<Registry>,
        sites: Arc<Sites>,
        (tsdb, live): (Arc<Tsdb>, Arc<Live>),
    ) -> Result<Self> {
        let mut engine = Engine::new(clock.now());
        engine.set_plant(Plant::of(&registry.all(), &sites.all()));
        engine.begin(&store.read()?)?;
        for latest in tsdb.latest()? {
            let Some(value) = latest.value.filter(|_| latest.quality.counts()) else {
                continue;
            };
            let key = &latest.series.key;
            let series = (&key.metric, key.phase);
            engine.recall(
                key.equipment,
                series,
                (latest.at, value),
                latest.interval_ms,
            );
        }
        let alerts = Self {
            store: store.clone(),
            clock,
            registry,
            sites,
            tsdb,
            live,
            engine: Arc::new(Mutex::new(engine)),
            feed: broadcast::channel(FEED_LENGTH).0,
            due_work: OnceLock::new(),
            failed_reports: OnceLock::new(),
            stuck_outlets: OnceLock::new(),
            answers: OnceLock::new(),
            heard: Arc::default(),
        };
        alerts.fill_windows();
        Ok(alerts)
    }

    /// Alerts as they change, each after its commit.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<Alert>> {
        self.feed.subscribe()
    }

    pub(super) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on the open alerts in one transaction; shows what it changed after the commit.
    pub(super) async fn change<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Engine, &Transaction<'_>, &mut Draft) -> Result<T> + Send + 'static,
    {
        let (engine, heard) = (Arc::clone(&self.engine), Arc::clone(&self.heard));
        let write = self.store.write(move |transaction| {
            let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
            engine.begin(transaction)?;
            let mut draft = Draft::default();
            let done =
                work(&mut engine, transaction, &mut draft).inspect_err(|_| engine.doubt())?;
            let shown = engine.finish(&draft, transaction, &heard)?;
            Ok((done, shown))
        });
        let (done, shown) = write.await?;
        self.show(shown);
        Ok(done)
    }

    fn show(&self, shown: Vec<Alert>) {
        show(&self.feed, &self.heard, shown);
    }

    /// Beats until `stop`: delays end, devices fall silent, shelves empty.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut feed = self.live.listen();
        let mut forget_at = self.clock.now();
        let mut wake = forget_at.plus_ms(BEAT_MS);
        loop {
            // Readings must not put the beat off, nor a clock that was set back.
            wake = wake.min(self.clock.now().plus_ms(BEAT_MS));
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep_until(wake) => {}
                change = feed.recv() => match change {
                    Ok(Change::Registry { .. }) | Err(broadcast::error::RecvError::Lagged(_)) => {
                        self.follow_registry().await;
                    }
                    Ok(_) => continue,
                    Err(broadcast::error::RecvError::Closed) => return,
                },
            }
            let now = self.clock.now();
            wake = now.plus_ms(BEAT_MS);
            self.beat(now).await;
            if now >= forget_at || forget_at.since_ms(now) > FORGET_EVERY_MS {
                forget_at = now.plus_ms(FORGET_EVERY_MS);
                if let Err(error) = self.forget(KEPT_MAX).await {
                    tracing::error!(%error, "old alerts wait to be forgotten");
                }
                if let Err(error) = self.give_defaults().await {
                    tracing::error!(%error, "equipment waits for the limits of its voltage");
                }
            }
        }
    }

    /// Looks at the clock once.
    pub async fn beat(&self, now: Timestamp) {
        {
            let mut engine = self.engine();
            engine.follow_clock(now);
            if !engine.is_due(now) {
                return;
            }
        }
        let beaten = self.change(move |engine, _, draft| {
            engine.beat(now, draft);
            Ok(())
        });
        if let Err(error) = beaten.await {
            tracing::error!(%error, "what the time did to alerts waits for the disk");
        }
    }

    /// Takes note of equipment that came, went or changed.
    pub async fn follow_registry(&self) {
        self.refresh_plant();
        if let Err(error) = self.give_defaults().await {
            tracing::error!(%error, "new equipment waits for its usual rules");
        }
    }

    pub(super) fn refresh_plant(&self) {
        let plant = Plant::of(&self.registry.all(), &self.sites.all());
        self.engine().set_plant(plant);
    }

    /// Forgets the oldest alerts that are over, beyond `kept`; some at a time.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn forget(&self, kept: u64) -> Result<()> {
        let excess = self.engine().stored().saturating_sub(kept);
        let most = usize::try_from(excess)
            .unwrap_or(usize::MAX)
            .min(FORGET_AT_ONCE);
        if most == 0 {
            return Ok(());
        }
        self.change(move |engine, transaction, _| {
            let mut gone = 0;
            for id in index::oldest_closed(transaction, most)? {
                if let Some(alert) = ALERTS.get(transaction, id.as_bytes())? {
                    alert.forget(transaction)?;
                    gone += 1;
                }
            }
            engine.forgot(transaction, gone)
        })
        .await
    }

    /// A page of alerts. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// A cursor that is none, a page too far back, or a file that cannot be read.
    pub fn list(&self, filter: &Filter, paging: Paging, cursor: Option<&str>) -> Result<Listed> {
        if paging.offset > OFFSET_MAX {
            let sentence = "Go on with next_cursor: pages by number end at 10000 alerts.";
            return Err(Error::invalid("page", sentence));
        }
        let reader = self.store.read()?;
        let page = sorted::page(&reader, filter, (paging.offset, paging.size), cursor)?;
        let mut items = Vec::with_capacity(page.ids.len());
        for id in &page.ids {
            let found = ALERTS.get(&reader, id.as_bytes())?;
            items.extend(found.filter(|alert| filter.reach.sees(&alert.site)));
        }
        Ok(Listed {
            items,
            total: page.total,
            total_is_least: page.total_is_least,
            has_more: page.next.is_some(),
            next_cursor: page.next,
        })
    }

    /// An alert of a site with its history.
    ///
    /// # Errors
    /// When there is none there.
    pub fn get(&self, site: &str, id: AlertId) -> Result<(Alert, Vec<Transition>)> {
        let reader = self.store.read()?;
        let alert = ALERTS.get(&reader, id.as_bytes())?;
        let alert = alert.filter(|alert| alert.site == site);
        let alert = alert.ok_or_else(|| Error::not_found("alert", id))?;
        let history = Transition::of(&reader, id)?;
        Ok((alert, history))
    }

    /// Key of the site of an alert, if there is this alert.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn site_of(&self, id: AlertId) -> Result<Option<String>> {
        let open = self.engine().book.by_id(id).map(|alert| alert.site.clone());
        if open.is_some() {
            return Ok(open);
        }
        let stored = ALERTS.get(&self.store.read()?, id.as_bytes())?;
        Ok(stored.map(|alert| alert.site))
    }

    /// Open alerts of a site, newest first.
    #[must_use]
    pub fn open_of(&self, site: &str) -> Vec<Alert> {
        self.open_within(&Reach::one(site))
    }

    /// Open alerts of the sites that somebody reaches, newest first.
    #[must_use]
    pub fn open_within(&self, reach: &Reach) -> Vec<Alert> {
        let engine = self.engine();
        let open = engine.book.open.values();
        let open = open.filter(|alert| reach.sees(&alert.site));
        let mut open: Vec<_> = open.cloned().collect();
        open.sort_by_key(|alert| std::cmp::Reverse((alert.timestamp, alert.id)));
        open
    }

    /// How many alerts of some equipment are active; none of equipment that is out of use.
    #[must_use]
    pub fn active_of(&self, equipment: EquipmentId) -> usize {
        let status = self.registry.get(equipment).map(|found| found.admin_status);
        if matches!(status, Ok(AdminStatus::Decommissioned)) {
            return 0;
        }
        let engine = self.engine();
        let of = |alert: &&Alert| alert.equipment_id == Some(equipment) && alert.active;
        engine.book.open.values().filter(of).count()
    }

    /// Alerts that are open, and those stored in all.
    #[must_use]
    pub fn figures(&self) -> (usize, u64) {
        let engine = self.engine();
        (engine.book.open.len(), engine.stored())
    }
}

fn show(feed: &broadcast::Sender<Arc<Alert>>, heard: &Heard, shown: Vec<Alert>) {
    if shown.is_empty() {
        return;
    }
    for alert in shown {
        // Nobody listening is no error.
        let _ = feed.send(Arc::new(alert));
    }
    heard.committed();
}

impl Observer for Alerts {
    fn observe(&self, transaction: &Transaction<'_>, batches: &[Batch]) -> Result<AfterCommit> {
        let now = self.clock.now();
        let mut engine = self.engine();
        if let Err(error) = engine.begin(transaction) {
            // A damaged alert must not keep readings from the disk: they count for more.
            tracing::error!(%error, "alerts are not evaluated");
            return Ok(Box::new(|| {}));
        }
        let mut draft = Draft::default();
        engine.observe(batches, now, &mut draft);
        let shown = engine.finish(&draft, transaction, &self.heard)?;
        drop(engine);
        let (feed, heard) = (self.feed.clone(), Arc::clone(&self.heard));
        Ok(Box::new(move || show(&feed, &heard, shown)))
    }
}

impl std::fmt::Debug for Alerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alerts")
    }
}

//! The only room that knows all rooms: open, wire, run, stop.
//!
//! Start order is data order: the data directory, the readings, the latest values, identity and
//! sites, the funnel, the pollers, and the page last, so that nothing is asked of what is not
//! open. The stop goes the other way round: the page and the pollers, the funnel, the store.

mod alerting;
mod backing;
mod cold;
mod demand;
mod figures;
mod ground;
mod people;
mod plant;
mod post;
mod reporting;
mod rooms;

use crate::base::{Clock, Error, Result};
use crate::care::at_work;
use crate::config::Config;
use crate::equipment::{Acquisition, Attachments, Commissioning, Profiles, Registry};
use crate::ingest::{Funnel, INLET_CAPACITY, Inlet, Intake};
use crate::live::Live;
use crate::site::Sites;
use crate::store::{Store, operations};
use crate::tsdb::Tsdb;
use crate::web::{self, Context, Options, Services};
use alerting::{start_alerting, tell_of_answers, tell_of_maintenance};
use backing::{start_care, tell_manager};
use ground::Ground;
use plant::{Plant, start_plant};
use rooms::open_rooms;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often hours that are over are looked for, ms.
const UPKEEP_EVERY_MS: i64 = 10_000;
/// How often files that are over are looked for, ms.
const FORGET_EVERY_MS: i64 = 10 * 60_000;
/// How often days that are over are looked for, ms.
const COMPARE_EVERY_MS: i64 = 15 * 60_000;
/// How often photos and documents that no record names are looked for, ms.
const SWEEP_EVERY_MS: i64 = 24 * 3_600_000;

/// A running appliance.
pub struct App {
    /// Where the page is.
    pub address: SocketAddr,
    /// The rooms.
    pub context: Context,
    /// The time-series store.
    pub tsdb: Arc<Tsdb>,
    stop: CancellationToken,
    restart: CancellationToken,
    stop_funnel: CancellationToken,
    funnel: JoinHandle<()>,
    chores: Vec<JoinHandle<()>>,
    page: JoinHandle<()>,
}

impl App {
    /// Opens everything and starts to poll and to serve.
    ///
    /// # Errors
    /// Whatever stands in the way, with a sentence that says what to do.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().unwrap_or(config.listen);
        let profiles = Arc::new(Profiles::embedded()?);
        let ground = Ground::open(config, clock, address).await?;
        let (store, clock, tsdb) = (&ground.store, &ground.clock, &ground.tsdb);
        let stop_funnel = CancellationToken::new();
        let (inlet, funnel) = start_funnel(&ground.intake, &stop_funnel);

        let registry = open_registry(store, clock, (tsdb, &ground.live), profiles, &inlet)?;
        let plant = start_plant(&ground, &registry, &stop_funnel).await?;
        let care = start_care(&ground, &stop_funnel).await?;
        let from = (&ground, &registry, &inlet, &care);
        let (notify, alerts, watch) = start_alerting(from, &stop_funnel).await?;
        tell_of_maintenance(&alerts, &plant.maintenance, &ground);
        settle_update(&ground, &registry).await;
        let from = (&ground, &registry, &plant);
        let rooms = open_rooms(from, (&alerts, &notify), &stop_funnel).await?;
        let figures = rooms.figures;
        let context = Context::new(Services {
            options: options(config),
            started_at: clock.now(),
            clock: ground.clock,
            store: ground.store,
            auth: ground.auth,
            api_tokens: ground.api_tokens,
            sites: ground.sites,
            backups: care.backups,
            examiner: care.examiner,
            live: ground.live,
            registry,
            devices: plant.devices,
            receiver: plant.receiver,
            mqtt: plant.mqtt,
            notify,
            attachments: plant.attachments,
            maintenance: plant.maintenance,
            commissioning: plant.commissioning,
            alerts,
            enpis: figures.enpis,
            carbon: figures.carbon,
            coldchain: rooms.coldchain,
            reports: rooms.reports,
            trees: figures.trees,
            today: figures.today,
            tariffs: figures.tariffs,
            history: figures.history,
            inlet,
            intake: ground.intake,
            updates: ground.updates,
            tsdb: Arc::clone(&ground.tsdb),
            local_name: ground.local_name,
            tls: ground.tls,
            syslog: ground.syslog,
            stop: ground.stop.clone(),
        });
        let page = tokio::spawn(web::serve(listener, context.clone(), ground.stop.clone()));
        be_found(&context, address, config, &funnel);
        Ok(Self {
            address,
            context,
            tsdb: ground.tsdb,
            stop: ground.stop,
            restart: care.restart,
            stop_funnel,
            funnel,
            chores: joined([plant.desk, figures.watch], rooms.tasks, care.tasks, watch),
            page,
        })
    }

    /// The signal that asks for the stop.
    #[must_use]
    pub fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Says, after the end, whether it stopped to start again on restored data.
    #[must_use]
    pub fn restart_signal(&self) -> CancellationToken {
        self.restart.clone()
    }

    /// Waits for the stop signal, then finishes: answers that are being given, readings that
    /// were taken, changes that were handed in. Nothing that was acknowledged is lost.
    pub async fn run_until_stopped(self) {
        self.stop.cancelled().await;
        let local_name = Arc::clone(&self.context.local_name);
        let farewell = tokio::task::spawn_blocking(move || local_name.stop());
        let acquisition = self.context.registry.acquisition();
        let mqtt = &self.context.mqtt;
        let (_, (), page) = tokio::join!(acquisition.stop(), mqtt.stop(), self.page);
        if let Err(error) = page {
            tracing::error!(%error, "the page did not stop cleanly");
        }
        self.stop_funnel.cancel();
        if let Err(error) = self.funnel.await {
            tracing::error!(%error, "the funnel did not stop cleanly");
        }
        for chore in self.chores {
            if let Err(error) = chore.await {
                tracing::error!(%error, "the upkeep did not stop cleanly");
            }
        }
        let store = self.context.store.clone();
        operations::note_stop(&store, self.context.clock.now()).await;
        let updates = Arc::clone(&self.context.updates);
        // Joins the writer thread: not on a thread of the runtime.
        let close = move || {
            store.close();
            if updates.is_followed() {
                store.give_back_reserve();
            }
        };
        let _ = tokio::task::spawn_blocking(close).await;
        let _ = farewell.await;
    }
}

/// Lets the alerts see how the page answers, opens the door of `indusmind support`, tells who started
/// us, and announces the page to the network when it is served there.
fn be_found(context: &Context, address: SocketAddr, config: &Config, funnel: &JoinHandle<()>) {
    tell_of_answers(context);
    tokio::spawn(web::keep_support_door(context.clone()));
    tell_manager(context, address, funnel);
    if !address.ip().is_loopback() {
        context.local_name.start(address, config.https());
    }
}

/// What is done beside everything else, in one.
fn joined<const A: usize, const B: usize, const C: usize>(
    first: [JoinHandle<()>; A],
    rooms: Vec<JoinHandle<()>>,
    care: [JoinHandle<()>; B],
    watch: [JoinHandle<()>; C],
) -> Vec<JoinHandle<()>> {
    let all = first.into_iter().chain(rooms).chain(care);
    all.chain(watch).collect()
}

/// Writes down what became of the last update; the next start tries again.
/// On trial, the devices that answered before are noted.
async fn settle_update(ground: &Ground, registry: &Arc<Registry>) {
    let updates = &ground.updates;
    if let Err(error) = updates.compare_answers(registry, &ground.live).await {
        tracing::error!(%error, "whether the devices answer as before cannot be told");
    }
    if let Err(error) = ground.updates.settle(&ground.intake).await {
        tracing::error!(%error, "what became of the last update is not written down yet");
    }
}

/// What the edge has to know of the settings.
fn options(config: &Config) -> Options {
    Options {
        dashboard_every_ms: config.dashboard_every_ms,
        token_in_query: config.token_in_query,
        edge: config.edge.clone(),
        log_file: config.log_file.as_ref().map(|file| file.path.clone()),
    }
}

/// Starts the pollers and opens the registry, which tells them what to poll, and the store what
/// counters can do.
fn open_registry(
    store: &Store,
    clock: &Arc<dyn Clock>,
    (tsdb, live): (&Tsdb, &Arc<Live>),
    profiles: Arc<Profiles>,
    inlet: &Inlet,
) -> Result<Arc<Registry>> {
    let acquisition = Arc::new(Acquisition::start(Arc::clone(clock), inlet.clone()));
    let (clock, live) = (Arc::clone(clock), Arc::clone(live));
    let registry = Registry::open(store, clock, live, profiles, acquisition)?;
    tsdb.set_counter_limits(&registry.counter_limits());
    Ok(Arc::new(registry))
}

/// Starts the funnel of the pollers, until `stop`.
fn start_funnel(intake: &Arc<Intake>, stop: &CancellationToken) -> (Inlet, JoinHandle<()>) {
    let (inlet, outlet) = Inlet::with_capacity(INLET_CAPACITY);
    let funnel = Funnel::new(outlet, Arc::clone(intake));
    (inlet, tokio::spawn(funnel.run(stop.clone())))
}

/// Starts what is done beside everything else, until `stop`.
fn chores(
    ground: &Ground,
    registry: &Arc<Registry>,
    plant: &Plant,
    stop: &CancellationToken,
) -> [JoinHandle<()>; 3] {
    let (tsdb, registry) = (Arc::clone(&ground.tsdb), Arc::clone(registry));
    let attachments = Arc::clone(&plant.attachments);
    let commissioning = Arc::clone(&plant.commissioning);
    let sites = Arc::clone(&ground.sites);
    let (clock, stop) = (|| Arc::clone(&ground.clock), || stop.clone());
    let (first, second, third) = (stop(), stop(), stop());
    let (sealing, sweeping, comparing) = (clock(), clock(), clock());
    [
        at_work("the upkeep of readings", &first.clone(), move || {
            let registry = Arc::clone(&registry);
            upkeep(
                Arc::clone(&tsdb),
                registry,
                Arc::clone(&sealing),
                first.clone(),
            )
        }),
        at_work("the sweep of files", &second.clone(), move || {
            sweep(
                Arc::clone(&attachments),
                Arc::clone(&sweeping),
                second.clone(),
            )
        }),
        at_work("the comparison of days", &third.clone(), move || {
            let (sites, clock) = (Arc::clone(&sites), Arc::clone(&comparing));
            compare_days(Arc::clone(&commissioning), sites, clock, third.clone())
        }),
    ]
}

/// Seals, packs and forgets readings until `stop`, beside the ticks.
async fn upkeep(
    tsdb: Arc<Tsdb>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut forget_at = clock.now();
    loop {
        let wake = clock.now().plus_ms(UPKEEP_EVERY_MS);
        if stop
            .run_until_cancelled(clock.sleep_until(wake))
            .await
            .is_none()
        {
            return;
        }
        let now = clock.now();
        let forget = now >= forget_at || forget_at.since_ms(now) > FORGET_EVERY_MS;
        if forget {
            forget_at = now.plus_ms(FORGET_EVERY_MS);
        }
        let (tsdb, limits) = (Arc::clone(&tsdb), registry.counter_limits());
        let work = tokio::task::spawn_blocking(move || {
            tsdb.set_counter_limits(&limits);
            tsdb.maintain(now)?;
            if forget {
                for file in tsdb.forget(now)? {
                    tracing::info!(%file, "forgotten");
                }
                if let Some(percent) = tsdb.disk_warning() {
                    tracing::warn!(percent, "the disk is filling up: more than this is used");
                }
            }
            Ok::<(), Error>(())
        });
        match work.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "readings wait to be sealed"),
            Err(error) => tracing::error!(%error, "the upkeep of the readings failed"),
        }
    }
}

/// Takes away photos and documents that no record names, at the start and then daily, until
/// `stop`.
async fn sweep(attachments: Arc<Attachments>, clock: Arc<dyn Clock>, stop: CancellationToken) {
    loop {
        let attachments = Arc::clone(&attachments);
        match tokio::task::spawn_blocking(move || attachments.sweep()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(files)) => tracing::info!(files, "files that no record names were deleted"),
            Ok(Err(error)) => tracing::error!(%error, "stored files wait to be looked through"),
            Err(error) => tracing::error!(%error, "the sweep of stored files failed"),
        }
        let wake = clock.now().plus_ms(SWEEP_EVERY_MS);
        let slept = stop.run_until_cancelled(clock.sleep_until(wake)).await;
        if slept.is_none() {
            return;
        }
    }
}

/// Compares counters with power for the days that are over, until `stop`.
async fn compare_days(
    commissioning: Arc<Commissioning>,
    sites: Arc<Sites>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    loop {
        let wake = clock.now().plus_ms(COMPARE_EVERY_MS);
        let slept = stop.run_until_cancelled(clock.sleep_until(wake)).await;
        if slept.is_none() {
            return;
        }
        let (about, sites, now) = (Arc::clone(&commissioning), Arc::clone(&sites), clock.now());
        let calendar = move |key: &str| sites.by_key(key).map(|site| site.calendar());
        let work = tokio::task::spawn_blocking(move || about.days().compare(now, &calendar));
        match work.await {
            Ok(Ok(0)) => {}
            Ok(Ok(events)) => tracing::warn!(events, "counters differ from power: see the meters"),
            Ok(Err(error)) => tracing::error!(%error, "days wait to be compared"),
            Err(error) => tracing::error!(%error, "the comparison of days failed"),
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|cause| {
        let sentence = match cause.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                "The address {address} is taken by another program. Stop it, or choose another \
                 port with --listen."
            ),
            std::io::ErrorKind::PermissionDenied => format!(
                "This user may not listen on {address}. Choose a port above 1023 with --listen."
            ),
            _ => format!("The appliance cannot listen on {address}. Check --listen."),
        };
        Error::unavailable(sentence).because(cause)
    })
}

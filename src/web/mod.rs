//! The HTTP and WebSocket edge; home of axum and rust-embed.
//!
//! Promises: default deny; one shape of answer; nothing is answered as done before it is on
//! disk; no token or query of an address reaches a log. Will not do: decide anything that a
//! domain should.

mod access_log;
mod alert_body;
mod alert_feed;
mod alert_query;
mod alert_rules;
mod alerts;
mod alerts_aside;
mod api_tokens;
mod audit;
mod audit_export;
mod auth;
mod backup_setup;
mod backups;
mod caller;
mod certificate;
mod channel;
mod coldchain;
mod coldchain_cell;
mod coldchain_import;
mod coldchain_use;
mod commissioning;
mod configuration;
mod cookies;
mod dashboard;
mod depth;
mod device_push;
mod devices;
mod doctor;
mod documents;
mod edge;
mod energy_bill_year;
mod energy_carbon;
mod energy_cost;
mod energy_demand;
mod energy_enpi;
mod energy_idle;
mod energy_plan;
mod energy_production;
mod energy_range;
mod energy_tariffs;
mod energy_tree;
mod envelope;
mod equipment;
mod export;
mod history;
mod history_series;
mod hosts;
mod hub;
mod jobs;
mod kiosks;
mod line_frames;
mod lines;
mod maintenance;
mod meter_events;
mod mqtt;
mod notifications;
mod openapi;
mod operations;
mod options;
mod passwords;
mod patience;
mod photo;
mod plain;
mod profile_body;
mod profiles;
mod rates;
mod reach;
mod realtime;
mod refusals;
mod report_schedule;
mod reports;
mod roles;
mod routes;
mod seats;
mod security;
mod serve;
mod sessions;
mod show;
mod site_logo;
mod sites;
mod socket;
mod spa;
mod step_up;
mod storage;
mod stored;
mod support;
mod support_door;
mod system;
mod told;
mod turn;
mod two_factor;
mod update;
mod upload;
mod users;
mod write;

pub use options::{EdgeSettings, Options};
pub use rates::{Class, Limits};
pub use seats::SeatLimits;
pub use serve::{PlainHttp, serve};
pub use support_door::{DOOR, keep_support_door};

use crate::alerts::Alerts;
use crate::auth::{ApiTokens, Auth, Caller};
use crate::backup::Backups;
use crate::base::{Clock, Error, Result, Timestamp};
use crate::care::Examiner;
use crate::coldchain::Coldchain;
use crate::devices::{Devices, Receiver};
use crate::energy::enpi::Enpis;
use crate::energy::{CarbonBook, SiteHistory, Tariffs, TodayCache, Trees};
use crate::equipment::{Attachments, Commissioning, Maintenance, Registry};
use crate::ingest::{Inlet, Intake};
use crate::live::Live;
use crate::local_name::LocalName;
use crate::mqtt::Mqtt;
use crate::notify::Notify;
use crate::reports::Reports;
use crate::security::Book;
use crate::site::{Site, Sites};
use crate::store::Store;
use crate::syslog::Forwarder;
use crate::tls::Tls;
use crate::tsdb::Tsdb;
use crate::update::Updates;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router, middleware};
use dashboard::DashboardCache;
use hosts::Hosts;
use rates::Rates;
use seats::Seats;
use socket::Sockets;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

/// Largest body of a JSON route, bytes.
const BODY_MAX: usize = 1 << 20;
/// Longest answer; a test read of a dead device takes its time-outs.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Edge>);

/// The rooms behind the edge.
pub struct Services {
    /// Settings.
    pub options: Options,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The data directory.
    pub store: Store,
    /// Identity.
    pub auth: Arc<Auth>,
    /// API tokens.
    pub api_tokens: Arc<ApiTokens>,
    /// Sites.
    pub sites: Arc<Sites>,
    /// Backups.
    pub backups: Arc<Backups>,
    /// What looks through the files once a week.
    pub examiner: Arc<Examiner>,
    /// Latest values.
    pub live: Arc<Live>,
    /// Equipment.
    pub registry: Arc<Registry>,
    /// Devices that bring their readings themselves.
    pub devices: Arc<Devices>,
    /// The desk where their deliveries are taken.
    pub receiver: Receiver,
    /// The subscriber to a broker.
    pub mqtt: Arc<Mqtt>,
    /// Who is told what.
    pub notify: Arc<Notify>,
    /// Photos and documents.
    pub attachments: Arc<Attachments>,
    /// What was done to equipment, and when it is due again.
    pub maintenance: Arc<Maintenance>,
    /// What technicians look for, decide and report.
    pub commissioning: Arc<Commissioning>,
    /// What people have to act on.
    pub alerts: Arc<Alerts>,
    /// Indicators, their baselines, production and plan.
    pub enpis: Arc<Enpis>,
    /// Factors of carbon, and what was emitted.
    pub carbon: Arc<CarbonBook>,
    /// Cold cells.
    pub coldchain: Arc<Coldchain>,
    /// History.
    pub history: SiteHistory,
    /// Meter trees.
    pub trees: Arc<Trees>,
    /// Tariffs.
    pub tariffs: Arc<Tariffs>,
    /// Reports.
    pub reports: Arc<Reports>,
    /// Figures of today.
    pub today: TodayCache,
    /// The way into the funnel, for its counter of skipped beats.
    pub inlet: Inlet,
    /// Where readings come in, and what it has done.
    pub intake: Arc<Intake>,
    /// Newer versions.
    pub updates: Arc<Updates>,
    /// The readings.
    pub tsdb: Arc<Tsdb>,
    /// The name by which the network finds the page.
    pub local_name: Arc<LocalName>,
    /// Certificates, when HTTPS is spoken.
    pub tls: Option<Arc<Tls>>,
    /// The way of the audit log to a collector, when there is one.
    pub syslog: Option<Arc<Forwarder>>,
    /// The stop signal.
    pub stop: CancellationToken,
    /// When the appliance started.
    pub started_at: Timestamp,
}

/// The services, and what only the edge needs.
pub struct Edge {
    services: Services,
    dashboards: DashboardCache,
    sockets: Sockets,
    hosts: Hosts,
    seats: Arc<Seats>,
    rates: Rates,
    safety: Book,
    answers: Arc<edge::Answers>,
    setting_up: tokio::sync::Mutex<()>,
    trying: tokio::sync::Mutex<()>,
    rehearsing: tokio::sync::Mutex<()>,
    writes: tokio::sync::Semaphore,
    exports: Arc<tokio::sync::Semaphore>,
    uploads: tokio::sync::Semaphore,
}

impl Deref for Edge {
    type Target = Services;
    fn deref(&self) -> &Services {
        &self.services
    }
}

impl Deref for Context {
    type Target = Edge;
    fn deref(&self) -> &Edge {
        &self.0
    }
}

impl Context {
    /// The edge before these rooms.
    #[must_use]
    pub fn new(services: Services) -> Self {
        let edge = &services.options.edge;
        let seats = Seats::new(edge.seats);
        // After a restart those who are signed in find their places again.
        for (address, at) in services.auth.addresses_in_use() {
            seats.know(address, at);
        }
        Self(Arc::new(Edge {
            hosts: Hosts::new(&edge.names, &services.local_name, &edge.cors_origins),
            rates: Rates::new(edge.limits.clone()),
            seats,
            services,
            dashboards: DashboardCache::default(),
            safety: Book::default(),
            answers: Arc::default(),
            sockets: Sockets::default(),
            setting_up: tokio::sync::Mutex::default(),
            trying: tokio::sync::Mutex::default(),
            rehearsing: tokio::sync::Mutex::default(),
            exports: Arc::new(tokio::sync::Semaphore::new(export::EXPORTS_AT_ONCE)),
            writes: tokio::sync::Semaphore::new(write::WRITES_AT_ONCE),
            uploads: tokio::sync::Semaphore::new(upload::UPLOADS_AT_ONCE),
        }))
    }

    /// The site of a caller.
    ///
    /// # Errors
    /// When it was not set up.
    pub fn site_of(&self, caller: &Caller) -> Result<Site> {
        self.site(&caller.user.site)
    }

    /// The site of this key.
    ///
    /// # Errors
    /// When it was not set up.
    pub fn site(&self, key: &str) -> Result<Site> {
        let found = self.sites.by_key(key);
        found.ok_or_else(|| Error::not_found("site", key))
    }

    fn uptime_s(&self) -> i64 {
        self.clock.now().since_ms(self.started_at) / 1_000
    }
}

/// Runs work that reads the disk outside the runtime's own threads.
async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    let id = crate::base::request::current_id();
    tokio::task::spawn_blocking(move || crate::base::request::within(id, work))
        .await
        .map_err(|cause| Error::internal("The question could not be answered.").because(cause))?
}

/// The API document as JSON.
///
/// # Errors
/// Never in practice: the document is made of plain values.
pub fn document() -> Result<String> {
    let routes = routes::api();
    let document = OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(routes.public)
        .merge(routes.open)
        .merge(routes.protected)
        .into_openapi();
    openapi::complete(document)
        .to_pretty_json()
        .map(|json| json + "\n")
        .map_err(|cause| Error::internal("The API document cannot be written.").because(cause))
}

/// The API document as its reader (`frontend-dist/docs`) and other programs fetch it.
fn described<S>(document: utoipa::openapi::OpenApi) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let document = Arc::new(document);
    let tell = move || async move { Json(Arc::clone(&document)) };
    Router::new().route("/openapi.json", get(tell))
}

/// Everything that is served.
pub fn router(context: &Context) -> Router {
    let routes = routes::api();
    let session = middleware::from_fn_with_state(context.clone(), caller::require_session);
    let asker = middleware::from_fn_with_state(context.clone(), caller::require_asker);
    let (api, document) = OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(routes.public)
        .merge(routes.open.route_layer(asker))
        .merge(routes.protected.route_layer(session))
        .split_for_parts();
    let document = openapi::complete(document);
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN);
    // Files are large and stay on the local network: packing them takes longer than sending them.
    let packed = DefaultPredicate::new()
        .and(NotForContentType::const_new(export::CSV))
        .and(NotForContentType::const_new(export::XLSX))
        .and(NotForContentType::const_new(documents::PDF));
    let http = Router::new()
        .nest("/api", api.clone())
        .nest("/api/v1", api)
        .merge(system::probes())
        .merge(write::alias(context))
        .route("/ca.crt", get(plain::authority))
        .merge(described(document))
        .fallback(spa::serve)
        .layer(timeout)
        .layer(CompressionLayer::new().compress_when(packed));
    // Sockets live long and are not compressed.
    let sockets = Router::new()
        .route("/ws", get(hub::open))
        .route("/ws/{channel}", get(channel::open));
    let meter = middleware::from_fn_with_state(context.clone(), rates::meter);
    let hold = middleware::from_fn_with_state(context.clone(), update::hold);
    let guard = middleware::from_fn_with_state(context.clone(), hosts::guard);
    http.merge(sockets)
        .method_not_allowed_fallback(envelope::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(hold)
        .layer(meter)
        .layer(middleware::from_fn(cookies::fit))
        .layer(guard)
        .layer(CatchPanicLayer::custom(edge::answer_panic))
        .layer(middleware::from_fn_with_state(context.clone(), edge::dress))
        .with_state(context.clone())
}

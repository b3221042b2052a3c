//! The HTTP and WebSocket edge; home of axum and rust-embed.
//!
//! Promises: default deny; one shape of answer; nothing is answered as done before it is on
//! disk; no token or query of an address reaches a log. Will not do: decide anything that a
//! domain should.

mod api_tokens;
mod audit;
mod audit_export;
mod auth;
mod caller;
mod channel;
mod commissioning;
mod dashboard;
mod device_push;
mod devices;
mod doctor;
mod documents;
mod edge;
mod envelope;
mod equipment;
mod export;
mod history;
mod hub;
mod line_frames;
mod lines;
mod mqtt;
mod notifications;
mod openapi;
mod photo;
mod profile_body;
mod profiles;
mod realtime;
mod refusals;
mod roles;
mod serve;
mod sessions;
mod show;
mod sites;
mod socket;
mod spa;
mod storage;
mod stored;
mod system;
mod two_factor;
mod upload;
mod users;
mod write;

pub use serve::serve;

use crate::auth::{ApiTokens, Auth, Caller};
use crate::base::{Clock, Error, Result, Timestamp};
use crate::devices::{Devices, Receiver};
use crate::energy::{SiteHistory, TodayCache};
use crate::equipment::{Attachments, Commissioning, Registry};
use crate::ingest::{Inlet, Intake};
use crate::live::Live;
use crate::mqtt::Mqtt;
use crate::notify::Notify;
use crate::site::{Site, Sites};
use crate::store::Store;
use crate::tsdb::Tsdb;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Router, middleware};
use dashboard::DashboardCache;
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
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

/// Largest body of a JSON route, bytes.
const BODY_MAX: usize = 1 << 20;
/// Longest answer; a test read of a dead device takes its time-outs.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Settings of the edge.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often the dashboard channel sends, ms.
    pub dashboard_every_ms: i64,
    /// Whether a socket may carry its access token in the address.
    pub token_in_query: bool,
}

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
    /// What technicians look for, decide and report.
    pub commissioning: Arc<Commissioning>,
    /// History.
    pub history: SiteHistory,
    /// Figures of today.
    pub today: TodayCache,
    /// The way into the funnel, for its counter of skipped beats.
    pub inlet: Inlet,
    /// Where readings come in, and what it has done.
    pub intake: Arc<Intake>,
    /// The readings.
    pub tsdb: Arc<Tsdb>,
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
    setting_up: tokio::sync::Mutex<()>,
    trying: tokio::sync::Mutex<()>,
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
        Self(Arc::new(Edge {
            services,
            dashboards: DashboardCache::default(),
            sockets: Sockets::default(),
            setting_up: tokio::sync::Mutex::default(),
            trying: tokio::sync::Mutex::default(),
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

/// The routes of the API by who is let in.
struct Routes {
    /// Everybody.
    public: OpenApiRouter<Context>,
    /// Persons and programs.
    open: OpenApiRouter<Context>,
    /// Persons.
    protected: OpenApiRouter<Context>,
}

fn api() -> Routes {
    let public = OpenApiRouter::new()
        .merge(auth::public())
        .merge(users::public())
        .merge(device_push::public());
    let open = OpenApiRouter::new()
        .merge(history::open())
        .merge(export::open())
        .merge(write::open());
    let protected = OpenApiRouter::new()
        .merge(auth::protected())
        .merge(users::protected())
        .merge(roles::protected())
        .merge(sessions::protected())
        .merge(two_factor::protected())
        .merge(api_tokens::protected())
        .merge(sites::protected())
        .merge(audit::protected())
        .merge(audit_export::protected())
        .merge(equipment::protected())
        .merge(doctor::protected())
        .merge(lines::protected())
        .merge(line_frames::protected())
        .merge(profiles::protected())
        .merge(devices::protected())
        .merge(mqtt::protected())
        .merge(notifications::protected())
        .merge(commissioning::protected())
        .merge(photo::protected())
        .merge(documents::protected())
        .merge(realtime::protected())
        .merge(storage::protected())
        .merge(system::protected());
    Routes {
        public,
        open,
        protected,
    }
}

/// The API document as JSON.
///
/// # Errors
/// Never in practice: the document is made of plain values.
pub fn document() -> Result<String> {
    let routes = api();
    let document = OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(routes.public)
        .merge(routes.open)
        .merge(routes.protected)
        .into_openapi();
    document
        .to_pretty_json()
        .map(|json| json + "\n")
        .map_err(|cause| Error::internal("The API document cannot be written.").because(cause))
}

/// The reader of the API document. Its validator is a service on the internet: nobody is asked.
fn docs(document: utoipa::openapi::OpenApi) -> SwaggerUi {
    let quiet = SwaggerConfig::default().validator_url("none");
    SwaggerUi::new("/docs")
        .config(quiet)
        .url("/openapi.json", document)
}

/// Everything that is served.
pub fn router(context: &Context) -> Router {
    let routes = api();
    let session = middleware::from_fn_with_state(context.clone(), caller::require_session);
    let asker = middleware::from_fn_with_state(context.clone(), caller::require_asker);
    let (api, document) = OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(routes.public)
        .merge(routes.open.route_layer(asker))
        .merge(routes.protected.route_layer(session))
        .split_for_parts();
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
        .merge(docs(document))
        .fallback(spa::serve)
        .layer(timeout)
        .layer(CompressionLayer::new().compress_when(packed));
    // Sockets live long and are not compressed.
    let sockets = Router::new()
        .route("/ws", get(hub::open))
        .route("/ws/{channel}", get(channel::open));
    http.merge(sockets)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn(caller::refuse_other_origins))
        .layer(CatchPanicLayer::custom(edge::answer_panic))
        .layer(middleware::from_fn(edge::dress))
        .with_state(context.clone())
}

//! The HTTP and WebSocket edge; home of axum and rust-embed.
//!
//! Promises: default deny; one shape of answer; nothing is answered as done before it is on
//! disk; no token or query of an address reaches a log. Will not do: decide anything that a
//! domain should.

mod auth;
mod caller;
mod channel;
mod dashboard;
mod edge;
mod envelope;
mod equipment;
mod history;
mod hub;
mod openapi;
mod realtime;
mod serve;
mod show;
mod sites;
mod socket;
mod spa;
mod system;

pub use serve::serve;

use crate::auth::{Auth, Caller};
use crate::base::{Clock, Error, Result, Timestamp};
use crate::energy::{SiteHistory, TodayCache};
use crate::equipment::Registry;
use crate::ingest::{Counters, Inlet};
use crate::live::Live;
use crate::site::{Site, Sites};
use crate::store::Store;
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
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

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
    /// Sites.
    pub sites: Arc<Sites>,
    /// Latest values.
    pub live: Arc<Live>,
    /// Equipment.
    pub registry: Arc<Registry>,
    /// History.
    pub history: SiteHistory,
    /// Figures of today.
    pub today: TodayCache,
    /// The way into the funnel, for its counter of skipped beats.
    pub inlet: Inlet,
    /// What the funnel has done.
    pub counters: Arc<Counters>,
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
        }))
    }

    /// The site of a caller.
    ///
    /// # Errors
    /// When it was not set up.
    pub fn site_of(&self, caller: &Caller) -> Result<Site> {
        self.sites
            .by_key(&caller.user.site)
            .ok_or_else(|| Error::not_found("site", &caller.user.site))
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
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| Error::internal("The question could not be answered.").because(cause))?
}

/// The routes of the API, those without a session first.
fn api() -> (OpenApiRouter<Context>, OpenApiRouter<Context>) {
    let public = OpenApiRouter::new().merge(auth::public());
    let protected = OpenApiRouter::new()
        .merge(auth::protected())
        .merge(sites::protected())
        .merge(equipment::protected())
        .merge(realtime::protected())
        .merge(history::protected())
        .merge(system::protected());
    (public, protected)
}

/// The API document as JSON.
///
/// # Errors
/// Never in practice: the document is made of plain values.
pub fn document() -> Result<String> {
    let (public, protected) = api();
    let document = OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(public)
        .merge(protected)
        .into_openapi();
    document
        .to_pretty_json()
        .map(|json| json + "\n")
        .map_err(|cause| Error::internal("The API document cannot be written.").because(cause))
}

/// Everything that is served.
pub fn router(context: &Context) -> Router {
    let (public, protected) = api();
    let guard = middleware::from_fn_with_state(context.clone(), caller::require_session);
    let (api, document) = OpenApiRouter::with_openapi(openapi::Head::openapi())
        .merge(public)
        .merge(protected.route_layer(guard))
        .split_for_parts();
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN);
    let http = Router::new()
        .nest("/api", api.clone())
        .nest("/api/v1", api)
        .merge(system::probes())
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(spa::serve)
        .layer(timeout)
        .layer(CompressionLayer::new());
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

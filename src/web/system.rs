//! `/health*`, `/metrics`, `/api/system`: how the appliance itself is doing.

use super::Context;
use super::caller::{Address, api_secret, bearer};
use super::envelope::{Answer, Envelope, Failure, ok};
use crate::auth::{Asker, Caller, Permission, Reach};
use crate::base::{Error, ErrorKind, Timestamp};
use crate::care::{self, Check, CheckState, Facts, assess};
use crate::equipment::{Equipment, Status};
use crate::syslog::SyslogStatus;
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::Serialize;
use serde_json::json;
use std::net::IpAddr;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Readings that waited this long for the disk mean trouble, ms.
const COMMIT_LATE_MS: i64 = 30_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(system))
}

/// Probes, outside the API.
pub fn probes() -> Router<Context> {
    Router::new()
        .route("/health", get(health))
        .route("/health/live", get(alive))
        .route("/live", get(alive))
        .route("/health/ready", get(ready))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
}

/// The appliance itself.
#[derive(Serialize, ToSchema)]
struct System {
    /// Version.
    version: &'static str,
    /// Time since the start, s.
    uptime_s: i64,
    /// Bytes of the data file.
    data_file_bytes: u64,
    /// Samples stored since the start.
    samples_written: u64,
    /// Polls that found no room because the disk was slow.
    ticks_skipped: u64,
    /// Polls that were lost because the disk refused for too long.
    ticks_dropped: u64,
    /// Sockets that are open.
    sockets: usize,
    /// Connections that are open.
    connections: usize,
    /// Connections since the start that found no place.
    connections_refused: u64,
    /// How the audit log gets to its collector; `null` when there is none.
    syslog: Option<SyslogStatus>,
    /// The name by which the network finds it without a name server, when it is announced.
    local_name: Option<String>,
    /// Whether this is the static binary that ships.
    static_binary: bool,
    /// How everything is, with a code for what to do.
    checks: Vec<Check>,
}

/// How the appliance itself is doing.
#[utoipa::path(get, path = "/system", tag = "system",
    responses((status = 200, body = Envelope<System>)))]
async fn system(State(context): State<Context>, caller: Caller) -> Answer<System> {
    caller.require(Permission::AuditRead)?;
    let checks = checks(&context).await?;
    ok(System {
        checks,
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: context.uptime_s(),
        data_file_bytes: context.store.file_bytes(),
        samples_written: context.intake.counters().samples(),
        ticks_skipped: context.inlet.skipped(),
        ticks_dropped: context.intake.counters().dropped(),
        sockets: context.sockets.count(),
        connections: context.seats.count(),
        connections_refused: context.seats.refused(),
        syslog: context.syslog.as_ref().map(|syslog| syslog.status()),
        local_name: context.local_name.announced(),
        static_binary: cfg!(target_feature = "crt-static"),
    })
}

/// Looks at everything that can be well or not.
pub(super) async fn checks(context: &Context) -> Result<Vec<Check>, Error> {
    let (context, now) = (context.clone(), context.clock.now());
    super::blocking(move || Ok(assess(&facts(&context, now)?, now))).await
}

fn facts(context: &Context, now: Timestamp) -> Result<Facts, Error> {
    let storage = context.tsdb.storage_use(now)?;
    let equipment = context.registry.all();
    let polled: Vec<_> = equipment.iter().filter(|e| e.modbus.is_some()).collect();
    let is_silent = |e: &&&Equipment| context.registry.status(e) == Status::Offline;
    let (settings, _) = context.backups.settings();
    let (last_good, trouble) = context.backups.last();
    let reports = care::reports(context.store.path());
    let used = storage
        .used_percent
        .and_then(|percent| u32::try_from(percent).ok());
    Ok(Facts {
        disk_used_percent: used.map(f64::from),
        disk_full_on: storage.full_on,
        reserve: context.store.reserve(),
        memory_mb: crate::machine::resident_mb(),
        files: care::open_files(),
        writer_healthy: context.store.is_healthy(),
        ticks_lost: context.inlet.skipped() + context.intake.counters().dropped(),
        devices: (polled.len(), polled.iter().filter(is_silent).count()),
        clock_synced: care::clock_state().synced,
        clock_wrong: care::wrong_clock(&context.store, now)?,
        backup_timetable: settings.folder.is_some() && settings.at.is_some(),
        backup_at: last_good.map(|good| good.at),
        backup_age_h: context.backups.age_h(now),
        backup_failed: trouble.is_some(),
        certificate_until: context.tls.as_ref().and_then(|tls| tls.view().not_after),
        integrity: context.examiner.last(),
        failed_at: reports.first().and_then(|report| report.at),
    })
}

/// `healthy`, `degraded` or `unhealthy`, and why.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    timestamp: Timestamp,
    uptime_s: i64,
    services: serde_json::Value,
}

async fn health(State(context): State<Context>) -> Response {
    let now = context.clock.now();
    let store_up = context.store.is_healthy() && context.store.read().is_ok();
    let equipment = context.registry.all();
    let polled: Vec<_> = equipment.iter().filter(|e| e.modbus.is_some()).collect();
    let count = |status| {
        polled
            .iter()
            .filter(|e| context.registry.status(e) == status)
            .count()
    };
    let (online, offline) = (count(Status::Online), count(Status::Offline));
    // Readings are late only when some were taken: a plant without meters writes nothing.
    let writing = context
        .intake
        .counters()
        .last_commit()
        .is_none_or(|at| online == 0 || now.since_ms(at) < COMMIT_LATE_MS);
    let status = match (store_up && writing, offline) {
        (false, _) => "unhealthy",
        (true, 0) => "healthy",
        (true, _) => "degraded",
    };
    let word = |up: bool| {
        if up {
            "up"
        } else {
            "down: the disk refuses; check its room"
        }
    };
    let acquisition = if offline == 0 {
        "up".to_owned()
    } else {
        format!(
            "degraded: {offline} of {} devices do not answer",
            polled.len()
        )
    };
    // A disk that fills up is no failure yet; whoever looks is to see it in time.
    let disk = match context.tsdb.disk_warning() {
        None => "up".to_owned(),
        Some(percent) => format!("warning: more than {percent} % of the disk is used"),
    };
    let health = Health {
        status,
        timestamp: now,
        uptime_s: context.uptime_s(),
        services: json!({
            "store": word(store_up),
            "ingest": word(writing),
            "acquisition": acquisition,
            "disk": disk,
        }),
    };
    let code = if status == "unhealthy" {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    (code, Json(health)).into_response()
}

async fn alive() -> Json<serde_json::Value> {
    Json(json!({ "status": "alive" }))
}

async fn ready(State(context): State<Context>) -> Response {
    let ready = context.store.is_healthy() && !context.stop.is_cancelled();
    let (code, status) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (code, Json(json!({ "status": status }))).into_response()
}

/// Who reads the metrics from elsewhere: an API token lasts as a scraper needs it.
async fn scraper(
    context: &Context,
    address: Option<IpAddr>,
    headers: &HeaderMap,
) -> Result<Asker, Error> {
    let asker = match (api_secret(headers), bearer(headers)) {
        (Some(secret), _) => {
            Asker::Program(context.api_tokens.authenticate(secret, address).await?)
        }
        (None, Some(token)) => Asker::Person(context.auth.authenticate(token, None)?),
        (None, None) => {
            let sentence = "Send an API token of the scope metrics:read to read the metrics.";
            return Err(Error::new(ErrorKind::Unauthenticated, sentence));
        }
    };
    asker.require(Permission::AuditRead)?;
    Ok(asker)
}

/// Prometheus text, for the machine itself, or with an API token or an access token.
async fn metrics(
    State(context): State<Context>,
    Address(address): Address,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let reach = match address {
        Some(address) if address.is_loopback() => Reach::ALL,
        _ => scraper(&context, address, &headers).await?.reach(),
    };
    let checks = checks(&context).await?;
    // A recorder of its own: no global state, so that tests run side by side.
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        record(&context, &reach);
        record_checks(&checks);
    });
    let text = recorder.handle().render();
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

#[allow(clippy::cast_precision_loss)] // a gauge is a float by its format
fn record(context: &Context, reach: &Reach) {
    metrics::gauge!("indusmind_uptime_seconds").set(context.uptime_s() as f64);
    metrics::gauge!("indusmind_data_file_bytes").set(context.store.file_bytes() as f64);
    let reads = context.store.reads();
    metrics::gauge!("indusmind_longest_read_seconds").set(reads.longest.as_secs_f64());
    metrics::counter!("indusmind_reads_cut_total").absolute(reads.cut);
    metrics::counter!("indusmind_password_hashes_total").absolute(context.auth.passwords_hashed());
    metrics::gauge!("indusmind_sockets").set(context.sockets.count() as f64);
    metrics::gauge!("indusmind_connections").set(context.seats.count() as f64);
    metrics::counter!("indusmind_connections_refused_total").absolute(context.seats.refused());
    metrics::counter!("indusmind_samples_total").absolute(context.intake.counters().samples());
    metrics::counter!("indusmind_commits_total").absolute(context.intake.counters().commits());
    metrics::counter!("indusmind_commits_refused_total")
        .absolute(context.intake.counters().refused());
    metrics::counter!("indusmind_batches_skipped_total").absolute(context.inlet.skipped());
    metrics::counter!("indusmind_batches_dropped_total")
        .absolute(context.intake.counters().dropped());
    let seen = |e: &&Equipment| e.modbus.is_some() && reach.sees(&e.site);
    for equipment in context.registry.all().iter().filter(seen) {
        let up = f64::from(context.registry.status(equipment) == Status::Online);
        let labels = [
            ("id", equipment.id.to_string()),
            ("name", equipment.name.clone()),
        ];
        metrics::gauge!("indusmind_equipment_up", &labels).set(up);
    }
}

/// What *System* shows: 0 well, 1 worth a look, 2 to be acted on; and the figure behind it.
fn record_checks(checks: &[Check]) {
    for check in checks {
        let state = match check.state {
            CheckState::Ok => 0.0,
            CheckState::Attention => 1.0,
            CheckState::Bad => 2.0,
        };
        metrics::gauge!("indusmind_check_state", "check" => check.key).set(state);
        if let Some(value) = check.value {
            let labels = [("check", check.key), ("unit", check.unit)];
            metrics::gauge!("indusmind_check_value", &labels).set(value);
        }
    }
}

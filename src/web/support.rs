//! `/api/system/support-bundle`: what somebody needs who helps from afar, and no secret.

use super::Context;
use super::envelope::{Answer, Envelope, Params, ok};
use super::system::checks;
use crate::auth::{Caller, Permission};
use crate::base::Result;
use crate::care;
use crate::store::audit::{self, Actor};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Most frames of a line: of a device that is polled every second, half an hour.
const FRAMES_OF_A_LINE_MAX: usize = 2_000;
/// Most frames of a file, each of some 500 bytes as text.
const FRAMES_MAX: usize = 50_000;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(bundle))
}

/// What is to be in the file besides.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SupportQuery {
    /// Whether the newest frames of each line are: `indusmind simulate --replay` plays them again.
    #[serde(default)]
    frames: bool,
}

/// A file for whoever helps.
#[derive(Serialize, ToSchema)]
struct SupportBundle {
    /// Its name.
    name: String,
    /// What is in it: versions, settings without secrets, counts, checks, reports of faults and the
    /// end of the log.
    #[schema(value_type = Object)]
    content: Value,
}

/// Gathers what somebody needs who helps from afar. Passwords, keys, tokens and passphrases are not
/// in it: it is made of what the page shows, never of the tables that hold them.
#[utoipa::path(post, path = "/system/support-bundle", operation_id = "make_support_bundle",
    tag = "system", params(SupportQuery),
    responses((status = 200, body = Envelope<SupportBundle>)))]
async fn bundle(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<SupportQuery>,
) -> Answer<SupportBundle> {
    caller.require(Permission::AuditRead)?;
    if query.frames {
        caller.require(Permission::LinesRead)?;
    }
    let content = make(&context, caller.actor(), query.frames).await?;
    let now = context.clock.now();
    let stamp: String = (now.to_string().chars().take(19))
        .filter(|c| !"-:".contains(*c))
        .collect();
    ok(SupportBundle {
        name: format!("indusmind-support-{stamp}Z.json"),
        content,
    })
}

/// Gathers it and writes down who had it.
///
/// # Errors
/// When the data cannot be read, or the audit log takes no entry.
pub(super) async fn make(context: &Context, actor: Actor, frames: bool) -> Result<Value> {
    let now = context.clock.now();
    let checks = checks(context).await?;
    let gathered = context.clone();
    let mut content = super::blocking(move || {
        let mut content = gather(&gathered)?;
        if frames {
            content["lines"] = lines(&gathered);
        }
        Ok(content)
    })
    .await?;
    content["made_at"] = json!(now);
    content["checks"] = json!(checks);
    let log = move |transaction: &crate::store::Transaction<'_>| {
        let details = json!({ "frames": frames });
        let action = "support.bundle";
        audit::append(transaction, now, &actor, action, "appliance", details)
    };
    context.store.write(log).await?;
    Ok(content)
}

/// Each line with the newest of its frames, oldest first, as the simulator plays them again.
fn lines(context: &Context) -> Value {
    let acquisition = context.registry.acquisition();
    let mut left = FRAMES_MAX;
    let reports = acquisition.line_reports().into_iter().map(|report| {
        let journal = acquisition.journal(&report.key);
        let wanted = left.min(FRAMES_OF_A_LINE_MAX);
        let frames = journal.map_or_else(Vec::new, |journal| journal.frames(wanted));
        left -= frames.len();
        let mut line = json!(report);
        line["frames"] = json!(frames);
        line
    });
    Value::Array(reports.collect())
}

fn gather(context: &Context) -> Result<Value> {
    let reads = context.store.reads();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "static_binary": cfg!(target_feature = "crt-static"),
        "uptime_s": context.uptime_s(),
        "machine": care::machine(),
        "store": {
            "data_file_bytes": context.store.file_bytes(),
            "tables": context.store.read()?.counts()?,
            "longest_read_s": reads.longest.as_secs_f64(),
            "reads_cut": reads.cut,
            "samples": context.intake.counters().samples(),
            "commits_refused": context.intake.counters().refused(),
            "ticks_skipped": context.inlet.skipped(),
            "ticks_dropped": context.intake.counters().dropped(),
        },
        "readings": context.tsdb.storage_use(context.clock.now())?,
        "sites": context.sites.all(),
        "equipment": context.registry.all(),
        "mqtt": { "settings": context.mqtt.settings(), "status": context.mqtt.status() },
        "backups": { "settings": context.backups.settings().0, "jobs": context.backups.jobs()? },
        "certificate": context.tls.as_ref().map(|tls| tls.view()),
        "syslog": context.syslog.as_ref().map(|syslog| syslog.status()),
        "integrity": context.examiner.last(),
        "faults": care::reports(context.store.path()),
        "log": context.options.log_file.as_deref().and_then(care::end_of),
    }))
}

//! `/api/system/support-bundle`: what somebody needs who helps from afar, and no secret.

use super::Context;
use super::envelope::{Answer, Envelope, ok};
use super::system::checks;
use crate::auth::{Caller, Permission};
use crate::base::Result;
use crate::care;
use crate::store::audit;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(bundle))
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
    tag = "system", responses((status = 200, body = Envelope<SupportBundle>)))]
async fn bundle(State(context): State<Context>, caller: Caller) -> Answer<SupportBundle> {
    caller.require(Permission::AuditRead)?;
    let (now, actor) = (context.clock.now(), caller.actor());
    let checks = checks(&context).await?;
    let gathered = context.clone();
    let mut content = super::blocking(move || gather(&gathered)).await?;
    content["made_at"] = json!(now);
    content["checks"] = json!(checks);
    let log = move |transaction: &crate::store::Transaction<'_>| {
        audit::append(
            transaction,
            now,
            &actor,
            "support.bundle",
            "appliance",
            json!({}),
        )
    };
    context.store.write(log).await?;
    let stamp: String = (now.to_string().chars().take(19))
        .filter(|c| !"-:".contains(*c))
        .collect();
    ok(SupportBundle {
        name: format!("indusmind-support-{stamp}Z.json"),
        content,
    })
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

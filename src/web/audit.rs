//! `/api/audit`: searching the log, and checking its chain.

mod names;

use super::Context;
use super::envelope::{Answer, Envelope, Params, Refusal, ok};
use crate::auth::{Caller, Permission, Reach};
use crate::base::error::Checks;
use crate::base::{Result, Timestamp};
use crate::store::audit::{self, Anchor, Entry, Filter, Outcome, Verdict};
use axum::extract::State;
use names::RuleByItself;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries of a page when nothing else is asked for.
const PAGE_DEFAULT: usize = 20;
/// Longest text that is looked for, characters.
const TEXT_MAX: usize = 200;

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(audit_logs))
        .routes(routes!(verify))
}

/// Which entries of the audit log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// A part of the name of who did it.
    pub user: Option<String>,
    /// What was done, several with commas: `auth.login_failed`, or `auth` for all of `auth.…`.
    pub action: Option<String>,
    /// To what: `equipment` for all, or `equipment/0192…`.
    pub object: Option<String>,
    /// A part of anything that an entry shows.
    pub text: Option<String>,
    /// Not before: RFC 3339, or a date in UTC.
    pub from: Option<String>,
    /// Before: RFC 3339, or a date in UTC.
    pub to: Option<String>,
    /// `success` or `refused`.
    pub outcome: Option<String>,
}

/// Which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Cursor {
    /// Entries before this sequence; the newest when absent.
    #[param(value_type = Option<usize>)]
    pub cursor: Option<u64>,
    /// Entries of a page, at most 100; 20 when absent.
    pub limit: Option<usize>,
}

impl Cursor {
    /// Entries of the page.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_DEFAULT).clamp(1, audit::PAGE_MAX)
    }
}

impl AuditFilter {
    /// The filter that is meant.
    ///
    /// # Errors
    /// Every refused field.
    pub fn checked(&self) -> Result<Filter> {
        let mut checks = Checks::default();
        let parts = [
            ("user", &self.user),
            ("action", &self.action),
            ("object", &self.object),
            ("text", &self.text),
        ];
        for (path, part) in parts {
            let short = part.as_ref().is_none_or(|p| p.chars().count() <= TEXT_MAX);
            checks.require(short, path, "200 characters at most.");
        }
        let mut instant = |path: &str, text: &Option<String>| {
            let at = plain(text).map(|text| text.parse::<Timestamp>());
            let sentence = "Write the time as 2026-11-21T08:30:00Z or 2026-11-21.";
            checks.require(!matches!(at, Some(Err(_))), path, sentence);
            at.and_then(Result::ok)
        };
        let (from, to) = (instant("from", &self.from), instant("to", &self.to));
        let outcome = match self.outcome.as_deref() {
            None | Some("") => None,
            Some("success") => Some(Outcome::Success),
            Some("refused") => Some(Outcome::Refused),
            Some(_) => {
                checks.refuse("outcome", "Use success or refused.");
                None
            }
        };
        checks.finish()?;
        let actions = plain(&self.action).unwrap_or_default();
        let actions = actions.split(',').map(str::trim).filter(|a| !a.is_empty());
        Ok(Filter {
            user: plain(&self.user),
            actions: actions.map(str::to_owned).collect(),
            object: plain(&self.object),
            text: plain(&self.text),
            from,
            to,
            outcome,
            sites: None,
        })
    }

    /// The filter that is meant, narrowed to the sites that who asks reaches.
    ///
    /// # Errors
    /// Every refused field.
    pub fn checked_for(&self, caller: &Caller) -> Result<Filter> {
        Ok(Filter {
            sites: sites_of(caller),
            ..self.checked()?
        })
    }

    /// Whether it leaves anything out.
    pub fn is_empty(&self) -> bool {
        let parts = [
            &self.user,
            &self.action,
            &self.object,
            &self.text,
            &self.from,
            &self.to,
            &self.outcome,
        ];
        parts.into_iter().all(|part| plain(part).is_none())
    }
}

/// The sites to which the log is narrowed for who asks; `None` when he reaches all of them.
pub fn sites_of(caller: &Caller) -> Option<BTreeSet<String>> {
    match &caller.user.sites {
        Reach::All(_) => None,
        Reach::Only(sites) => Some(sites.clone()),
    }
}

fn plain(text: &Option<String>) -> Option<String> {
    let text = text.as_deref().map(str::trim);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An entry as it is shown.
#[derive(Serialize, ToSchema)]
pub struct ShownEntry {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// Whether what was tried was let happen.
    pub outcome: Outcome,
    /// What its object is called now; absent when it has no name or is there no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the name of an alert rule is made of, where nobody gave it one of his own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleByItself>,
}

/// A part of the audit log, newest first.
#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<ShownEntry>,
    /// Where the next page starts; `null` on the last one. A page may be short, or empty, and have
    /// a next one: one question looks at 50,000 entries.
    pub next_cursor: Option<u64>,
    /// Time of the oldest entry that was looked at: nothing is said of what is older.
    pub searched_until: Option<Timestamp>,
    /// Entries that were looked at.
    pub searched: u64,
    /// Keys of the sites that this is a part for; `null` when it is the log of the whole appliance. A
    /// part holds what is of these sites alone: nothing of the appliance itself, and nothing that was
    /// written before entries named their sites.
    pub only_sites: Option<BTreeSet<String>>,
}

/// A page of the log.
///
/// # Errors
/// When the file cannot be read.
pub async fn page_of(context: Context, filter: Filter, cursor: Cursor) -> Result<AuditPage> {
    let limit = cursor.limit();
    let only_sites = filter.sites.clone();
    let look = move || {
        let found = audit::search(&context.store, &filter, cursor.cursor, limit)?;
        let items = found.entries.iter().map(|entry| ShownEntry {
            name: names::name_of(&context, entry),
            rule: names::rule_of(&context, entry),
            outcome: entry.outcome(),
            entry: entry.clone(),
        });
        Ok((items.collect(), found))
    };
    let (items, found) = super::blocking(look).await?;
    Ok(AuditPage {
        items,
        next_cursor: found.next,
        searched_until: found.searched_until,
        searched: found.searched,
        only_sites,
    })
}

/// What a walk over the chain found.
#[derive(Serialize, ToSchema)]
struct CheckedChain {
    /// What was found. The whole chain is walked, whoever asks.
    #[serde(flatten)]
    verdict: Verdict,
    /// Keys of the sites whose entries the one who asks sees; `null` when he sees all that was walked.
    only_sites: Option<BTreeSet<String>>,
}

/// The audit log: newest first, by who, what, to what, when, how it ended, or any words.
#[utoipa::path(get, path = "/audit", operation_id = "audit_log", tag = "audit",
    params(AuditFilter, Cursor),
    responses(
        (status = 200, body = Envelope<AuditPage>),
        (status = 400, description = "Every refused parameter", body = Refusal),
    ))]
async fn search(
    State(context): State<Context>,
    caller: Caller,
    Params(filter): Params<AuditFilter>,
    Params(cursor): Params<Cursor>,
) -> Answer<AuditPage> {
    caller.require(Permission::AuditRead)?;
    let filter = filter.checked_for(&caller)?;
    ok(page_of(context, filter, cursor).await?)
}

/// Another name of `/audit`.
#[utoipa::path(get, path = "/admin/audit-logs", operation_id = "admin_audit_logs", tag = "audit",
    params(AuditFilter, Cursor),
    responses(
        (status = 200, body = Envelope<AuditPage>),
        (status = 400, description = "Every refused parameter", body = Refusal),
    ))]
async fn audit_logs(
    State(context): State<Context>,
    caller: Caller,
    Params(filter): Params<AuditFilter>,
    Params(cursor): Params<Cursor>,
) -> Answer<AuditPage> {
    caller.require(Permission::AuditRead)?;
    let filter = filter.checked_for(&caller)?;
    ok(page_of(context, filter, cursor).await?)
}

/// What to hold the chain against.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VerifyQuery {
    /// The head of an earlier export, `SEQUENCE:HASH` or the hash: a log whose end was cut off, or
    /// that was written anew, is found by it.
    head: Option<String>,
}

/// Checks the audit chain from its first entry to its last, and against a head that was kept.
#[utoipa::path(get, path = "/audit/verify", operation_id = "audit_verify", tag = "audit",
    params(VerifyQuery),
    responses(
        (status = 200, body = Envelope<CheckedChain>),
        (status = 400, description = "That is no head", body = Refusal),
    ))]
async fn verify(
    State(context): State<Context>,
    caller: Caller,
    Params(query): Params<VerifyQuery>,
) -> Answer<CheckedChain> {
    caller.require(Permission::AuditRead)?;
    let anchor = plain(&query.head).map(|head| head.parse::<Anchor>());
    let anchor = anchor.transpose()?;
    let walk = move || audit::verify_against(&context.store, anchor.as_ref());
    ok(CheckedChain {
        verdict: super::blocking(walk).await?,
        only_sites: sites_of(&caller),
    })
}

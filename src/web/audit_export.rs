//! `GET /api/audit/export`: the log as a file, with the head of its chain.
//!
//! Promises: one piece in memory at a time, made when the reader takes it; no cell that a
//! spreadsheet would run; the last line says how many entries there are, so that a file that
//! broke off shows.

use super::Context;
use super::audit::{AuditFilter, ShownEntry};
use super::envelope::{Failure, Params, Refusal};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result, Timestamp};
use crate::exchange::number::push_text;
use crate::store::audit::{self, Filter, Head};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries that one piece is made of.
const PIECE_ENTRIES: usize = 1_000;
/// The head of the chain, beside the file.
const HEAD_HEADER: &str = "x-audit-head";
const COLUMNS: &str = "sequence,time,user,user_id,address,action,object,outcome,request_id,\
                       details,previous,hash\r\n";

/// Routes of a session.
pub fn protected() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(export))
}

/// The shape of the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Shape {
    /// `csv` (when absent) or `json`.
    format: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// The audit log as a file, oldest entry first. Its last line has the number of entries and the
/// head of the chain, which the header `X-Audit-Head` has too: kept elsewhere, it shows later that
/// nothing up to here was changed or cut off. The export is itself an entry.
#[utoipa::path(get, path = "/audit/export", operation_id = "export_audit", tag = "audit",
    params(AuditFilter, Shape),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        (status = 400, description = "Every refused parameter", body = Refusal),
    ))]
async fn export(
    State(context): State<Context>,
    caller: Caller,
    Params(filter): Params<AuditFilter>,
    Params(shape): Params<Shape>,
) -> Result<Response, Failure> {
    caller.require(Permission::AuditRead)?;
    let format = match shape.format.as_deref() {
        None | Some("" | "csv") => Format::Csv,
        Some("json") => Format::Json,
        Some(_) => return Err(Error::invalid("format", "Use csv or json.").into()),
    };
    let (whole, filter) = (filter.is_empty(), filter.checked()?);
    let (actor, now) = (caller.actor(), context.clock.now());
    let head = context.store.write(move |transaction| {
        let details = serde_json::json!({ "whole": whole });
        audit::append(transaction, now, &actor, "audit.export", "audit", details)?;
        audit::head(transaction)
    });
    let head = head.await?.ok_or_else(|| {
        Error::internal("The audit log is empty after an entry was written. Check the disk.")
    })?;
    let (ending, kind) = match format {
        Format::Csv => ("csv", super::export::CSV),
        Format::Json => ("json", "application/json"),
    };
    let date = now.to_string();
    let date = date.split('T').next().unwrap_or_default();
    let name = format!("attachment; filename=\"audit_{date}.{ending}\"");
    let anchor = head.to_string();
    let work = Work {
        context,
        filter,
        format,
        head,
        exported_at: now,
        next: Some(0),
        count: 0,
    };
    let pieces = futures_util::stream::unfold(Some(work), next_piece);
    Ok((
        [
            (CONTENT_TYPE.as_str(), kind),
            (CONTENT_DISPOSITION.as_str(), name.as_str()),
            (HEAD_HEADER, anchor.as_str()),
        ],
        Body::from_stream(pieces),
    )
        .into_response())
}

/// How far the file is.
struct Work {
    context: Context,
    filter: Filter,
    format: Format,
    head: Head,
    exported_at: Timestamp,
    /// The first entry of the next piece; `None` when only the end is left.
    next: Option<u64>,
    count: u64,
}

async fn next_piece(work: Option<Work>) -> Option<(Result<Bytes>, Option<Work>)> {
    let mut work = work?;
    let made = super::blocking(move || {
        let piece = work.piece()?;
        Ok((piece, work))
    });
    match made.await {
        Ok((piece, work)) => {
            let more = work.next.is_some();
            Some((Ok(piece.into()), more.then_some(work)))
        }
        Err(error) => {
            tracing::warn!(%error, "an export of the audit log broke off");
            Some((Err(error), None))
        }
    }
}

impl Work {
    /// The next piece of the file, its beginning and its end with them.
    fn piece(&mut self) -> Result<Vec<u8>> {
        let from = self.next.unwrap_or_default();
        let mut out = Vec::new();
        if from == 0 {
            self.begin(&mut out)?;
        }
        let until = self.head.sequence;
        let view = self.context.store.read()?;
        let entries = audit::piece(&view, from, until, PIECE_ENTRIES)?;
        drop(view);
        let full = entries.len() == PIECE_ENTRIES;
        let last = entries.last().map(|entry| entry.sequence);
        self.next = last.filter(|_| full).map(|sequence| sequence + 1);
        for entry in entries {
            if self.filter.takes(&entry) {
                self.push(&mut out, entry.into())?;
                self.count += 1;
            }
        }
        if self.next.is_none() {
            self.end(&mut out);
        }
        Ok(out)
    }

    fn begin(&self, out: &mut Vec<u8>) -> Result<()> {
        match self.format {
            Format::Csv => out.extend_from_slice(COLUMNS.as_bytes()),
            Format::Json => {
                out.extend_from_slice(b"{\"exported_at\":");
                push_json(out, &self.exported_at)?;
                out.extend_from_slice(b",\"head\":");
                push_json(out, &self.head)?;
                out.extend_from_slice(b",\"entries\":[");
            }
        }
        Ok(())
    }

    fn push(&self, out: &mut Vec<u8>, shown: ShownEntry) -> Result<()> {
        if self.format == Format::Json {
            out.extend_from_slice(if self.count == 0 { b"\n" } else { b",\n" });
            return push_json(out, &shown);
        }
        let outcome = serde_json::to_value(shown.outcome).unwrap_or_default();
        let entry = shown.entry;
        let cells = [
            entry.sequence.to_string(),
            entry.at.to_string(),
            entry.user,
            entry.user_id.map(|id| id.to_string()).unwrap_or_default(),
            entry.address.unwrap_or_default(),
            entry.action,
            entry.resource,
            outcome.as_str().unwrap_or_default().to_owned(),
            entry.request_id.unwrap_or_default(),
            entry.details.to_string(),
            entry.previous,
            entry.hash,
        ];
        for (column, cell) in cells.iter().enumerate() {
            if column > 0 {
                out.push(b',');
            }
            push_text(out, cell);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn end(&self, out: &mut Vec<u8>) {
        let (count, head) = (self.count, &self.head);
        let end = match self.format {
            Format::Csv => format!("# {count} entries; head of the chain {head}\r\n"),
            Format::Json => format!("\n],\"count\":{count}}}\n"),
        };
        out.extend_from_slice(end.as_bytes());
    }
}

fn push_json(out: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer(out, value)
        .map_err(|cause| Error::internal("An entry cannot be written.").because(cause))
}

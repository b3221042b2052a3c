//! `GET /api/audit/export`: the log as a file, with the head of its chain.
//!
//! Promises: one piece in memory at a time, made when the reader takes it; no cell that a
//! spreadsheet would run; the last line says how many entries there are, so that a file that
//! broke off shows.

use super::Context;
use super::audit::AuditFilter;
use super::envelope::{Failure, Params, Refusal};
use crate::auth::{Caller, Permission};
use crate::base::{Error, Result, Timestamp};
use crate::exchange::number::push_text;
use crate::store::audit::{self, Entry, Filter, Head, LeftOut};
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
                       details,sites,previous,content,hash\r\n";

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
///
/// Who reaches some sites only gets what is of these alone. In the place of each other entry stand its
/// number and its hashes, so that his part is held against the head as the whole log is; not in what
/// a search found, which is no chain.
#[utoipa::path(get, path = "/audit/export", operation_id = "export_audit", tag = "audit",
    params(AuditFilter, Shape),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"),
            (String = "application/json"))),
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
    let (whole, filter) = (filter.is_empty(), filter.checked_for(&caller)?);
    let sites = filter.sites.clone().unwrap_or_default();
    let (actor, now) = (caller.actor(), context.clock.now());
    let head = context.store.write(move |transaction| {
        let details = serde_json::json!({ "whole": whole });
        let object = audit::about("audit").of_all(&sites);
        audit::append(transaction, now, &actor, "audit.export", object, details)?;
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
        whole,
        format,
        head,
        exported_at: now,
        next: Some(0),
        count: 0,
        left_out: 0,
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
    /// Whether no search narrows it.
    whole: bool,
    format: Format,
    head: Head,
    exported_at: Timestamp,
    /// The first entry of the next piece; `None` when only the end is left.
    next: Option<u64>,
    count: u64,
    /// Entries that only their hashes stand for.
    left_out: u64,
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
        let entries = audit::piece_as_stored(&view, from, until, PIECE_ENTRIES)?;
        drop(view);
        let full = entries.len() == PIECE_ENTRIES;
        let last = entries.last().map(|(entry, _)| entry.sequence);
        self.next = last.filter(|_| full).map(|sequence| sequence + 1);
        for (entry, bytes) in entries {
            if self.filter.takes(&entry) {
                self.push(&mut out, entry, &bytes)?;
                self.count += 1;
            } else if self.whole {
                self.push_left_out(&mut out, &entry)?;
                self.left_out += 1;
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
                out.extend_from_slice(b",\"whole\":");
                push_json(out, &self.whole)?;
                out.extend_from_slice(b",\"only_sites\":");
                push_json(out, &self.filter.sites)?;
                out.extend_from_slice(b",\"entries\":[");
            }
        }
        Ok(())
    }

    fn separate(&self, out: &mut Vec<u8>) {
        let is_first = self.count + self.left_out == 0;
        out.extend_from_slice(if is_first { b"\n" } else { b",\n" });
    }

    /// An entry. In JSON as it is stored, to the byte: its hash is over that.
    fn push(&self, out: &mut Vec<u8>, entry: Entry, stored: &[u8]) -> Result<()> {
        let outcome = serde_json::to_value(entry.outcome()).unwrap_or_default();
        if self.format == Format::Json {
            self.separate(out);
            out.extend_from_slice(stored.strip_suffix(b"}").unwrap_or(stored));
            out.extend_from_slice(b",\"outcome\":");
            push_json(out, &outcome)?;
            out.push(b'}');
            return Ok(());
        }
        let sites: Vec<_> = entry.sites.into_iter().collect();
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
            sites.join(" "),
            entry.previous,
            entry.content.unwrap_or_default(),
            entry.hash,
        ];
        push_row(out, &cells);
        Ok(())
    }

    /// What stands for an entry that he does not see.
    fn push_left_out(&self, out: &mut Vec<u8>, entry: &Entry) -> Result<()> {
        let left_out = LeftOut::of(entry);
        if self.format == Format::Json {
            self.separate(out);
            return push_json(out, &left_out);
        }
        let mut cells = vec![String::new(); COLUMNS.split(',').count()];
        let last = cells.len() - 1;
        cells[0] = left_out.left_out.to_string();
        cells[last - 1] = left_out.content.unwrap_or_default();
        cells[last] = left_out.hash;
        push_row(out, &cells);
        Ok(())
    }

    fn end(&self, out: &mut Vec<u8>) {
        let (count, head, left_out) = (self.count, &self.head, self.left_out);
        let part = match &self.filter.sites {
            None => String::new(),
            Some(sites) => {
                let sites: Vec<_> = sites.iter().map(String::as_str).collect();
                let names = sites.join(" ");
                format!(" of the sites {names} alone, a part of the log; {left_out} left out")
            }
        };
        let end = match self.format {
            Format::Csv => format!("# {count} entries{part}; head of the chain {head}\r\n"),
            Format::Json => format!("\n],\"count\":{count},\"left_out\":{left_out}}}\n"),
        };
        out.extend_from_slice(end.as_bytes());
    }
}

fn push_row(out: &mut Vec<u8>, cells: &[String]) {
    for (column, cell) in cells.iter().enumerate() {
        if column > 0 {
            out.push(b',');
        }
        push_text(out, cell);
    }
    out.extend_from_slice(b"\r\n");
}

fn push_json(out: &mut Vec<u8>, value: &impl serde::Serialize) -> Result<()> {
    serde_json::to_writer(out, value)
        .map_err(|cause| Error::internal("An entry cannot be written.").because(cause))
}

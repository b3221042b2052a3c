//! `GET /api/historical/export`: the same answer as a file.
//!
//! Promises: never the whole set in memory, no view of the disk for longer than a window; a file
//! that ends without an error is whole; who hangs up stops the work. Will not do: more than a
//! million rows.

use super::Context;
use super::envelope::{Failure, Params, Refusal};
use super::history::{Asked, ConsumptionQuery, asked};
use crate::auth::{Asker, Permission};
use crate::base::{Error, Result};
use crate::exchange::history::ROWS_MAX;
use crate::exchange::{Column, Csv, Excel, HistoryExport};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Files that are written at once: each keeps a core busy and a thread waiting.
pub const EXPORTS_AT_ONCE: usize = 2;
/// Pieces that may wait for a slow reader.
const PIECES_WAITING: usize = 4;
/// A reader who takes nothing for this long is gone.
const STALLED_AFTER: Duration = Duration::from_secs(60);
/// When to ask again while others export, s.
const RETRY_AFTER_S: u32 = 5;

/// Content type of a table of text.
pub const CSV: &str = "text/csv; charset=utf-8";
/// Content type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Routes of persons and programs.
pub fn open() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(export))
}

/// The shape of the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// `csv` (when absent) or `excel`.
    format: Option<String>,
}

/// Energy, power and voltage over time as a file: `timestamp,consumption,power,voltage`, then
/// `value` when `metric` is named, then the `fields`. Raw readings of several meters have a column
/// `equipment_id` after the time. At most a million rows: more buckets are refused, raw readings
/// are cut off with a last line that says where to go on.
#[utoipa::path(get, path = "/historical/export", operation_id = "export_history", tag = "history",
    params(ConsumptionQuery, ExportQuery),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
        (status = 400, description = "A refused parameter, or too many rows", body = Refusal),
        (status = 503, description = "Others are exporting, or the disk refuses", body = Refusal),
    ))]
async fn export(
    State(context): State<Context>,
    asker: Asker,
    Params(params): Params<ConsumptionQuery>,
    Params(shape): Params<ExportQuery>,
) -> Result<Response, Failure> {
    asker.require(Permission::ReadingsRead)?;
    let excel = match shape.format.as_deref() {
        None | Some("csv") => false,
        Some("excel" | "xlsx") => true,
        Some(_) => return Err(Error::invalid("format", "Use csv or excel.").into()),
    };
    let asked = asked(&context, &asker, &params)?;
    let date = asked.query.calendar.date(context.clock.now());
    let export = HistoryExport {
        columns: columns(&params, &asked),
        history: context.history.clone(),
        query: asked.query,
        rows_max: ROWS_MAX,
    };
    export.check()?;
    let turn = context.exports.clone().try_acquire_owned().map_err(|_| {
        Error::unavailable("Others are exporting. Try again in some seconds.")
            .with_details(serde_json::json!({ "retry_after_s": RETRY_AFTER_S }))
    })?;

    let (sender, mut pieces) = mpsc::channel(PIECES_WAITING);
    let outlet = Outlet {
        sender,
        stop: context.stop.clone(),
        runtime: Handle::current(),
    };
    let directory = excel.then(|| context.store.path().to_path_buf());
    // The permit goes with the work: a reader who hangs up does not free it before its end.
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        outlet.serve(&export, directory);
    });
    let ending = if excel { "xlsx" } else { "csv" };
    let name = format!("attachment; filename=\"consumption_export_{date}.{ending}\"");
    let kind = if excel { XLSX } else { CSV };
    // What is refused at the first look is refused with a status. A workbook is looked at whole
    // before its first byte: nobody waits for that without a sign of life.
    let first = if excel {
        None
    } else {
        Some(received(&mut pieces).await?)
    };
    let rest = futures_util::stream::unfold(Some(pieces), next_piece);
    let first = futures_util::stream::iter(first.flatten().map(Ok::<_, Error>));
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok((
        [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name.as_str())],
        body,
    )
        .into_response())
}

/// The columns after the time.
fn columns(params: &ConsumptionQuery, asked: &Asked) -> Vec<Column> {
    let mut columns = Column::BASIC.to_vec();
    let value = params.metric.is_some().then_some(Column::Value);
    let fields = asked
        .fields
        .names()
        .iter()
        .filter_map(|name| Column::named(name));
    for column in value.into_iter().chain(fields) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}

/// A piece of the file, or its end: a channel that closes without one broke off.
type Piece = Result<Option<Bytes>>;

async fn received(pieces: &mut mpsc::Receiver<Piece>) -> Piece {
    let broken = || Err(Error::internal("The file could not be written to its end."));
    pieces.recv().await.unwrap_or_else(broken)
}

async fn next_piece(
    pieces: Option<mpsc::Receiver<Piece>>,
) -> Option<(Result<Bytes>, Option<mpsc::Receiver<Piece>>)> {
    let mut pieces = pieces?;
    match received(&mut pieces).await {
        Ok(Some(piece)) => Some((Ok(piece), Some(pieces))),
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "an export broke off");
            Some((Err(error), None))
        }
    }
}

/// Where the work hands on what it has written.
struct Outlet {
    sender: mpsc::Sender<Piece>,
    stop: CancellationToken,
    runtime: Handle,
}

impl Outlet {
    fn serve(&self, export: &HistoryExport, directory: Option<PathBuf>) {
        let done = match directory {
            None => self.csv(export),
            Some(directory) => self.excel(export, &directory),
        };
        // A reader who is gone needs no end.
        let _ = self.pass(done.map(|()| None));
    }

    fn csv(&self, export: &HistoryExport) -> Result<()> {
        let mut hand_on = |piece: Vec<u8>| self.pass(Ok(Some(piece.into())));
        let mut table = Csv::new(&mut hand_on);
        export.run(&mut table)?;
        table.finish()
    }

    fn excel(&self, export: &HistoryExport, directory: &std::path::Path) -> Result<()> {
        let mut look = || self.look();
        let mut sheet = Excel::new(directory, &mut look)?;
        export.run(&mut sheet)?;
        sheet.finish(directory, &mut |piece| self.pass(Ok(Some(piece.into()))))
    }

    /// Hands a piece on; waits for a slow reader, not for one who is gone.
    fn pass(&self, piece: Piece) -> Result<()> {
        self.runtime.block_on(async {
            tokio::select! {
                sent = self.sender.send_timeout(piece, STALLED_AFTER) => {
                    sent.map_err(|_| gone())
                }
                () = self.stop.cancelled() => Err(gone()),
            }
        })
    }

    /// Looks whether anybody still wants the file.
    fn look(&self) -> Result<()> {
        if self.sender.is_closed() || self.stop.is_cancelled() {
            return Err(gone());
        }
        Ok(())
    }
}

fn gone() -> Error {
    Error::unavailable("Nobody takes the file any more.")
}

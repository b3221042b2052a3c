//! What is stored of reports: what was asked for, what became of it, and the figures.

use super::document::Document;
use super::progress::Stage;
use super::template::Recipe;
use crate::backup::JobState;
use crate::base::{Error, PaperId, Result, ScheduleId, Timestamp};
use crate::store::table::Table;
use crate::store::{BlobHash, TableName, Transaction, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

const REPORTS: Table<Report> = Table::new("report", 1);
/// The document of a report as JSON, in pieces: key and number of the piece.
const DATA: TableName = TableName::new("report_data");
/// Bytes of a piece: a value far longer than a page costs a run of pages.
const PIECE: usize = 64 << 10;
/// Largest document, bytes; one that is longer cannot be read by a person either.
const DOCUMENT_MAX: usize = 8 << 20;
/// Reports that are kept, and the bytes of their documents; the oldest go. From its recipe a report
/// can be made again.
const KEPT: usize = 200;
const KEPT_BYTES: u64 = 64 << 20;
/// How long they are kept, ms: 400 days, so that the report of the same month last year is there.
const KEEP_MS: i64 = 400 * 24 * 3_600_000;

/// A report: asked for, being made, or made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StoredReport)]
pub struct Report {
    /// Its id.
    pub id: PaperId,
    /// From what it is made.
    pub recipe: Recipe,
    /// Its title, in its language.
    pub title: String,
    /// How it stands.
    pub state: JobState,
    /// What is being done; only while it is made.
    pub stage: Option<Stage>,
    /// How far that is, percent.
    pub progress: u8,
    /// Who asked for it.
    pub owner: String,
    /// The timetable by which it was made.
    pub schedule: Option<ScheduleId>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it was made, or could not be.
    pub finished_at: Option<Timestamp>,
    /// Why it could not be made.
    pub error: Option<String>,
    /// SHA-256 of its data: the same when it is made again from the same readings.
    pub data_hash: Option<String>,
    /// Bytes of its data.
    pub data_bytes: u64,
}

impl Report {
    /// Whether nothing more becomes of it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.finished_at.is_some()
    }
}

/// The data of a report: its bytes and their hash.
pub(super) fn data_of(document: &Document) -> Result<(Vec<u8>, String)> {
    let bytes = serde_json::to_vec(document)
        .map_err(|cause| Error::internal("The report cannot be stored.").because(cause))?;
    if bytes.len() > DOCUMENT_MAX {
        let sentence = "The report has more than 8 MB of figures. Ask for a shorter period.";
        return Err(Error::invalid("to", sentence));
    }
    let hash = BlobHash::of(&bytes).to_string();
    Ok((bytes, hash))
}

/// Every report, the newest first.
pub(super) fn all(view: &impl View) -> Result<Vec<Report>> {
    let mut all = REPORTS.all(view)?;
    all.reverse();
    Ok(all)
}

/// A report.
pub(super) fn one(view: &impl View, id: PaperId) -> Result<Option<Report>> {
    REPORTS.get(view, id.as_bytes())
}

fn piece_key(id: PaperId, number: usize) -> Vec<u8> {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    [id.as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

fn pieces_of(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(PIECE as u64)).unwrap_or(0)
}

/// The document of a report.
pub(super) fn document(view: &impl View, report: &Report) -> Result<Document> {
    let broken = || {
        let sentence = "The figures of this report are damaged. Delete it and make it again.";
        Error::internal(sentence)
    };
    let mut bytes = Vec::new();
    for number in 0..pieces_of(report.data_bytes) {
        let piece = view.get(DATA, &piece_key(report.id, number))?;
        bytes.extend(piece.ok_or_else(broken)?);
    }
    if Some(BlobHash::of(&bytes).to_string()) != report.data_hash {
        return Err(broken());
    }
    serde_json::from_slice(&bytes).map_err(|cause| broken().because(cause))
}

/// Notes a report as it stands, and lets go of those that are not kept any longer.
pub(super) fn note(
    transaction: &Transaction<'_>,
    report: &Report,
    data: &[u8],
    now: Timestamp,
) -> Result<()> {
    for (number, piece) in data.chunks(PIECE).enumerate() {
        transaction.put(DATA, &piece_key(report.id, number), piece)?;
    }
    REPORTS.put(transaction, report.id.as_bytes(), report)?;
    let (mut count, mut bytes) = (0, 0);
    for old in all(transaction)? {
        count += 1;
        bytes += old.data_bytes;
        let surplus = count > KEPT || bytes > KEPT_BYTES || now.since_ms(old.asked_at) > KEEP_MS;
        if surplus && old.is_over() && old.id != report.id {
            remove(transaction, &old)?;
        }
    }
    Ok(())
}

/// Forgets a report.
pub(super) fn remove(transaction: &Transaction<'_>, report: &Report) -> Result<()> {
    for number in 0..pieces_of(report.data_bytes) {
        transaction.remove(DATA, &piece_key(report.id, number))?;
    }
    REPORTS.remove(transaction, report.id.as_bytes())?;
    Ok(())
}

/// Ends the reports, or these of them, that nobody makes any more, for this reason.
pub(super) fn end_left(
    transaction: &Transaction<'_>,
    now: Timestamp,
    sentence: &str,
    these: Option<&BTreeSet<PaperId>>,
) -> Result<()> {
    for mut report in REPORTS.all(transaction)? {
        if !report.is_over() && these.is_none_or(|these| these.contains(&report.id)) {
            report.state = JobState::Failed;
            report.stage = None;
            report.finished_at = Some(now);
            report.error = Some(sentence.to_owned());
            REPORTS.put(transaction, report.id.as_bytes(), &report)?;
        }
    }
    Ok(())
}

//! *pure* — the forms in which a report is handed out.

use super::document::Document;
use super::paper::Paper;
use super::{html, pdf, sheets};
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportFormat)]
pub enum Format {
    /// Pages.
    Pdf,
    /// A workbook.
    Xlsx,
    /// Tables of text.
    Csv,
    /// A page for a browser that needs nothing else.
    Html,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Xlsx, Self::Csv, Self::Html];

    /// The ending of its files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }

    /// What it is on the wire.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// The form of this name.
    ///
    /// # Errors
    /// When there is none; the sentence lists them.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|form| form.ending() == name);
        found.ok_or_else(|| Error::invalid("format", "Use one of pdf, xlsx, csv, html."))
    }

    /// Writes a report in this form.
    ///
    /// # Errors
    /// When it is too long for it.
    pub fn write(self, document: &Document, paper: &Paper<'_>) -> Result<Vec<u8>> {
        match self {
            Self::Pdf => pdf::write(document, paper),
            Self::Xlsx => sheets::workbook(document, paper),
            Self::Csv => Ok(sheets::csv(document, paper)),
            Self::Html => Ok(html::write(document, paper)),
        }
    }
}

//! A profile as it comes in: JSON, TOML or a table.

use super::envelope::{Whole, parse_json};
use crate::base::{Error, ErrorKind, Result};
use crate::equipment::ProfileFile;
use crate::equipment::profile_file::{PROFILE_BYTES_MAX, line_of};
use crate::equipment::profile_import::{Addresses, Identity, registers_of};
use crate::exchange::profile_table::RegisterTable;
use axum::extract::{FromRequest as _, Request};
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use utoipa::IntoParams;

/// How a body is to be understood, and what it does not say itself.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BodyQuery {
    /// How addresses are written: `zero_based`, or `printed` for 40001 and 30001. Absent, a plain
    /// list of registers as JSON is taken as printed, everything else as zero-based.
    #[param(inline)]
    addresses: Option<Addresses>,
    /// The id, for a table or a plain list.
    id: Option<String>,
    /// The maker, for a table or a plain list.
    brand: Option<String>,
    /// The model, for a table or a plain list.
    model: Option<String>,
    /// Where the addresses come from, for a table or a plain list.
    source: Option<String>,
}

/// A body that was understood.
pub(super) struct Read {
    pub(super) file: ProfileFile,
    pub(super) notes: Vec<String>,
    lines: Lines,
}

/// How the line of a field is found.
enum Lines {
    Unknown,
    Toml,
    Table(std::collections::BTreeMap<String, usize>),
}

impl Read {
    /// Adds the line to each refused field, where there is one.
    pub(super) fn place(&self, text: &str, mut error: Error) -> Error {
        for field in &mut error.fields {
            let line = match &self.lines {
                Lines::Unknown => None,
                Lines::Toml => line_of(text, field),
                Lines::Table(lines) => {
                    let name = field.path.split('.').nth(1).unwrap_or_default();
                    lines.get(name).copied()
                }
            };
            if let Some(line) = line {
                field.message = format!("Line {line}: {}", field.message);
            }
        }
        match error.kind {
            ErrorKind::Invalid => Error::invalid_fields(error.fields),
            _ => error,
        }
    }
}

/// Content type and text of a request.
pub(super) async fn text_of(request: Request) -> Result<(String, String)> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let body = Whole::from_request(request, &()).await;
    let Whole(body) = body.map_err(|why| why.refuse(TOO_LARGE))?;
    let text = String::from_utf8(body.into());
    let text = text.map_err(|_| Error::invalid("body", "The text is not UTF-8."))?;
    Ok((kind, text))
}

const TOO_LARGE: &str = "A profile has at most 256 KiB.";

fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, TOO_LARGE)
}

pub(super) fn understand(query: BodyQuery, kind: &str, body: &str) -> Result<Read> {
    if body.len() > PROFILE_BYTES_MAX {
        return Err(too_large());
    }
    let asked = query.addresses;
    let identity = |query: BodyQuery| Identity {
        id: query.id.unwrap_or_default(),
        brand: query.brand.unwrap_or_default(),
        model: query.model.unwrap_or_default(),
        source: query.source.unwrap_or_default(),
    };
    let (mut file, lines, usual) = match kind {
        "application/json" => {
            let value: serde_json::Value = parse_json(body.as_bytes())?;
            if value.get("id").is_some() {
                let file: ProfileFile = parse_json(body.as_bytes())?;
                (file, Lines::Unknown, Addresses::ZeroBased)
            } else {
                let registers = registers_of(&value)?;
                let file = identity(query).profile(registers);
                (file, Lines::Unknown, Addresses::Printed)
            }
        }
        "application/toml" => {
            let file = ProfileFile::from_toml(body)?;
            (file, Lines::Toml, Addresses::ZeroBased)
        }
        "text/csv" => {
            let table = RegisterTable::read(body)?;
            let file = identity(query).profile(table.registers);
            (file, Lines::Table(table.lines), Addresses::ZeroBased)
        }
        _ => {
            let sentence = "Send application/json, application/toml or text/csv.";
            return Err(Error::new(ErrorKind::UnsupportedMedia, sentence));
        }
    };
    let notes = match asked.unwrap_or(usual) {
        Addresses::Printed => file.take_printed().map(Some),
        Addresses::ZeroBased => Ok(file.looks_printed()),
    };
    let mut read = Read {
        file,
        notes: Vec::new(),
        lines,
    };
    match notes {
        Ok(notes) => read.notes.extend(notes),
        Err(error) => return Err(read.place(body, error)),
    }
    Ok(read)
}

//! *pure* — what kind of file somebody sends: what its name says and what it holds.
//!
//! A file is taken when both agree. It is given back under the type of its kind, never under one
//! that the sender chose.

use super::picture::{JPG, PNG, jpg_size, png_size};
use super::workbook::is_workbook;
use crate::base::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest name of a file, characters.
const NAME_MAX: usize = 120;
/// A PDF ends within this many bytes of its end mark: some writers add a line or padding.
const PDF_TAIL: usize = 2_048;

/// A kind of file that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture that was photographed.
    Jpg,
    /// A picture that was drawn.
    Png,
    /// A document in pages.
    Pdf,
    /// Text.
    Txt,
    /// A table of text.
    Csv,
    /// A workbook without macros.
    Xlsx,
}

impl FileKind {
    /// The type that a browser is told.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
            Self::Txt => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// How a name of this kind ends: `pdf`.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Txt => "txt",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" => Some(Self::Jpg),
            "png" => Some(Self::Png),
            "pdf" => Some(Self::Pdf),
            "txt" => Some(Self::Txt),
            "csv" => Some(Self::Csv),
            "xlsx" => Some(Self::Xlsx),
            _ => None,
        }
    }
}

/// The kind of a photo, by its content alone: phones name them as they like.
///
/// # Errors
/// [`ErrorKind::UnsupportedMedia`] when it is neither JPG nor PNG; [`ErrorKind::Invalid`] when
/// its header makes no sense or it has too many pixels.
pub fn photo_kind(bytes: &[u8]) -> Result<FileKind> {
    let kind = if bytes.starts_with(JPG) {
        FileKind::Jpg
    } else if bytes.starts_with(PNG) {
        FileKind::Png
    } else {
        let sentence = "A photo is a JPG or a PNG. Save it as one of them and send it again.";
        return Err(Error::new(ErrorKind::UnsupportedMedia, sentence));
    };
    check_picture(kind, bytes, "photo")?;
    Ok(kind)
}

/// The kind of a document: its name and its content have to agree.
///
/// # Errors
/// [`ErrorKind::UnsupportedMedia`] when no such kind is kept; [`ErrorKind::Invalid`] when the
/// content is another.
pub fn document_kind(name: &str, bytes: &[u8]) -> Result<FileKind> {
    let kind = FileKind::of_name(name).ok_or_else(|| {
        let sentence = "Send a PDF, PNG, JPG, TXT, CSV or XLSX file, with a name that ends so.";
        Error::new(ErrorKind::UnsupportedMedia, sentence)
    })?;
    let holds = match kind {
        FileKind::Jpg | FileKind::Png => {
            check_picture(kind, bytes, "file")?;
            true
        }
        FileKind::Pdf => is_pdf(bytes),
        FileKind::Txt | FileKind::Csv => is_text(bytes),
        FileKind::Xlsx => is_workbook(bytes),
    };
    if holds {
        return Ok(kind);
    }
    let hint = match kind {
        FileKind::Txt | FileKind::Csv => "Save it as text in UTF-8",
        FileKind::Xlsx => "Save it as a workbook without macros and without a password",
        _ => "Open it to see whether it is whole, save it",
    };
    let sentence = format!(
        "The name ends in .{}, but the content is not of that kind. {hint} and send it again.",
        kind.ending()
    );
    Err(Error::invalid("file", sentence))
}

/// The name under which a document is kept: without folders, and without what a file system or a
/// header would stumble over.
///
/// # Errors
/// When nothing is left, or it is too long.
pub fn file_name(sent: &str) -> Result<String> {
    // Some browsers send the whole path, with the separators of their system.
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_unfit(*c)).collect();
    let name = kept.trim().trim_start_matches('.').trim().to_owned();
    if (1..=NAME_MAX).contains(&name.chars().count()) {
        return Ok(name);
    }
    let sentence = "Send the file with its name, of 1 to 120 characters.";
    Err(Error::invalid("file", sentence))
}

/// What no name may hold: control characters, those that turn the reading direction round so
/// that `exe.pdf` shows for `fdp.exe`, and what the file systems of visitors refuse.
fn is_unfit(c: char) -> bool {
    let turns =
        matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || "<>:\"|?*".contains(c)
}

fn check_picture(kind: FileKind, bytes: &[u8], place: &str) -> Result<()> {
    let size = match kind {
        FileKind::Png => png_size(bytes),
        _ => jpg_size(bytes),
    };
    let size = size.ok_or_else(|| {
        let sentence = "The picture is damaged or of another kind than it says. Open it to see \
                        whether it is whole, save it as JPG or PNG and send it again.";
        Error::invalid(place, sentence)
    })?;
    size.check(place)
}

fn is_pdf(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(PDF_TAIL)..];
    bytes.starts_with(b"%PDF-") && tail.windows(5).any(|five| five == b"%%EOF")
}

/// Text in UTF-8 without control characters: what every editor shows as it was meant.
fn is_text(bytes: &[u8]) -> bool {
    let fits = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{C}');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_what_its_name_says() {
        let pdf = b"%PDF-1.7\n1 0 obj\n%%EOF\r\n".as_slice();
        let taken = [
            ("Manual.PDF", pdf, FileKind::Pdf),
            ("a.b.txt", "Zähler 3, عداد\r\n".as_bytes(), FileKind::Txt),
            ("limits.csv", b"\xEF\xBB\xBFname;limit\n", FileKind::Csv),
            ("empty.txt", b"", FileKind::Txt),
        ];
        for (name, bytes, kind) in taken {
            assert_eq!(document_kind(name, bytes).unwrap(), kind, "{name}");
        }
        for (name, bytes) in [
            ("manual.pdf", &pdf[..12]),
            ("manual.pdf", b"PK\x03\x04"),
            ("plan.png", pdf),
            ("plan.jpg", pdf),
            ("table.xlsx", pdf),
            ("notes.txt", b"MZ\x90\0\x03"),
            ("notes.txt", b"\xFF\xFEa\0"),
            ("list.csv", b"caf\xE9"),
        ] {
            let error = document_kind(name, bytes).unwrap_err();
            assert_eq!(error.fields[0].path, "file", "{name}: {error}");
        }
        for name in [
            "run.exe",
            "page.html",
            "drawing.svg",
            "noending",
            "pdf",
            "macro.xlsm",
        ] {
            let error = document_kind(name, pdf).unwrap_err();
            assert_eq!(error.kind, ErrorKind::UnsupportedMedia, "{name}");
        }
    }

    #[test]
    fn a_photo_is_told_by_its_content() {
        for other in [
            &b"GIF89a"[..],
            b"%PDF-1.7",
            b"",
            b"<svg xmlns=",
            b"RIFF\0\0\0\0WEBP",
        ] {
            let error = photo_kind(other).unwrap_err();
            assert_eq!(error.kind, ErrorKind::UnsupportedMedia);
        }
        for broken in [
            &b"\xFF\xD8\xFF\xE0\0\x10JFIF"[..],
            b"\x89PNG\r\n\x1a\n<script>",
        ] {
            let error = photo_kind(broken).unwrap_err();
            assert_eq!(error.fields[0].path, "photo");
        }
    }

    #[test]
    fn a_name_is_kept_without_what_would_hurt() {
        for (sent, kept) in [
            ("C:\\Users\\amel\\plan.pdf", "plan.pdf"),
            ("../../etc/passwd", "passwd"),
            (" Schéma électrique (v2).pdf ", "Schéma électrique (v2).pdf"),
            ("دليل.pdf", "دليل.pdf"),
            ("a\r\nSet-Cookie: x\".txt", "aSet-Cookie x.txt"),
            ("inno\u{202E}fdp.txt", "innofdp.txt"),
            ("...hidden.csv", "hidden.csv"),
        ] {
            assert_eq!(file_name(sent).unwrap(), kept);
        }
        for none in ["", "  ", "a/", "...", "\u{202E}", &"x".repeat(121)] {
            assert!(file_name(none).is_err(), "{none:?}");
        }
    }
}

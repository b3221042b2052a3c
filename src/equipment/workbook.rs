//! *pure* — whether a file is a workbook: a ZIP archive whose directory lists what a workbook
//! consists of, and no macros.
//!
//! Only the directory at the end of the archive is read; nothing is unpacked.

/// Most entries of the archive: a workbook has some per sheet and picture.
const ENTRIES_MAX: usize = 10_000;
/// The end of the directory and the longest comment after it, bytes.
const END_MAX: usize = 22 + 65_535;

const LOCAL: &[u8] = b"PK\x03\x04";
const ENTRY: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// Whether this is an `.xlsx` without macros that is not behind a password.
pub(super) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL) && parts(bytes).is_some_and(|parts| parts.is_whole())
}

/// The parts that make a workbook, or must not be in one.
#[derive(Default)]
struct Parts {
    types: bool,
    workbook: bool,
    macros: bool,
}

impl Parts {
    fn note(&mut self, name: &[u8]) {
        self.types |= name == b"[Content_Types].xml";
        self.workbook |= name == b"xl/workbook.xml";
        self.macros |= name.to_ascii_lowercase().ends_with(b"vbaproject.bin");
    }

    const fn is_whole(&self) -> bool {
        self.types && self.workbook && !self.macros
    }
}

/// Walks the directory; `None` when it is not one.
fn parts(bytes: &[u8]) -> Option<Parts> {
    let tail = bytes.len().saturating_sub(END_MAX);
    let end = bytes[tail..].windows(4).rposition(|four| four == END)? + tail;
    let count = number(bytes, end + 10, 2)?;
    let mut at = number(bytes, end + 16, 4)?;
    // The comment that the end announces is there.
    bytes.get(end + 22 + number(bytes, end + 20, 2)? - 1)?;
    if count > ENTRIES_MAX {
        return None;
    }
    let mut parts = Parts::default();
    for _ in 0..count {
        let entry = bytes.get(at..)?;
        if !entry.starts_with(ENTRY) || is_locked(entry)? {
            return None;
        }
        let length = number(entry, 28, 2)?;
        parts.note(entry.get(46..46 + length)?);
        at += 46 + length + number(entry, 30, 2)? + number(entry, 32, 2)?;
    }
    Some(parts)
}

/// Whether an entry is behind a password.
fn is_locked(entry: &[u8]) -> Option<bool> {
    Some(number(entry, 8, 2)? & 1 == 1)
}

/// A number of some bytes, lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at + length)?;
    Some(
        digits
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with a directory of these names; what they hold is never looked at.
    fn archive(names: &[&str], flags: u8) -> Vec<u8> {
        let mut bytes = LOCAL.to_vec();
        bytes.resize(100, 0);
        let start = u32::try_from(bytes.len()).unwrap();
        for name in names {
            let mut entry = ENTRY.to_vec();
            entry.resize(46, 0);
            entry[8] = flags;
            entry[28] = u8::try_from(name.len()).unwrap();
            bytes.extend(entry);
            bytes.extend(name.as_bytes());
        }
        let mut end = END.to_vec();
        end.resize(22, 0);
        end[10] = u8::try_from(names.len()).unwrap();
        end[16..20].copy_from_slice(&start.to_le_bytes());
        bytes.extend(end);
        bytes
    }

    const WHOLE: [&str; 3] = ["[Content_Types].xml", "xl/workbook.xml", "xl/sheet1.xml"];

    #[test]
    fn a_workbook_lists_its_parts() {
        assert!(is_workbook(&archive(&WHOLE, 0)));
        let mut with_comment = archive(&WHOLE, 0);
        let at = with_comment.len() - 2;
        with_comment[at] = 12;
        assert!(!is_workbook(&with_comment));
        with_comment.extend(b"made by hand");
        assert!(is_workbook(&with_comment));
    }

    #[test]
    fn what_is_no_workbook_is_refused() {
        let macros = [WHOLE.as_slice(), &["xl/vbaProject.bin"]].concat();
        for (names, flags) in [
            (&WHOLE[..1], 0),
            (&["word/document.xml", "[Content_Types].xml"], 0),
            (&macros, 0),
            (&WHOLE, 1),
            (&[], 0),
        ] {
            assert!(!is_workbook(&archive(names, flags)), "{names:?} {flags}");
        }
        let whole = archive(&WHOLE, 0);
        for end in 0..whole.len() {
            assert!(!is_workbook(&whole[..end]), "cut at {end}");
        }
        let mut astray = whole.clone();
        let at = astray.len() - 6;
        astray[at..at + 4].copy_from_slice(&[0xFF; 4]);
        assert!(!is_workbook(&astray));
    }
}

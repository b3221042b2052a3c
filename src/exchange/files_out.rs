//! Photos and documents of an export: each under its SHA-256, as it is.

use super::archive::Listed;
use crate::equipment::files_named;
use crate::store::Store;
use std::fs::File;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

/// Their folder.
const FOLDER: &str = "files";

/// Writes every file that a record names; `tell` hears each and may ask for the stop. Returns those
/// that are missing or damaged: the others leave all the same.
pub(super) fn write(
    store: &Store,
    directory: &Path,
    tell: &mut dyn FnMut(Listed) -> ControlFlow<()>,
) -> io::Result<Vec<String>> {
    let named = files_named(store).map_err(io::Error::other)?;
    let blobs = store.blobs();
    let mut damaged = Vec::new();
    if !named.is_empty() {
        std::fs::create_dir_all(directory.join(FOLDER))?;
    }
    for hash in named {
        let sha256 = hash.to_string();
        let Ok(mut blob) = blobs.open(hash) else {
            damaged.push(sha256);
            continue;
        };
        let bytes = blob.bytes_left();
        let name = format!("{FOLDER}/{sha256}");
        let part = directory.join(format!("{name}.part"));
        let mut file = File::create(&part)?;
        while let Some(piece) = blob.next_piece().map_err(io::Error::other)? {
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        std::fs::rename(&part, directory.join(&name))?;
        let listed = Listed {
            name,
            rows: 0,
            bytes,
            sha256,
        };
        if tell(listed).is_break() {
            break;
        }
    }
    Ok(damaged)
}

//! A packed file of an export, while it is written.

use super::archive::Listed;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file while it is written; gone again unless it was finished.
pub(super) struct Part {
    name: String,
    path: PathBuf,
    rows: u64,
    writer: Option<GzEncoder<BufWriter<Hashed>>>,
}

impl Part {
    pub(super) fn new(directory: &Path, name: &str) -> io::Result<Self> {
        let path = directory.join(format!("{name}.part"));
        let hashed = Hashed {
            file: File::create(&path)?,
            hash: Sha256::new(),
            bytes: 0,
        };
        let packed = GzEncoder::new(BufWriter::new(hashed), Compression::default());
        Ok(Self {
            name: name.to_owned(),
            path,
            rows: 0,
            writer: Some(packed),
        })
    }

    pub(super) fn json(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.line(&serde_json::to_vec(record)?)
    }

    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        self.rows += 1;
        writer.write_all(line)?;
        writer.write_all(b"\n")
    }

    pub(super) fn finish(mut self) -> io::Result<Listed> {
        let writer = self.writer.take();
        let writer = writer.ok_or_else(|| io::Error::other("written twice"))?;
        let hashed = writer
            .finish()?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        hashed.file.sync_all()?;
        std::fs::rename(&self.path, self.path.with_file_name(&self.name))?;
        let hex = |byte: &u8| format!("{byte:02x}");
        Ok(Listed {
            name: self.name.clone(),
            rows: self.rows,
            bytes: hashed.bytes,
            sha256: hashed.hash.finalize().iter().map(hex).collect(),
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed when it was finished: then there is nothing to remove.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Counts and hashes what is written.
struct Hashed {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

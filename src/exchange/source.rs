//! A file to import, read twice: plain or packed, from a path or from standard input.

use crate::base::{Error, Result};
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What every gzip file starts with.
const GZIP: [u8; 2] = [0x1F, 0x8B];
/// Bytes that are read at once.
const BUFFER: usize = 1 << 17;

/// A file that is there to be read.
pub struct Source {
    /// How it is called in messages.
    pub name: String,
    /// Its bytes as they lie there, packed or not.
    pub bytes: u64,
    /// How many of them were read in the current pass.
    pub read: Arc<AtomicU64>,
    file: File,
}

impl Source {
    /// The file at this path; `-` is standard input, which is kept in `scratch` for the second
    /// pass, in a file without a name.
    ///
    /// # Errors
    /// When it cannot be read, or the disk refuses.
    pub fn open(path: &Path, scratch: &Path) -> Result<Self> {
        let standard_input = path == Path::new("-");
        let name = if standard_input {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let unreadable = |cause: io::Error| {
            Error::invalid("file", format!("{name} cannot be read.")).because(cause)
        };
        let file = if standard_input {
            kept(&mut io::stdin().lock(), scratch).map_err(|cause| {
                let sentence = "Standard input could not be kept. Check that the disk has room.";
                Error::unavailable(sentence).because(cause)
            })?
        } else {
            File::open(path).map_err(unreadable)?
        };
        let meta = file.metadata().map_err(unreadable)?;
        if meta.is_dir() {
            let sentence = format!("{name} is a directory. Name the files in it.");
            return Err(Error::invalid("file", sentence));
        }
        Ok(Self {
            bytes: meta.len(),
            name,
            read: Arc::default(),
            file,
        })
    }

    /// The SHA-256 of its bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hash(&self) -> Result<[u8; 32]> {
        let mut hash = Sha256::new();
        let mut reader = self.start()?;
        loop {
            let part = reader.fill_buf().map_err(|cause| self.broken(cause))?;
            if part.is_empty() {
                return Ok(hash.finalize().into());
            }
            hash.update(part);
            let length = part.len();
            reader.consume(length);
        }
    }

    /// Its text from the beginning, unpacked.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self) -> Result<Box<dyn BufRead>> {
        let mut reader = self.start()?;
        let packed = reader
            .fill_buf()
            .map_err(|cause| self.broken(cause))?
            .starts_with(&GZIP);
        if packed {
            let unpacked = MultiGzDecoder::new(reader);
            Ok(Box::new(BufReader::with_capacity(BUFFER, unpacked)))
        } else {
            Ok(Box::new(reader))
        }
    }

    /// How a read error is told.
    #[must_use]
    pub fn broken(&self, cause: io::Error) -> Error {
        let sentence = format!(
            "{} cannot be read to its end: it is damaged or gone.",
            self.name
        );
        Error::invalid("file", sentence).because(cause)
    }

    fn start(&self) -> Result<BufReader<Counted>> {
        let start = || -> io::Result<File> {
            let mut file = self.file.try_clone()?;
            file.seek(SeekFrom::Start(0))?;
            Ok(file)
        };
        let file = start().map_err(|cause| {
            let sentence = format!("{} cannot be read twice. Name a file, or use -.", self.name);
            Error::invalid("file", sentence).because(cause)
        })?;
        self.read.store(0, Ordering::Relaxed);
        let counted = Counted {
            file,
            read: Arc::clone(&self.read),
        };
        Ok(BufReader::with_capacity(BUFFER, counted))
    }
}

/// Counts what is read, for the progress.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Keeps a stream in a file that has no name and is gone when it is closed.
fn kept(stream: &mut dyn Read, scratch: &Path) -> io::Result<File> {
    let path: PathBuf = scratch.join(format!("import-{}", uuid::Uuid::now_v7()));
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    io::copy(stream, &mut file)?;
    Ok(file)
}

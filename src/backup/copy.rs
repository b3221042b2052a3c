//! Bytes from here to there, with their hashes, until they are on disk.

use super::age::AgeKey;
use super::manifest::{Member, hex};
use super::progress::Progress;
use crate::base::secret::random_bytes;
use crate::base::{Error, Result};
use crate::store::snapshot::{COPY_PIECE, forget_cached};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// A folder that refused.
pub(super) fn target_refused(folder: &Path, cause: io::Error) -> Error {
    let shown = folder.display();
    let sentence = match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!(
                "{shown} is full. Free some room there, keep fewer backups, or choose another folder."
            )
        }
        io::ErrorKind::ReadOnlyFilesystem => format!(
            "{shown} is read-only for indusmind. Mount it so that it may be written to; as a service it writes \
             below /media, /mnt, /srv and /run/media, and where ReadWritePaths= of its unit says."
        ),
        io::ErrorKind::PermissionDenied => format!(
            "{shown} cannot be written to. Give the user who runs indusmind the right to write \
             there, or mount it so that it may be written to."
        ),
        // Some file systems, such as /proc, say so of what cannot be made in them.
        io::ErrorKind::NotFound if folder.is_dir() => {
            format!("{shown} takes no files. Choose another folder.")
        }
        io::ErrorKind::NotFound => {
            format!("{shown} is not there any more. Plug the stick in or mount the share again.")
        }
        _ => format!("{shown} does not take the files. Check the stick, the share or the disk."),
    };
    Error::unavailable(sentence).because(cause)
}

/// Counts and hashes what is written through it.
struct Hashing<W> {
    out: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.digest.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where a file is copied to.
pub(super) struct Target<'a> {
    /// The folder of the backup.
    pub(super) folder: &'a Path,
    /// The key, when it is encrypted.
    pub(super) key: Option<&'a AgeKey>,
}

impl Target<'_> {
    /// Copies a file under this name; on disk when it returns.
    pub(super) fn put(&self, from: &Path, name: &str, progress: &Progress) -> Result<Member> {
        let source = File::open(from).map_err(|cause| source_refused(from, cause))?;
        let ending = if self.key.is_some() { ".age" } else { "" };
        let path = self.folder.join(format!("{name}{ending}"));
        let refused = |cause| target_refused(self.folder, cause);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(refused)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let out = Hashing {
            out: options.open(&path).map_err(refused)?,
            digest: Sha256::new(),
            bytes: 0,
        };
        let (out, bytes, sha256) = match self.key {
            None => {
                let (out, bytes) = self.pour(&source, from, out, progress)?;
                let sha256 = out.digest.clone();
                (out, bytes, sha256)
            }
            Some(key) => {
                let sealer = key.writer(out, random_bytes()?).map_err(refused)?;
                let inside = Hashing {
                    out: sealer,
                    digest: Sha256::new(),
                    bytes: 0,
                };
                let (inside, bytes) = self.pour(&source, from, inside, progress)?;
                let sha256 = inside.digest;
                (inside.out.finish().map_err(refused)?, bytes, sha256)
            }
        };
        out.out.sync_all().map_err(refused)?;
        // What is read back is to come from the stick, not from memory.
        forget_cached(&out.out);
        Ok(Member {
            name: name.to_owned(),
            bytes,
            sha256: hex(&sha256.finalize()),
            stored_bytes: out.bytes,
            stored_sha256: hex(&out.digest.finalize()),
            entries: None,
        })
    }

    fn pour<W: Write>(
        &self,
        mut source: &File,
        from: &Path,
        mut out: W,
        progress: &Progress,
    ) -> Result<(W, u64)> {
        let (mut piece, mut bytes) = (vec![0; COPY_PIECE], 0);
        loop {
            let length = source.read(&mut piece);
            let length = length.map_err(|cause| source_refused(from, cause))?;
            if length == 0 {
                return Ok((out, bytes));
            }
            let written = out.write_all(&piece[..length]);
            written.map_err(|cause| target_refused(self.folder, cause))?;
            bytes += length as u64;
            progress.step(length as u64)?;
        }
    }
}

/// SHA-256 and length of a file.
pub(super) fn hash_of(path: &Path, progress: &Progress) -> Result<(u64, String)> {
    let refused = |cause| source_refused(path, cause);
    let mut file = File::open(path).map_err(refused)?;
    let (mut piece, mut bytes, mut digest) = (vec![0; COPY_PIECE], 0, Sha256::new());
    loop {
        let length = file.read(&mut piece).map_err(refused)?;
        if length == 0 {
            return Ok((bytes, hex(&digest.finalize())));
        }
        digest.update(&piece[..length]);
        bytes += length as u64;
        progress.step(length as u64)?;
    }
}

fn source_refused(path: &Path, cause: io::Error) -> Error {
    let sentence = format!("{} cannot be read. Check the disk.", path.display());
    Error::unavailable(sentence).because(cause)
}

//! What a backup says of itself: every file with its hash, what the data file holds, and the head of
//! the audit log. Its own sum lies beside it; of an encrypted one that is made with the key.

use super::age::AgeKey;
use crate::base::{Error, Result, Timestamp};
use crate::store::audit::Head;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use utoipa::ToSchema;

/// Name of the manifest in the folder of a backup, and of its sum.
pub const MANIFEST: &str = "manifest.json";
const SUM: &str = "manifest.sum";
/// The format of a backup. A reader refuses a later one.
const FORMAT: u32 = 1;
/// Largest manifest that is read, bytes: a hundred thousand files.
const MANIFEST_MAX: u64 = 64 << 20;

/// Who asked for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BackupCause)]
pub enum Cause {
    /// The timetable.
    Timetable,
    /// A person on the page.
    Person,
    /// The command line.
    Console,
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the backup.
    pub format: u32,
    /// Its name: also that of its folder.
    pub id: String,
    /// The appliance it is of: a random number that it gave itself.
    pub appliance: String,
    /// The name of its first site.
    pub site: Option<String>,
    /// As of when.
    pub made_at: Timestamp,
    /// Who asked for it.
    pub cause: Cause,
    /// The version that made it.
    pub version: String,
    /// The schema of the data file.
    pub schema: u64,
    /// Whether its files are encrypted.
    pub encrypted: bool,
    /// Entries of the data file by table.
    pub tables: BTreeMap<String, u64>,
    /// The newest entry of the audit log.
    pub audit: Option<Head>,
    /// Its files, by the names that they have in a data directory.
    pub files: Vec<Member>,
    /// Photos and documents that a record names and that were missing or damaged, by their hash.
    pub damaged: Vec<String>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in a data directory.
    pub name: String,
    /// Bytes of its content.
    pub bytes: u64,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
    /// Bytes as it lies in the backup.
    pub stored_bytes: u64,
    /// SHA-256 as it lies in the backup.
    pub stored_sha256: String,
    /// Its entries, where it is a file of readings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<u64>,
}

impl Member {
    /// Its name in the folder of the backup.
    pub(super) fn stored_name(&self, encrypted: bool) -> String {
        let ending = if encrypted { ".age" } else { "" };
        format!("{}{ending}", self.name)
    }
}

impl Manifest {
    /// A manifest without files.
    pub(super) const fn begin(id: String, appliance: String, made_at: Timestamp) -> Self {
        Self {
            format: FORMAT,
            id,
            appliance,
            site: None,
            made_at,
            cause: Cause::Console,
            version: String::new(),
            schema: 0,
            encrypted: false,
            tables: BTreeMap::new(),
            audit: None,
            files: Vec::new(),
            damaged: Vec::new(),
        }
    }

    /// Bytes of the backup as it lies there.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.stored_bytes).sum()
    }

    /// Bytes of the content of its files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Reads the manifest of the backup in this folder. Its sum is compared by [`Manifest::prove`].
    ///
    /// # Errors
    /// A sentence that says why this is no backup, or none of this version.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let none = |cause: std::io::Error| {
            let sentence = format!(
                "There is no backup in {}: it has no {MANIFEST} that can be read.",
                folder.display()
            );
            Error::invalid("backup", sentence).because(cause)
        };
        let bytes = std::fs::metadata(&path).map_err(none)?.len();
        if bytes > MANIFEST_MAX {
            return Err(Error::invalid("backup", "Its manifest is too large."));
        }
        let text = std::fs::read(&path).map_err(none)?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|cause| {
            let sentence = format!("The manifest {} is damaged.", path.display());
            Error::invalid("backup", sentence).because(cause)
        })?;
        if manifest.format > FORMAT {
            let sentence = format!(
                "The backup was made by version {}, which writes a newer format. Install that \
                 version first.",
                manifest.version
            );
            return Err(Error::invalid("backup", sentence));
        }
        match manifest.files.iter().find(|file| !is_sane(&file.name)) {
            None => Ok(manifest),
            Some(file) => {
                let sentence = format!(
                    "The manifest names a file that no backup has: {}.",
                    file.name
                );
                Err(Error::invalid("backup", sentence))
            }
        }
    }

    /// Compares the manifest with its sum, with the key of an encrypted one.
    ///
    /// # Errors
    /// When it was changed.
    pub(super) fn prove(folder: &Path, key: Option<&AgeKey>) -> Result<()> {
        let read = |name: &str| {
            std::fs::read(folder.join(name)).map_err(|cause| {
                let sentence = format!("The file {name} of the backup cannot be read.");
                Error::invalid("backup", sentence).because(cause)
            })
        };
        let (text, sum) = (read(MANIFEST)?, read(SUM)?);
        if sum.trim_ascii_end() == sum_of(&text, key)?.as_bytes() {
            return Ok(());
        }
        let sentence = "The manifest of the backup was changed after it was written.";
        Err(Error::invalid("backup", sentence))
    }

    /// Writes manifest and sum, durable when it returns but for the name of the folder.
    pub(super) fn write(&self, folder: &Path, key: Option<&AgeKey>) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|cause| Error::internal("The manifest cannot be written.").because(cause))?;
        let sum = sum_of(&text, key)? + "\n";
        for (name, bytes) in [(MANIFEST, text.as_slice()), (SUM, sum.as_bytes())] {
            let write = || {
                let path = folder.join(name);
                std::fs::write(&path, bytes)?;
                std::fs::File::open(&path)?.sync_all()
            };
            write().map_err(|cause| super::copy::target_refused(folder, cause))?;
        }
        Ok(())
    }
}

/// A name that may lie in a data directory: no way out of it, and nothing else than data.
fn is_sane(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [file] => *file == crate::store::DATA_FILE,
        ["readings", file] => plain(file) && file.ends_with(".redb"),
        ["blobs", folder, file] => {
            plain(folder)
                && file.starts_with(folder)
                && file.parse::<crate::store::BlobHash>().is_ok()
        }
        _ => false,
    }
}

fn sum_of(text: &[u8], key: Option<&AgeKey>) -> Result<String> {
    Ok(match key {
        None => format!("sha256:{}", hex(&Sha256::digest(text))),
        Some(key) => {
            let mac = key.sign(text);
            let mac = mac.ok_or_else(|| Error::internal("The manifest cannot be signed."))?;
            format!("hmac-sha256:{}", hex(&mac))
        }
    })
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_nothing_outside_the_data_directory() {
        let blob = format!("blobs/0f/{}", "0f".repeat(32));
        for good in ["indusmind.redb", "readings/raw-2026-11.redb", &blob] {
            assert!(is_sane(good), "{good}");
        }
        for bad in [
            "",
            "../indusmind.redb",
            "/etc/passwd",
            "indusmind.lock",
            "readings/../x.redb",
            "readings/.redb/x.redb",
            "readings/x.txt",
            "readings/..redb",
            "blobs/0f/00",
            "blobs/../indusmind.redb",
            "readings/a/b.redb",
        ] {
            assert!(!is_sane(bad), "{bad}");
        }
    }

    #[test]
    fn a_changed_manifest_is_found_out() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let manifest = Manifest::begin("one".into(), "a".into(), Timestamp::from_ms(0));
        let key = AgeKey::new("long enough", ([1; 16], [2; 16])).unwrap();
        for key in [None, Some(&key)] {
            manifest.write(folder, key).unwrap();
            assert_eq!(Manifest::read(folder).unwrap(), manifest);
            Manifest::prove(folder, key).unwrap();
            let text = std::fs::read_to_string(folder.join(MANIFEST)).unwrap();
            std::fs::write(folder.join(MANIFEST), text.replace("one", "two")).unwrap();
            assert!(Manifest::prove(folder, key).is_err());
        }
        // A sum that anybody can make is none for an encrypted backup.
        manifest.write(folder, None).unwrap();
        assert!(Manifest::prove(folder, Some(&key)).is_err());
    }
}

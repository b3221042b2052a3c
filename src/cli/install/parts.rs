//! The two programs of an installation, as they lie in or beside the file that installs.
//!
//! The installer is the appliance with the launcher behind it and a mark at the end; a program
//! runs as well with something behind it.

use super::machine::Machine;
use crate::base::{Error, Result};
use std::path::Path;

/// Ends a file that has a launcher in it, before the length of the launcher (8 bytes, little
/// endian).
const MARK: &[u8; 16] = b"INDUSMIND+LAUNCH";
/// Bytes of the mark and the length.
const MARK_BYTES: usize = MARK.len() + 8;
/// The launcher beside the appliance.
const BESIDE: &str = "indusmind-launcher";

/// Appliance and launcher.
#[derive(Debug)]
pub(super) struct Parts {
    appliance: Vec<u8>,
    launcher: Vec<u8>,
}

impl Parts {
    #[cfg(test)]
    pub(super) const fn of(appliance: Vec<u8>, launcher: Vec<u8>) -> Self {
        Self {
            appliance,
            launcher,
        }
    }

    /// The parts that this program has or finds.
    ///
    /// # Errors
    /// When there is no launcher to be found.
    pub(super) fn of_this_program(machine: &Machine) -> Result<Self> {
        let unread = |cause| Error::internal("This program cannot read itself.").because(cause);
        let path = std::env::current_exe().map_err(unread)?;
        let bytes = std::fs::read(&path).map_err(unread)?;
        if let Some(parts) = Self::split(&bytes) {
            return Ok(parts);
        }
        let beside = path.parent().map(|folder| folder.join(BESIDE));
        let launcher = [beside, Some(machine.launcher())]
            .into_iter()
            .flatten()
            .find_map(|path| std::fs::read(path).ok());
        launcher
            .map(|launcher| Self {
                appliance: bytes,
                launcher,
            })
            .ok_or_else(|| {
                Error::invalid(
                    "install",
                    format!(
                        "This file has no launcher in it. Install with indusmind-installer or the \
                         .deb package, or put {BESIDE} beside this file."
                    ),
                )
            })
    }

    /// The parts of an installer; `None` when this is none.
    fn split(bytes: &[u8]) -> Option<Self> {
        let end = bytes.len().checked_sub(MARK_BYTES)?;
        let (rest, mark) = bytes.split_at(end);
        let length = mark.strip_prefix(MARK)?;
        let length = u64::from_le_bytes(length.try_into().ok()?);
        let at = rest.len().checked_sub(usize::try_from(length).ok()?)?;
        let (appliance, launcher) = rest.split_at(at);
        Some(Self {
            appliance: appliance.to_vec(),
            launcher: launcher.to_vec(),
        })
    }

    pub(super) fn appliance(&self) -> &[u8] {
        &self.appliance
    }

    pub(super) fn launcher(&self) -> &[u8] {
        &self.launcher
    }
}

/// Writes an installer of two programs.
///
/// # Errors
/// When one cannot be read or the installer cannot be written.
pub(in crate::cli) fn join(appliance: &Path, launcher: &Path, out: &Path) -> Result<()> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|cause| Error::not_found("program", path.display()).because(cause))
    };
    let (mut all, launcher) = (read(appliance)?, read(launcher)?);
    all.extend(&launcher);
    all.extend(MARK);
    all.extend((launcher.len() as u64).to_le_bytes());
    std::fs::write(out, all).map_err(super::disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installer_comes_apart_as_it_was_joined() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two, out] = ["one", "two", "out"].map(|name| dir.path().join(name));
        std::fs::write(&one, b"the appliance").unwrap();
        std::fs::write(&two, b"the launcher").unwrap();
        join(&one, &two, &out).unwrap();
        let bytes = std::fs::read(&out).unwrap();
        let parts = Parts::split(&bytes).unwrap();
        assert_eq!(parts.appliance(), b"the appliance");
        assert_eq!(parts.launcher(), b"the launcher");
        for length in 0..bytes.len() {
            assert!(Parts::split(&bytes[..length]).is_none(), "{length}");
        }
    }
}

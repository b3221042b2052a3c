//! *pure* — what an update says of itself, and whether it is for this appliance.

use super::version::version_of;
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What every manifest calls its product.
pub const PRODUCT: &str = "indusmind";
/// Longest manifest, bytes.
pub const MANIFEST_MAX: usize = 64 << 10;

/// What an update says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// `indusmind`.
    pub product: String,
    /// Processor: `x86_64`.
    pub arch: String,
    /// Version: `0.2.0`.
    pub version: String,
    /// From which source it was built.
    #[serde(default)]
    pub build: String,
    /// Oldest version that may be updated with it; empty for any.
    #[serde(default)]
    pub min_from: String,
    /// Oldest and newest schema of the data file that it reads.
    pub schema: [u64; 2],
    /// Bytes of the binary.
    pub bytes: u64,
    /// SHA-256 of the binary, hexadecimal.
    pub sha256: String,
    /// What is new, by language: `en`, `fr`, `ar`.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// Numbers of keys that are not to be believed any more.
    #[serde(default)]
    pub revoked: Vec<String>,
    /// Whether it is meant to bring an older version back.
    #[serde(default)]
    pub downgrade: bool,
}

/// What an update meets here.
#[derive(Clone, Debug)]
pub struct Here {
    /// The processor.
    pub arch: &'static str,
    /// The version that runs.
    pub version: String,
    /// The schema of the data file.
    pub schema: u64,
    /// Lowest version that the key of the update may bring; `None` when it brought none yet.
    pub floor: Option<String>,
    /// Bytes of the data.
    pub data: u64,
}

/// Bytes that stay free beside everything: the appliance goes on writing.
const SPARE: u64 = 64 << 20;

/// Bytes that have to be free for a binary of so many bytes beside so much data: the binary in its
/// slot and its staged copy, the copy of the data and a fifth more while the new version brings it
/// up to date.
#[must_use]
pub const fn needs(bytes: u64, data: u64) -> u64 {
    let copy = data.saturating_add(data / 5);
    copy.saturating_add(bytes.saturating_mul(2))
        .saturating_add(SPARE)
}

impl Manifest {
    /// Reads a manifest whose signature holds.
    ///
    /// # Errors
    /// When it is not understood.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|cause| {
            Error::invalid(
                "manifest",
                format!("The manifest is not understood ({cause}): it is of a newer kind."),
            )
        })
    }

    /// Nothing when it may be installed here.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn fits(&self, here: &Here) -> Result<()> {
        let refused = |path: &str, sentence: String| Err(Error::invalid(path, sentence));
        if self.product != PRODUCT {
            return refused("product", format!("This is an update of {}.", self.product));
        }
        if self.arch != here.arch {
            let sentence = format!("It is for {}; this machine is {}.", self.arch, here.arch);
            return refused("arch", sentence);
        }
        let Some(version) = version_of(&self.version) else {
            return refused("version", format!("{} is no version.", self.version));
        };
        let running = version_of(&here.version);
        if !self.min_from.is_empty() && running < version_of(&self.min_from) {
            let sentence = format!(
                "It updates {} and newer; {} runs here. Install a version between them first.",
                self.min_from, here.version
            );
            return refused("min_from", sentence);
        }
        let [from, to] = self.schema;
        if !(from..=to).contains(&here.schema) {
            let sentence = format!(
                "It reads data of schema {from} to {to}; the data here has {}.",
                here.schema
            );
            return refused("schema", sentence);
        }
        // A version that is not written as one is no floor, and none is lower than every floor.
        let floor = here
            .floor
            .as_deref()
            .map_or(running, version_of)
            .max(running);
        if Some(version) < floor && !self.downgrade {
            let sentence = format!(
                "Version {} is older than what was installed here before. An older one needs a \
                 bundle that was made for going back.",
                self.version
            );
            return refused("version", sentence);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            product: PRODUCT.to_owned(),
            arch: "x86_64".to_owned(),
            version: "0.3.0".to_owned(),
            build: String::new(),
            min_from: "0.1.0".to_owned(),
            schema: [1, 3],
            bytes: 10 << 20,
            sha256: "ab".repeat(32),
            notes: BTreeMap::new(),
            revoked: Vec::new(),
            downgrade: false,
        }
    }

    fn here() -> Here {
        Here {
            arch: "x86_64",
            version: "0.2.0".to_owned(),
            schema: 2,
            floor: Some("0.2.5".to_owned()),
            data: 100 << 20,
        }
    }

    #[test]
    fn each_reason_against_an_update_is_named() {
        manifest().fits(&here()).unwrap();
        let refused = |path: &str, change: &dyn Fn(&mut Manifest, &mut Here)| {
            let (mut manifest, mut here) = (manifest(), here());
            change(&mut manifest, &mut here);
            let error = manifest.fits(&here).unwrap_err();
            assert_eq!(error.fields[0].path, path, "{error}");
        };
        refused("product", &|it, _| it.product = "other".to_owned());
        refused("arch", &|it, _| it.arch = "aarch64".to_owned());
        refused("version", &|it, _| it.version = "3".to_owned());
        refused("version", &|it, _| it.version = "0.2.4".to_owned());
        refused("version", &|it, here| {
            it.version = "0.1.9".to_owned();
            here.floor = None;
        });
        refused("min_from", &|it, _| it.min_from = "0.2.1".to_owned());
        refused("schema", &|_, here| here.schema = 4);
        refused("schema", &|it, _| it.schema = [3, 3]);
        assert_eq!(needs(10 << 20, 100 << 20), (120 + 20 + 64) << 20);
        assert_eq!(needs(u64::MAX, u64::MAX), u64::MAX);
        let mut back = manifest();
        back.version = "0.2.4".to_owned();
        back.downgrade = true;
        back.fits(&here()).unwrap();
    }
}

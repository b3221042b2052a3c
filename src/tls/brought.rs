//! A certificate and a key that somebody brought: PEM files, looked at again and again.

use super::identity::{Key, keyed};
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Largest file, bytes: a chain of some certificates.
const FILE_MAX: u64 = 256 << 10;

/// Where they lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// The certificate, followed by those between it and its authority.
    pub certificate: PathBuf,
    /// Its key: PKCS #8, PKCS #1 or SEC1, without a passphrase.
    pub key: PathBuf,
}

/// What was in the files.
pub(super) struct Brought {
    pub(super) key: Key,
    /// Tells whether the files have changed.
    pub(super) hash: [u8; 32],
}

impl Files {
    /// Reads both and makes sure that they belong together.
    ///
    /// # Errors
    /// A sentence that names the file and says what is wrong with it.
    pub(super) fn read(&self) -> Result<Brought> {
        let certificate = content(&self.certificate, "certificate")?;
        let key = content(&self.key, "key")?;
        let mut hash = Sha256::new();
        hash.update(Sha256::digest(&certificate));
        hash.update(Sha256::digest(&key));
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate)
            .collect::<std::result::Result<_, _>>()
            .map_err(|cause| {
                let what = format!("is no certificate in PEM text ({cause})");
                wrong(&self.certificate, "certificate", &what)
            })?;
        if chain.is_empty() {
            let what = "has no certificate in PEM text";
            return Err(wrong(&self.certificate, "certificate", what));
        }
        let der = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
            let what = "has no key in PEM text, or one that needs a passphrase";
            wrong(&self.key, "key", what)
        })?;
        let key = keyed(chain, der).map_err(|cause| {
            let certificate = self.certificate.display();
            let what = format!("does not belong to the certificate {certificate} ({cause})");
            wrong(&self.key, "key", &what)
        })?;
        Ok(Brought {
            key,
            hash: hash.finalize().into(),
        })
    }
}

fn content(path: &Path, field: &str) -> Result<Vec<u8>> {
    let read = || {
        let length = std::fs::metadata(path)?.len();
        if length > FILE_MAX {
            return Err(std::io::Error::other("it is larger than 256 KB"));
        }
        std::fs::read(path)
    };
    read().map_err(|cause| wrong(path, field, &format!("cannot be read ({cause})")))
}

fn wrong(path: &Path, field: &str, what: &str) -> Error {
    let sentence = format!("The file {} {what}.", path.display());
    Error::invalid(format!("edge.{field}"), sentence)
}

//! Whom an encrypted connection outwards believes: an authority of the site, or those of the
//! machine.
//!
//! Knows no outlet: bytes of certificates in, a connection out.

use super::identity::provider;
use super::why::why;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Whom encrypted connections believe.
#[derive(Default)]
pub struct Trust {
    /// Read when first needed: a few hundred certificates.
    machine: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Trust {
    /// Encrypts a connection to `host`.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn encrypt(
        &self,
        ca_pem: Option<&str>,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, String> {
        let config = match ca_pem {
            Some(pem) => of_pem(pem)?,
            None => self.machine.get_or_init(of_machine).clone()?,
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host} is no name that a certificate could have."))?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        connected.map_err(|cause| {
            why(host, &cause)
                .unwrap_or_else(|| format!("The encrypted connection to {host} failed: {cause}."))
        })
    }
}

fn of_pem(pem: &str) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let added = certificate.map_err(|cause| cause.to_string());
        let added = added.and_then(|der| roots.add(der).map_err(|cause| cause.to_string()));
        added.map_err(|cause| format!("The certificate of the authority is damaged: {cause}."))?;
    }
    trusting(roots)
}

fn of_machine() -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusting(roots)
}

fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, String> {
    if roots.is_empty() {
        return Err(
            "This machine has no list of trusted certificates. Give the certificate of \
                    the server's authority, or install ca-certificates."
                .to_owned(),
        );
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| format!("TLS cannot be set up: {cause}."))?
        .with_root_certificates(roots);
    Ok(Arc::new(config.with_no_client_auth()))
}

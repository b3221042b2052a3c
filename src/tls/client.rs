//! TLS towards others: whoever we connect to proves itself to an authority that somebody named.

use super::identity::provider;
use crate::base::{Error, Result};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Somebody whom we know by his name and his authority.
#[derive(Clone)]
pub struct Peer {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Peer {
    /// A host whose certificate is vouched for by an authority in this PEM file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file or the name; `field` is where it was asked
    /// for.
    pub fn new(host: &str, authority: &Path, field: &str) -> Result<Self> {
        let wrong = |what: &str| {
            let sentence = format!("The file {} {what}.", authority.display());
            Error::invalid(field, sentence)
        };
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(authority)
            .map_err(|cause| wrong(&format!("cannot be read as PEM text ({cause})")))?;
        for certificate in certificates {
            let certificate = certificate
                .map_err(|cause| wrong(&format!("is no certificate in PEM text ({cause})")))?;
            roots
                .add(certificate)
                .map_err(|cause| wrong(&format!("has a certificate of no use ({cause})")))?;
        }
        if roots.is_empty() {
            return Err(wrong("has no certificate in PEM text"));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            let sentence = format!("{host} is no host name and no address.");
            Error::invalid(field, sentence)
        })?;
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(|cause| Error::internal("TLS cannot be set up.").because(cause))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Speaks TLS over a connection to him.
    ///
    /// # Errors
    /// When he cannot prove who he is, or leaves.
    pub async fn greet<IO>(&self, io: IO) -> io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.connector.connect(self.name.clone(), io).await
    }
}

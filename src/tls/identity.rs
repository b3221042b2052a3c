//! What the appliance shows a browser, exchanged while connections are open.

use crate::base::{Error, Result};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error as TlsError, ServerConfig};

/// A certificate, those above it, and its key.
pub(super) type Key = Arc<CertifiedKey>;

/// The one that is shown to whoever connects from now on.
#[derive(Debug)]
pub(super) struct Shown(RwLock<Key>);

impl Shown {
    pub(super) const fn new(key: Key) -> Self {
        Self(RwLock::new(key))
    }

    pub(super) fn put(&self, key: Key) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    pub(super) fn get(&self) -> Key {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shown)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Key> {
        Some(self.get())
    }
}

/// Joins a chain and a key; refuses a key that is not that of the first certificate.
pub(super) fn keyed(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> std::result::Result<Key, TlsError> {
    CertifiedKey::from_der(chain, key, &provider()).map(Arc::new)
}

/// TLS 1.2 and 1.3 as rustls does them; HTTP/1.1 above it.
pub(super) fn server_config(shown: Arc<Shown>) -> Result<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::internal("TLS cannot be set up.").because(cause))?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(shown);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

pub(super) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

//! HTTPS by hand: a client that trusts one authority and sends what a test writes.

use super::Appliance;
use indusmind::base::{Clock as _, ManualClock};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// An answer as it came.
#[derive(Debug)]
pub struct Raw {
    /// Status; 0 when the connection was closed without one.
    pub status: u16,
    /// Headers by their name in lower case; of several the last.
    pub headers: HashMap<String, String>,
    /// Every line of the head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

#[derive(Debug)]
struct At(ManualClock);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().ms()).unwrap() / 1_000;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// Connects from this address.
pub async fn connect_from(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::from(from), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// Speaks TLS with an appliance; trusts its authority.
pub async fn connect(appliance: &Appliance, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let tls = appliance.context().tls.as_ref().expect("HTTPS is spoken");
    let authority = tls.authority_pem().expect("it has an authority");
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let at = Arc::new(At(appliance.clock.clone()));
    let config = ClientConfig::builder_with_details(provider, at)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(appliance.address()).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// Sends a request, head and body, and reads the answer to its end.
pub async fn ask(mut io: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Raw {
    // A client that is turned away may not even be read to the end.
    let _ = io.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = io.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    };
    Raw {
        status: status.unwrap_or_default(),
        headers: head.lines().filter_map(header).collect(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// The head of a request without a body that closes its connection.
pub fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}

/// A request with a JSON body that closes its connection.
pub fn post(path: &str, host: &str, more: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

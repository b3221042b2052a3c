//! A mail server on this machine: EHLO, STARTTLS, AUTH, and letters that it keeps or refuses.

use crate::broker::certificates;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Who may send.
pub const USER: (&str, &str) = ("plant", "Mail-Secret-7");

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Plain,
    Starttls,
    Tls,
}

/// A letter as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub to: String,
    pub signed_in: bool,
    pub encrypted: bool,
    /// Headers and body.
    pub text: String,
}

/// A running mail server.
pub struct MailServer {
    pub port: u16,
    /// The certificate of its authority, PEM.
    pub authority: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    speaks: Speaks,
    acceptor: TlsAcceptor,
    letters: Mutex<Vec<Received>>,
    /// What is said to the next recipients instead of yes.
    refusals: Mutex<VecDeque<&'static str>>,
}

impl MailServer {
    pub async fn start(speaks: Speaks) -> Self {
        Self::at(0, speaks).await
    }

    /// On a port that was free a moment ago.
    pub async fn at(port: u16, speaks: Speaks) -> Self {
        let directory = tempfile::tempdir().unwrap();
        certificates(directory.path());
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let state = Arc::new(State {
            speaks,
            acceptor: acceptor(directory.path()),
            letters: Mutex::default(),
            refusals: Mutex::default(),
        });
        let (port, shared) = (listener.local_addr().unwrap().port(), Arc::clone(&state));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move { serve(&state, stream).await });
            }
        });
        Self {
            port,
            authority: std::fs::read_to_string(directory.path().join("ca.pem")).unwrap(),
            state,
            task,
        }
    }

    /// What came in so far.
    pub fn letters(&self) -> Vec<Received> {
        self.state.letters.lock().unwrap().clone()
    }

    /// Says this to the next recipient instead of yes.
    pub fn refuse(&self, said: &'static str) {
        self.state.refusals.lock().unwrap().push_back(said);
    }

    /// The settings of an outlet that sends here.
    pub fn outlet(&self) -> serde_json::Value {
        let security = match self.state.speaks {
            Speaks::Plain => "none",
            Speaks::Starttls => "starttls",
            Speaks::Tls => "tls",
        };
        let encrypted = self.state.speaks != Speaks::Plain;
        serde_json::json!({ "enabled": true, "secret": USER.1, "settings": { "kind": "smtp",
            "host": "127.0.0.1", "port": self.port, "security": security, "username": USER.0,
            "from": "indusmind@plant.example",
            "ca_pem": encrypted.then_some(&self.authority) } })
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server's side of TLS with the certificate in this directory.
fn acceptor(at: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(at.join("broker.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(at.join("broker.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()))
}

async fn serve(state: &State, stream: TcpStream) -> Option<()> {
    if state.speaks == Speaks::Tls {
        let stream = state.acceptor.accept(stream).await.ok()?;
        return talk(state, &mut BufReader::new(stream), true)
            .await
            .map(drop);
    }
    let mut stream = BufReader::new(stream);
    if talk(state, &mut stream, false).await? {
        let stream = state.acceptor.accept(stream.into_inner()).await.ok()?;
        talk(state, &mut BufReader::new(stream), true).await?;
    }
    Some(())
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Option<()> {
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.write_all(b"\r\n").await.ok()?;
    stream.flush().await.ok()
}

/// Talks until the end, or until STARTTLS: then `true`.
async fn talk<S>(state: &State, stream: &mut BufReader<S>, encrypted: bool) -> Option<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let upgraded = encrypted && state.speaks == Speaks::Starttls;
    if !upgraded {
        say(stream, "220 mail.test ESMTP").await?;
    }
    let offers = state.speaks == Speaks::Starttls && !encrypted;
    let (mut signed_in, mut to) = (false, String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return Some(false);
        }
        let line = line.trim_end();
        let word = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        match word.as_str() {
            "EHLO" if offers => say(stream, "250-mail.test\r\n250 STARTTLS").await?,
            "EHLO" => say(stream, "250-mail.test\r\n250 AUTH PLAIN LOGIN").await?,
            "STARTTLS" if offers => {
                say(stream, "220 go ahead").await?;
                return Some(true);
            }
            "AUTH" => {
                let right = STANDARD.encode(format!("\0{}\0{}", USER.0, USER.1));
                signed_in = line.split(' ').nth(2) == Some(right.as_str());
                let said = match signed_in {
                    true => "235 welcome",
                    false => "535 5.7.8 credentials invalid",
                };
                say(stream, said).await?;
            }
            "MAIL" if !signed_in => say(stream, "530 sign in first").await?,
            "RCPT" => {
                let refusal = state.refusals.lock().unwrap().pop_front();
                to = line
                    .trim_start_matches("RCPT TO:<")
                    .trim_end_matches('>')
                    .to_owned();
                say(stream, refusal.unwrap_or("250 yes")).await?;
            }
            "DATA" => {
                say(stream, "354 go ahead").await?;
                let text = letter(stream).await?;
                state.letters.lock().unwrap().push(Received {
                    to: to.clone(),
                    signed_in,
                    encrypted,
                    text,
                });
                say(stream, "250 taken as 4711").await?;
            }
            "QUIT" => return say(stream, "221 bye").await.map(|()| false),
            _ => say(stream, "250 yes").await?,
        }
    }
}

async fn letter<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut text = String::new();
    loop {
        let at = text.len();
        if stream.read_line(&mut text).await.ok()? == 0 {
            return None;
        }
        if &text[at..] == ".\r\n" {
            text.truncate(at);
            return Some(text);
        }
    }
}

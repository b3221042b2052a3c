//! A web server on this machine that answers as it is told, and keeps what it was asked; and a
//! Modbus device with a coil.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A question as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What is answered to one question.
#[derive(Clone)]
pub enum Reaction {
    /// This status, with this header and body.
    Says(u16, Option<(&'static str, String)>, String),
    /// Nothing, for ever.
    Hangs,
}

#[derive(Clone, Default)]
struct Shared {
    asked: Arc<Mutex<Vec<Asked>>>,
    reactions: Arc<Mutex<VecDeque<Reaction>>>,
}

/// A running web server.
pub struct WebServer {
    pub port: u16,
    shared: Shared,
    task: JoinHandle<()>,
}

impl WebServer {
    /// A server that says yes until it is told otherwise.
    pub async fn start() -> Self {
        let shared = Shared::default();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { port, shared, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers the next question like this.
    pub fn react(&self, reaction: Reaction) {
        self.shared.reactions.lock().unwrap().push_back(reaction);
    }

    /// Answers the next question with this status and nothing else.
    pub fn say(&self, status: u16) {
        self.react(Reaction::Says(status, None, String::new()));
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    shared.asked.lock().unwrap().push(Asked {
        path: uri.to_string(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let reaction = shared.reactions.lock().unwrap().pop_front();
    match reaction.unwrap_or_else(|| Reaction::Says(200, None, "thanks".to_owned())) {
        Reaction::Hangs => std::future::pending().await,
        Reaction::Says(status, header, body) => {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = header {
                headers.insert(name, value.parse().unwrap());
            }
            (StatusCode::from_u16(status).unwrap(), headers, body)
        }
    }
}

/// A Modbus TCP device with one coil, at address 7 of unit 3.
pub struct Coil {
    pub port: u16,
    on: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Coil {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let on = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&on);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let on = Arc::clone(&shared);
                tokio::spawn(async move { speak(stream, &on).await });
            }
        });
        Self { port, on, task }
    }

    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::SeqCst)
    }

    /// As a relay that lost its power.
    pub fn forget(&self) {
        self.on.store(false, Ordering::SeqCst);
    }
}

impl Drop for Coil {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers functions 1 and 5 of the Modbus application protocol; refuses other addresses.
async fn speak(mut stream: TcpStream, on: &AtomicBool) -> Option<()> {
    loop {
        let mut frame = [0; 12];
        stream.read_exact(&mut frame).await.ok()?;
        let [.., unit, function, high, low, value, _] = frame;
        let known = unit == 3 && (high, low) == (0, 7);
        let answer = match function {
            5 if known => {
                on.store(value == 0xFF, Ordering::SeqCst);
                frame[7..].to_vec()
            }
            1 if known => vec![1, 1, u8::from(on.load(Ordering::SeqCst))],
            other => vec![other | 0x80, 2],
        };
        let length = u16::try_from(answer.len() + 1).unwrap().to_be_bytes();
        let mut reply = frame[..4].to_vec();
        reply.extend(length);
        reply.push(unit);
        reply.extend(answer);
        stream.write_all(&reply).await.ok()?;
    }
}

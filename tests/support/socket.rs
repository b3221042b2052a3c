//! The other end of a socket.

use super::PATIENCE;
use super::client::Client;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An open socket. It lives for a bounded time, because a socket that keeps telling something
/// else would let a test wait for ever.
pub struct Socket {
    ends_at: Instant,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket, or tells with which status and body it was refused.
    pub async fn try_open(
        client: &Client,
        path: &str,
        header: Option<(&str, &str)>,
    ) -> Result<Self, (u16, String)> {
        let url = format!("ws://{}{path}", client.address());
        let mut request = url.into_client_request().unwrap();
        if let Some((name, value)) = header {
            let name: HeaderName = name.parse().unwrap();
            let value: HeaderValue = value.parse().unwrap();
            request.headers_mut().insert(name, value);
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self {
                ends_at: Instant::now() + 2 * PATIENCE,
                stream,
            }),
            Err(Error::Http(response)) => {
                let status = response.status().as_u16();
                let body = response.into_body().unwrap_or_default();
                Err((status, String::from_utf8_lossy(&body).into_owned()))
            }
            Err(error) => panic!("{path}: {error}"),
        }
    }

    /// Opens a socket without saying who asks.
    pub async fn anonymous(client: &Client, path: &str) -> Self {
        Self::try_open(client, path, None).await.expect("let in")
    }

    /// Opens a socket with a fresh ticket of this client.
    pub async fn open(client: &Client, path: &str) -> Self {
        let ticket = ticket(client).await;
        Self::anonymous(client, &format!("{path}?ticket={ticket}")).await
    }

    /// Sends JSON.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        let message = Message::Text(text.into());
        self.stream.send(message).await.expect("the socket is open");
    }

    /// Subscribes to a topic of the hub.
    pub async fn subscribe(&mut self, data: &Value) {
        self.send(&json!({ "event": "subscribe", "data": data }))
            .await;
    }

    async fn next(&mut self, what: &str) -> Message {
        let message = timeout_at(self.ends_at, self.stream.next()).await;
        let message = message.unwrap_or_else(|_| panic!("waited in vain for {what}"));
        match message {
            Some(Ok(message)) => message,
            other => panic!("{other:?} instead of {what}"),
        }
    }

    /// The next message as JSON.
    pub async fn message(&mut self) -> Value {
        self.text("a message").await
    }

    async fn text(&mut self, what: &str) -> Value {
        loop {
            match self.next(what).await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed with {frame:?} instead of {what}"),
                _ => {}
            }
        }
    }

    /// The data of the next frame of the hub with this event.
    pub async fn event(&mut self, event: &str) -> Value {
        let what = format!("a frame of {event}");
        loop {
            let frame = self.text(&what).await;
            assert_eq!(super::keys(&frame), ["data", "event"]);
            if frame["event"] == event {
                return frame["data"].clone();
            }
        }
    }

    /// The code with which the socket is closed; messages before that are let pass.
    pub async fn close_code(&mut self) -> u16 {
        self.close_frame().await.0
    }

    /// The code and the reason with which the socket is closed.
    pub async fn close_frame(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next("the close of the socket").await {
                let frame = frame.expect("a close with its code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }
}

/// A fresh ticket of this client.
pub async fn ticket(client: &Client) -> String {
    let made = client.post("/api/auth/ws-ticket", &json!({})).await.data();
    made["ticket"].as_str().unwrap().to_owned()
}

//! What all sockets share: who may open one, how many, when they close.

use super::Context;
use super::caller::bearer;
use crate::auth::{Caller, Permission};
use crate::base::{Error, ErrorKind, Result, SessionId, UserId};
use crate::live::Change;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Sockets of one user: ten tabs.
const PER_USER: usize = 10;
/// Largest message that a client may send, bytes: subscriptions are short.
const MESSAGE_MAX: usize = 64 << 10;
/// Bytes that may wait for a slow client before its writes fail.
const WRITE_BUFFER_MAX: usize = 1 << 20;
/// A frame that a client has not taken in this time closes its socket.
const SEND_WITHIN: Duration = Duration::from_secs(8);
/// How long the word of farewell may take: who takes nothing is not waited for twice.
const END_WITHIN: Duration = Duration::from_secs(1);
/// How long a client may take to say who it is, when its address does not.
const FIRST_MESSAGE_WITHIN: Duration = Duration::from_secs(5);
/// How often a client is asked whether it is there.
pub const PING_EVERY: Duration = Duration::from_secs(30);
/// A client that said nothing for this long is gone.
pub const IDLE_MAX: Duration = Duration::from_secs(60);

/// Close codes, as the page knows them.
pub mod close {
    /// The appliance stops.
    pub const GOING_AWAY: u16 = 1001;
    /// Why it stops, when another version takes its place; the page says so.
    pub const UPDATE: &str = "update";
    /// The client does not keep up.
    pub const TOO_SLOW: u16 = 1013;
    /// Nobody known.
    pub const SESSION_ENDED: u16 = 4401;
    /// He may not see this.
    pub const FORBIDDEN: u16 = 4403;
    /// There is no such channel.
    pub const NOT_FOUND: u16 = 4404;
    /// He has too many.
    pub const TOO_MANY: u16 = 4429;
}

/// How a client may say who it is in the address of a socket.
#[derive(Deserialize)]
pub struct SocketQuery {
    ticket: Option<String>,
    token: Option<String>,
}

/// The open sockets, by user.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    open: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place among the open sockets; given back when dropped.
#[derive(Debug)]
pub struct Place {
    sockets: Sockets,
    user: UserId,
}

impl Sockets {
    /// How many are open.
    pub fn count(&self) -> usize {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .sum()
    }

    fn take(&self, user: UserId) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= PER_USER {
            return None;
        }
        *count += 1;
        Some(Place {
            sockets: self.clone(),
            user,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self
            .sockets
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// The limits of every socket, and the sub-protocol under which a token may be sent.
pub fn limited(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .protocols(["bearer"])
}

/// Who opens a socket, as far as its request tells: a ticket, a token, a header, or a token as
/// second sub-protocol. `None` when the first message has to say it.
///
/// # Errors
/// [`ErrorKind::Unauthenticated`] when what it shows is worth nothing.
pub fn who_asks(
    context: &Context,
    query: &SocketQuery,
    headers: &HeaderMap,
) -> Result<Option<Caller>> {
    if let Some(ticket) = &query.ticket {
        let session = context.auth.tickets.redeem(ticket).ok_or_else(|| {
            Error::new(
                ErrorKind::Unauthenticated,
                "The ticket was used or is too old.",
            )
        })?;
        return context.auth.caller_of(session, None).map(Some);
    }
    let in_address = query
        .token
        .as_deref()
        .filter(|_| context.options.token_in_query);
    let protocol = headers
        .get("sec-websocket-protocol")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("bearer,"))
        .map(str::trim);
    match in_address.or_else(|| bearer(headers)).or(protocol) {
        Some(token) => context.auth.authenticate(token, None).map(Some),
        None => Ok(None),
    }
}

/// One open socket of a known caller.
pub struct Socket {
    inner: WebSocket,
    /// Whose it is.
    pub caller: Caller,
    _place: Place,
}

/// The first message of a client whose address said nothing.
#[derive(Deserialize)]
struct FirstMessage {
    token: Option<String>,
    data: Option<FirstData>,
}

#[derive(Deserialize)]
struct FirstData {
    token: Option<String>,
}

impl Socket {
    /// Lets a client in, or closes its socket with the reason.
    pub async fn admit(
        mut inner: WebSocket,
        context: &Context,
        known: Option<Caller>,
    ) -> Option<Self> {
        let caller = match known {
            Some(caller) => Some(caller),
            None => first_message(&mut inner, context).await,
        };
        let Some(caller) = caller else {
            end(inner, close::SESSION_ENDED, "sign in first").await;
            return None;
        };
        if caller.require(Permission::ReadingsRead).is_err() {
            end(inner, close::FORBIDDEN, "not allowed").await;
            return None;
        }
        let Some(place) = context.sockets.take(caller.user.id) else {
            end(inner, close::TOO_MANY, "too many sockets").await;
            return None;
        };
        Some(Self {
            inner,
            caller,
            _place: place,
        })
    }

    /// The session behind it.
    pub const fn session(&self) -> SessionId {
        self.caller.session
    }

    /// Sends a text; `false` when the client did not take it in time or is gone.
    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> bool {
        let sent = timeout(SEND_WITHIN, self.inner.send(Message::Text(text.into()))).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Asks whether the client is there; `false` when it is gone.
    pub async fn ping(&mut self) -> bool {
        let ping = Message::Ping(axum::body::Bytes::new());
        matches!(
            timeout(SEND_WITHIN, self.inner.send(ping)).await,
            Ok(Ok(()))
        )
    }

    /// The next message; `None` when the client has gone.
    pub async fn receive(&mut self) -> Option<Message> {
        match self.inner.recv().await {
            None | Some(Err(_) | Ok(Message::Close(_))) => None,
            Some(Ok(message)) => Some(message),
        }
    }

    /// Closes with a code and a reason.
    pub async fn end(self, code: u16, reason: &'static str) {
        end(self.inner, code, reason).await;
    }
}

async fn first_message(socket: &mut WebSocket, context: &Context) -> Option<Caller> {
    let first = timeout(FIRST_MESSAGE_WITHIN, socket.recv())
        .await
        .ok()??
        .ok()?;
    let message: FirstMessage = serde_json::from_str(first.to_text().ok()?).ok()?;
    let token = message.token.or_else(|| message.data?.token)?;
    context.auth.authenticate(&token, None).ok()
}

async fn end(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let _ = timeout(END_WITHIN, socket.send(Message::Close(Some(frame)))).await;
}

/// Whether a change of the feed ends this session's sockets.
pub fn ends(change: &Change, session: SessionId) -> bool {
    matches!(change, Change::SessionEnded(ended) if *ended == session)
}

//! The connection: subscribes, hands messages over, acknowledges what is done, and comes back.
//!
//! Two tasks: one reads the broker and never waits for the disk longer than its queue is long;
//! one stores, and acknowledges after the commit. What was not acknowledged the broker sends
//! again.

use super::mapping::{Book, PAYLOAD_MAX, Ready, filters, translate};
use super::settings::MqttSettings;
use super::status::{Board, Connection, Message, MessageOutcome};
use crate::base::{Clock, ErrorKind, Timestamp};
use crate::devices::{Delivery, Receiver};
use crate::tls::why;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rumqttc::{
    AckMode, AsyncClient, Broker, ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming,
    MqttOptions, Publish, QoS, SubscribeFilter, Transport,
};
use sha2::{Digest as _, Sha256};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Messages that may wait for the disk; behind them the broker waits.
const QUEUE: usize = 256;
/// Messages that are stored at once, most of them in one commit.
const TOGETHER: usize = 64;
/// Requests to the broker that may wait: an acknowledgement for everything that is under way.
const REQUESTS: usize = 2 * (QUEUE + TOGETHER);
/// Sign of life, s.
const KEEP_ALIVE_S: u16 = 30;
/// First pause after a failure; it doubles.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long the last acknowledgements may take at the stop.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// Messages whose content is remembered, to know one that is sent again.
const SEEN_MAX: usize = 1_024;
/// A message that the broker sends again comes within this, ms.
const SEEN_FOR_MS: i64 = 10 * 60_000;

/// What the connection works with.
pub(super) struct Connector {
    pub(super) settings: MqttSettings,
    pub(super) password: String,
    pub(super) mappings: Vec<Ready>,
    /// Filters of earlier settings, which the broker may still hold for us.
    pub(super) obsolete: Vec<String>,
    pub(super) board: Arc<Board>,
    pub(super) receiver: Receiver,
    pub(super) clock: Arc<dyn Clock>,
}

/// A message and the connection it came on: an acknowledgement is good for that one only.
struct Received {
    publish: Publish,
    at: Timestamp,
    connection: u64,
}

impl Connector {
    /// Keeps the connection until `stop`.
    pub(super) async fn run<B>(self, book: B, stop: CancellationToken)
    where
        B: Fn(super::mapping::Who<'_>) -> Result<crate::devices::Target, String> + Send + Sync,
        B: 'static,
    {
        let (client, mut events) = match self.client() {
            Ok(both) => both,
            Err(why) => {
                let now = self.clock.now();
                self.board.failed(why, now, now);
                return;
            }
        };
        let (sender, queue) = mpsc::channel(QUEUE);
        let connection = Arc::new(AtomicU64::new(0));
        let this = Arc::new(self);
        let storing = Arc::clone(&this).store(queue, client.clone(), Arc::clone(&connection), book);
        let mut storing = tokio::spawn(storing);
        this.read(&client, &mut events, &sender, &connection, &stop)
            .await;
        // What is under way is stored and acknowledged before the goodbye.
        drop(sender);
        let goodbye = async {
            loop {
                tokio::select! {
                    _ = &mut storing => break,
                    event = events.poll() => if event.is_err() { break },
                }
            }
            let _ = client.try_disconnect();
            while events.poll().await.is_ok() {}
        };
        let _ = tokio::time::timeout(STOP_WITHIN, goodbye).await;
        storing.abort();
        let now = this.clock.now();
        this.board.connection(Connection::Disabled, now);
    }

    fn client(&self) -> Result<(AsyncClient, EventLoop), String> {
        let settings = &self.settings;
        let broker = Broker::tcp(settings.host.clone(), settings.port);
        let mut options = MqttOptions::new(settings.client_id.clone(), broker);
        options
            .set_keep_alive(KEEP_ALIVE_S)
            .set_clean_session(false)
            .set_ack_mode(AckMode::Manual)
            .set_max_packet_size(2 * PAYLOAD_MAX, PAYLOAD_MAX);
        if let Some(username) = &settings.username {
            options.set_credentials(username.clone(), self.password.clone());
        }
        if settings.tls {
            options.set_transport(match &settings.ca_pem {
                Some(pem) => Transport::tls(pem.clone().into_bytes(), None, None),
                None => Transport::try_tls_with_default_config().map_err(|cause| {
                    format!(
                        "This machine has no list of trusted certificates ({cause}). Give \
                        the certificate of the broker's authority."
                    )
                })?,
            });
        }
        let client = AsyncClient::builder(options).capacity(REQUESTS).try_build();
        client.map_err(|cause| format!("The settings of the broker cannot be used: {cause}."))
    }

    /// Reads the broker until `stop`, connecting again for ever.
    async fn read(
        &self,
        client: &AsyncClient,
        events: &mut EventLoop,
        queue: &mpsc::Sender<Received>,
        connection: &AtomicU64,
        stop: &CancellationToken,
    ) {
        let mut pause = PAUSE_FIRST;
        let mut subscribed = false;
        loop {
            let Some(event) = stop.run_until_cancelled(events.poll()).await else {
                return;
            };
            match event {
                Ok(Event::Incoming(Incoming::ConnAck(answer))) => {
                    pause = PAUSE_FIRST;
                    connection.fetch_add(1, Ordering::Relaxed);
                    self.board
                        .connection(Connection::Connected, self.clock.now());
                    // Subscribing anew makes the broker send what it retained once more.
                    if !subscribed || !answer.session_present {
                        self.subscribe(client);
                        subscribed = true;
                    }
                }
                Ok(Event::Incoming(Incoming::SubAck(answer))) => {
                    let refused = |code: &rumqttc::SubscribeReasonCode| {
                        matches!(code, rumqttc::SubscribeReasonCode::Failure)
                    };
                    if answer.return_codes.iter().any(refused) {
                        let why = "The broker does not let this user read some of the topics.";
                        self.board
                            .change(|status| status.error = Some(why.to_owned()));
                    }
                }
                Ok(Event::Incoming(Incoming::Publish(publish))) => {
                    let received = Received {
                        publish,
                        at: self.clock.now(),
                        connection: connection.load(Ordering::Relaxed),
                    };
                    // Full: the broker waits, and nothing is lost.
                    let handed = stop.run_until_cancelled(queue.send(received)).await;
                    if !matches!(handed, Some(Ok(()))) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let why = self.words(&error);
                    tracing::debug!(%error, "the broker is not reached");
                    let now = self.clock.now();
                    let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                    self.board.failed(why, now, now.plus_ms(pause_ms));
                    let slept = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    if slept.is_none() {
                        return;
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    fn subscribe(&self, client: &AsyncClient) {
        let filters = filters(&self.mappings);
        for old in self.obsolete.iter().filter(|old| !filters.contains(old)) {
            let _ = client.try_unsubscribe(old.clone());
        }
        let wanted = filters
            .into_iter()
            .map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce));
        let wanted: Vec<SubscribeFilter> = wanted.collect();
        if !wanted.is_empty()
            && let Err(error) = client.try_subscribe_many(wanted)
        {
            tracing::error!(%error, "the topics were not subscribed to");
        }
    }

    /// Why there is no connection, and what to do.
    fn words(&self, error: &ConnectionError) -> String {
        let at = format!("{}:{}", self.settings.host, self.settings.port);
        match error {
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ) => "The broker does not take this user name and password. Check both.".to_owned(),
            ConnectionError::ConnectionRefused(ConnectReturnCode::BadClientId) => {
                "The broker does not take this client id. Choose another one.".to_owned()
            }
            ConnectionError::ConnectionRefused(code) => {
                format!("The broker refuses the connection ({code:?}).")
            }
            ConnectionError::Tls(cause) => why(&at, cause)
                .unwrap_or_else(|| format!("The encrypted connection to {at} failed: {cause}.")),
            ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
                format!("{at} does not answer. Check the address and the network.")
            }
            ConnectionError::Io(cause) => match cause.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    format!("Nothing listens on {at}. Check the port, and that the broker runs.")
                }
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof => {
                    format!("{at} closed the connection. Check that TLS is set as on the broker.")
                }
                _ => format!("{at} is not reached: {cause}."),
            },
            other => format!("The connection to {at} ended: {other}."),
        }
    }

    /// Stores what comes out of the queue until it ends; acknowledges each message when it is
    /// done with.
    async fn store<B>(
        self: Arc<Self>,
        mut queue: mpsc::Receiver<Received>,
        client: AsyncClient,
        connection: Arc<AtomicU64>,
        book: B,
    ) where
        B: Fn(super::mapping::Who<'_>) -> Result<crate::devices::Target, String> + Send + Sync,
    {
        let mut seen = Seen::default();
        let mut under_way = FuturesUnordered::new();
        let mut open = true;
        while open || !under_way.is_empty() {
            tokio::select! {
                received = queue.recv(), if open && under_way.len() < TOGETHER => match received {
                    Some(received) => {
                        let delivery = self.look_at(&received, &seen, &book);
                        under_way.push(self.finish(received, delivery));
                    }
                    None => open = false,
                },
                Some((received, done)) = under_way.next() => {
                    // An acknowledgement on another connection would be for another message.
                    let same = received.connection == connection.load(Ordering::Relaxed);
                    if done {
                        seen.note(&received.publish, received.at);
                    }
                    if done && same && received.publish.qos != QoS::AtMostOnce {
                        let _ = client.try_ack(&received.publish);
                    }
                }
            }
        }
    }

    /// What a message is: a delivery, or something to be noted only.
    fn look_at(
        &self,
        received: &Received,
        seen: &Seen,
        book: Book<'_>,
    ) -> Result<(Message, Delivery), Message> {
        let publish = &received.publish;
        let topic = String::from_utf8_lossy(&publish.topic);
        let message = Message::new(received.at, &topic, &publish.payload);
        let taken = match translate(&self.mappings, &topic, &publish.payload, book) {
            Ok(taken) => taken,
            Err(why) => return Err(message.refused(&why.path, &why.reason)),
        };
        let timeless = taken
            .parcel
            .readings
            .iter()
            .flatten()
            .any(|r| r.at.is_none());
        let again = seen.has(publish);
        if timeless && publish.retain {
            let reason = "The broker kept this message from earlier, and it does not say when it \
                          was true.";
            return Err(Message {
                outcome: MessageOutcome::Retained,
                reason: Some(reason.to_owned()),
                ..message
            });
        }
        // With a time of its own it is known by that.
        if timeless && publish.dup && again {
            return Err(Message {
                outcome: MessageOutcome::Duplicate,
                ..message
            });
        }
        let mut parcel = taken.parcel;
        // As of the arrival, however long the disk takes.
        for parsed in parcel.readings.iter_mut().flatten() {
            parsed.at.get_or_insert(received.at);
        }
        let delivery = Delivery {
            target: taken.target,
            parcel,
            key_use: None,
        };
        Ok((message, delivery))
    }

    /// Stores a delivery; whether the message is done with.
    async fn finish(
        &self,
        received: Received,
        delivery: Result<(Message, Delivery), Message>,
    ) -> (Received, bool) {
        let (message, delivery) = match delivery {
            Ok(both) => both,
            Err(message) => {
                self.board.note(message);
                return (received, true);
            }
        };
        let mut pause = PAUSE_FIRST;
        loop {
            match self.receiver.deliver(delivery.clone()).await {
                Ok(report) => {
                    self.board.note(message.reported(&report));
                    return (received, true);
                }
                // The disk refuses: the message waits here and stays with the broker.
                Err(error) if error.kind == ErrorKind::Unavailable => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(error) => {
                    self.board.note(message.refused("payload", &error.sentence));
                    return (received, false);
                }
            }
        }
    }
}

/// The contents of the last messages.
#[derive(Default)]
struct Seen(VecDeque<([u8; 32], Timestamp)>);

impl Seen {
    /// Whether a message of this number and content was done with lately.
    fn has(&self, publish: &Publish) -> bool {
        let content = content_of(publish);
        self.0.iter().any(|(known, _)| *known == content)
    }

    /// Remembers a message that is done with.
    fn note(&mut self, publish: &Publish, now: Timestamp) {
        let old = |(_, at): &([u8; 32], Timestamp)| now.since_ms(*at) > SEEN_FOR_MS;
        while self.0.front().is_some_and(old) || self.0.len() >= SEEN_MAX {
            self.0.pop_front();
        }
        self.0.push_back((content_of(publish), now));
    }
}

fn content_of(publish: &Publish) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(publish.pkid.to_be_bytes());
    hasher.update(&publish.topic);
    hasher.update([0]);
    hasher.update(&publish.payload);
    hasher.finalize().into()
}

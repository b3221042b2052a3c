//! `/ws`: one socket with `{"event", "data"}` frames; state first, then changes.

use super::Context;
use super::alert_feed::shows;
use super::dashboard::metrics_of;
use super::envelope::{Failure, code_of, parse_json};
use super::socket::{IDLE_MAX, PING_EVERY, Socket, SocketQuery, close, ends, limited, who_asks};
use crate::alerts::Alert;
use crate::auth::Permission;
use crate::base::{EquipmentId, Error, Result, SessionId, Timestamp};
use crate::equipment::{Equipment, Status};
use crate::live::{Change, LiveValue};
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How often the page hears that the connection lives: it shows a banner after 2.5 s of silence.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);
/// Changes are gathered for this long: two frames a second are as live as an eye can follow.
const COALESCE: Duration = Duration::from_millis(500);
/// Devices that one socket may subscribe to by name; more is "all".
const NAMED_MAX: usize = 200;

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
enum Request {
    Subscribe(Topic),
    Unsubscribe(Topic),
    /// Keeps the connection alive where pings do not pass.
    Ping(serde::de::IgnoredAny),
    /// The token was in the first message already.
    Auth(serde::de::IgnoredAny),
}

/// What can be listened to.
#[derive(Debug, Deserialize)]
#[serde(tag = "topic", rename_all = "snake_case")]
enum Topic {
    /// The figures of the caller's site.
    Dashboard,
    /// Alerts of the sites that the caller reaches: those that are open first, then each change.
    Alerts,
    /// Values of one device, or of all.
    Live { equipment_id: Option<EquipmentId> },
}

/// What the server sends.
#[derive(Debug, Serialize)]
struct Frame<'a, T> {
    event: &'a str,
    data: T,
}

#[derive(Debug, Serialize)]
struct LiveFrame {
    snapshot: bool,
    time: Timestamp,
    equipment: Vec<LiveDevice>,
}

#[derive(Debug, Serialize)]
struct LiveDevice {
    id: EquipmentId,
    status: Status,
    last_update: Option<Timestamp>,
    values: Vec<LiveValue>,
}

/// What a socket listens to.
#[derive(Debug, Default)]
struct Interests {
    dashboard: bool,
    all: bool,
    named: BTreeSet<EquipmentId>,
    changed: BTreeSet<EquipmentId>,
    /// Everything has to be sent again.
    snapshot: bool,
    /// Alerts are listened to, and the open ones have to be sent.
    alerts: bool,
    alerts_due: bool,
    /// New readings came since the dashboard was sent.
    dashboard_due: bool,
}

impl Interests {
    fn has_news(&self) -> bool {
        self.snapshot || !self.changed.is_empty() || self.dashboard_due || self.alerts_due
    }

    fn any(&self) -> bool {
        self.all || !self.named.is_empty()
    }

    fn wants(&self, equipment: EquipmentId) -> bool {
        self.all || self.named.contains(&equipment)
    }

    /// Takes note of a change of the feed.
    fn take(
        &mut self,
        change: std::result::Result<Change, RecvError>,
        context: &Context,
        session: SessionId,
    ) -> Outcome {
        match change {
            Ok(change) if ends(&change, session) => Outcome::SessionEnded,
            Ok(Change::Values(equipment)) => {
                self.dashboard_due = self.dashboard;
                let wanted = equipment.iter().filter(|id| self.wants(**id));
                let wanted: Vec<_> = wanted.copied().collect();
                self.changed.extend(wanted);
                Outcome::Quiet
            }
            Ok(Change::Registry { revision }) => {
                self.snapshot |= self.any();
                Outcome::RegistryChanged { revision }
            }
            Ok(Change::Arranged(screen)) if screen == session => Outcome::Arranged,
            Ok(Change::SessionEnded(_) | Change::Arranged(_)) => Outcome::Quiet,
            // The end of the session may be among what was missed.
            Err(_) if context.auth.caller_of(session, None).is_err() => Outcome::SessionEnded,
            Err(_) => {
                self.snapshot |= self.any();
                // What the screen is to show may be among it, too.
                Outcome::Arranged
            }
        }
    }
}

/// What a change of the feed means for a socket.
enum Outcome {
    Quiet,
    RegistryChanged { revision: u64 },
    SessionEnded,
    Arranged,
}

/// Opens the hub.
pub async fn open(
    State(context): State<Context>,
    Query(query): Query<SocketQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let known = who_asks(&context, &query, &headers)?;
    Ok(limited(upgrade).on_upgrade(move |inner| async move {
        if let Some(socket) = Socket::admit(inner, &context, known).await {
            serve(socket, &context).await;
        }
    }))
}

fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn serve(mut socket: Socket, context: &Context) {
    let session = socket.session();
    let (mut feed, mut alerts) = (context.live.listen(), context.alerts.listen());
    let (mut pings, mut hearts, mut flush) =
        (every(PING_EVERY), every(HEARTBEAT_EVERY), every(COALESCE));
    let mut heard = Instant::now();
    let mut interests = Interests::default();
    let mut next_beat = context.clock.now();
    if !send_arrangement(&mut socket, context).await {
        return socket.end(close::TOO_SLOW, "too slow or gone").await;
    }
    loop {
        let alive = tokio::select! {
            () = context.stop.cancelled() => {
                let leaving = context.updates.is_leaving();
                let why = if leaving { close::UPDATE } else { "the appliance stops" };
                return socket.end(close::GOING_AWAY, why).await;
            }
            message = socket.receive() => {
                heard = Instant::now();
                match message {
                    None => return,
                    Some(Message::Text(text)) => {
                        match take_request(&mut interests, &mut next_beat, text.as_bytes()) {
                            Ok(()) => true,
                            Err(error) => send_error(&mut socket, &error).await,
                        }
                    }
                    Some(_) => true,
                }
            }
            _ = hearts.tick() => {
                let time = context.clock.now();
                send(&mut socket, "heartbeat", serde_json::json!({ "time": time })).await
            }
            _ = pings.tick() => {
                // A session that ended by itself tells nobody.
                if context.auth.caller_of(session, None).is_err() {
                    return socket.end(close::SESSION_ENDED, "the session has ended").await;
                }
                heard.elapsed() <= IDLE_MAX && socket.ping().await
            }
            () = context.clock.sleep_until(next_beat), if interests.dashboard => {
                let every_ms = context.options.dashboard_every_ms;
                next_beat = context.clock.now().floor_to(every_ms).plus_ms(every_ms);
                send_dashboard(&mut socket, context).await
            }
            _ = flush.tick(), if interests.has_news() => {
                send_news(&mut socket, context, &mut interests).await
            }
            alert = alerts.recv(), if interests.alerts => {
                send_alert(&mut socket, &mut interests, alert).await
            }
            change = feed.recv() => match interests.take(change, context, session) {
                Outcome::Quiet => true,
                Outcome::Arranged => send_arrangement(&mut socket, context).await,
                Outcome::RegistryChanged { revision } => {
                    let data = serde_json::json!({ "revision": revision });
                    send(&mut socket, "registry", data).await
                }
                Outcome::SessionEnded => {
                    return socket.end(close::SESSION_ENDED, "the session has ended").await;
                }
            },
        };
        if !alive {
            return socket.end(close::TOO_SLOW, "too slow or gone").await;
        }
    }
}

/// Takes a request; `beat` is due at once when the dashboard is newly asked for.
fn take_request(interests: &mut Interests, beat: &mut Timestamp, text: &[u8]) -> Result<()> {
    match parse_json::<Request>(text)? {
        Request::Subscribe(Topic::Dashboard) => {
            if !interests.dashboard {
                *beat = Timestamp::default();
            }
            interests.dashboard = true;
        }
        Request::Unsubscribe(Topic::Dashboard) => interests.dashboard = false,
        Request::Subscribe(Topic::Alerts) => {
            (interests.alerts, interests.alerts_due) = (true, true);
        }
        Request::Unsubscribe(Topic::Alerts) => interests.alerts = false,
        Request::Subscribe(Topic::Live { equipment_id: None }) => {
            interests.all = true;
            interests.snapshot = true;
        }
        Request::Unsubscribe(Topic::Live { equipment_id: None }) => interests.all = false,
        Request::Subscribe(Topic::Live {
            equipment_id: Some(id),
        }) => {
            if interests.named.len() >= NAMED_MAX {
                let sentence = "Subscribe to all equipment instead of to so many by name.";
                return Err(Error::invalid("data.equipment_id", sentence));
            }
            interests.named.insert(id);
            interests.snapshot = true;
        }
        Request::Unsubscribe(Topic::Live {
            equipment_id: Some(id),
        }) => {
            interests.named.remove(&id);
        }
        Request::Ping(_) | Request::Auth(_) => {}
    }
    Ok(())
}

async fn send<T: Serialize>(socket: &mut Socket, event: &str, data: T) -> bool {
    match serde_json::to_string(&Frame { event, data }) {
        Ok(text) => socket.send(text).await,
        Err(error) => {
            tracing::error!(%error, event, "a frame could not be written");
            true
        }
    }
}

async fn send_error(socket: &mut Socket, error: &Error) -> bool {
    let data = serde_json::json!({ "error_code": code_of(error.kind), "error": error.sentence });
    send(socket, "error", data).await
}

/// What a screen shows, when it is one: first, and whenever somebody changed it.
async fn send_arrangement(socket: &mut Socket, context: &Context) -> bool {
    let Some(kiosk) = context.auth.kiosk_shown(socket.session()) else {
        return true;
    };
    let data = serde_json::json!({ "arrangement": kiosk.arrangement, "revision": kiosk.revision });
    send(socket, "kiosk", data).await
}

async fn send_dashboard(socket: &mut Socket, context: &Context) -> bool {
    let Ok(site) = context.site_of(&socket.caller) else {
        return true;
    };
    match metrics_of(context, &site).await {
        Ok(metrics) => send(socket, "dashboard", metrics).await,
        Err(error) => send_error(socket, &error).await,
    }
}

/// What came since the last time. The dashboard follows the readings, not only its beat: meters are
/// read on the beat, and what they say is on disk a moment after it.
async fn send_news(socket: &mut Socket, context: &Context, interests: &mut Interests) -> bool {
    let alerts = std::mem::take(&mut interests.alerts_due) && interests.alerts;
    if alerts && !send_open_alerts(socket, context).await {
        return false;
    }
    let dashboard = std::mem::take(&mut interests.dashboard_due) && interests.dashboard;
    if dashboard && !send_dashboard(socket, context).await {
        return false;
    }
    let live = interests.snapshot || !interests.changed.is_empty();
    !live || send_live(socket, context, interests).await
}

/// The alerts that are open, once somebody asks for them or missed some.
async fn send_open_alerts(socket: &mut Socket, context: &Context) -> bool {
    if let Err(error) = socket.caller.require(Permission::AlertsRead) {
        return send_error(socket, &error).await;
    }
    let mut items = context.alerts.open_within(&socket.caller.user.sites);
    items.retain(|alert| alert.parent.is_none());
    let data = serde_json::json!({ "snapshot": true, "items": items });
    send(socket, "alerts", data).await
}

/// An alert that began or changed.
async fn send_alert(
    socket: &mut Socket,
    interests: &mut Interests,
    alert: std::result::Result<Arc<Alert>, RecvError>,
) -> bool {
    match alert {
        Ok(alert) if shows(&alert, &socket.caller.user.sites) => {
            if socket.caller.require(Permission::AlertsRead).is_err() {
                return true;
            }
            let data = serde_json::json!({ "snapshot": false, "items": [*alert] });
            send(socket, "alerts", data).await
        }
        Ok(_) => true,
        Err(_) => {
            interests.alerts_due = true;
            true
        }
    }
}

async fn send_live(socket: &mut Socket, context: &Context, interests: &mut Interests) -> bool {
    let snapshot = std::mem::take(&mut interests.snapshot);
    let changed = std::mem::take(&mut interests.changed);
    let chosen = |equipment: &&Equipment| {
        if snapshot {
            interests.wants(equipment.id)
        } else {
            changed.contains(&equipment.id)
        }
    };
    let all = context.registry.within(&socket.caller.user.sites);
    let time = context.clock.now();
    let show = |equipment: &Equipment| {
        let device = context.live.device(equipment.id);
        LiveDevice {
            id: equipment.id,
            status: context.registry.status(equipment),
            last_update: device.last_good,
            values: device.values(time),
        }
    };
    let equipment = all.iter().filter(chosen).map(show).collect();
    send(
        socket,
        "live",
        LiveFrame {
            snapshot,
            time,
            equipment,
        },
    )
    .await
}

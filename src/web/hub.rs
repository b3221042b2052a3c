//! `/ws`: one socket with `{"event", "data"}` frames; state first, then changes.

mod interests;

use super::Context;
use super::alert_feed::shows;
use super::dashboard::metrics_of;
use super::envelope::{Failure, code_of, parse_json};
use super::socket::{IDLE_MAX, PING_EVERY, Socket, SocketQuery, close, limited, who_asks};
use crate::alerts::Alert;
use crate::auth::Permission;
use crate::base::{EquipmentId, Error, Result, Timestamp};
use crate::energy::DashboardMetrics;
use crate::equipment::{Equipment, Status};
use crate::live::LiveValue;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use interests::{Interests, Outcome};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
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

/// The figures of a dashboard, on their way. They are computed beside the socket: while the disk is
/// busy they take seconds, and a page that hears nothing for so long says that nobody answers.
type Figures<'a> = Pin<Box<dyn Future<Output = Result<DashboardMetrics>> + Send + 'a>>;

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
    let mut figures: Option<Figures<'_>> = None;
    if !send_arrangement(&mut socket, context).await {
        return socket.end(close::TOO_SLOW, "too slow or gone").await;
    }
    loop {
        let alive = tokio::select! {
            () = context.stop.cancelled() => {
                return socket.end(close::GOING_AWAY, why_it_stops(context)).await;
            }
            message = socket.receive() => {
                heard = Instant::now();
                let Some(message) = message else { return };
                take_message(&mut socket, &mut interests, &mut next_beat, message).await
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
                interests.dashboard_due = true;
                begin(&mut figures, &socket, context, &mut interests);
                true
            }
            found = under_way(&mut figures), if figures.is_some() => {
                figures = None;
                send_dashboard(&mut socket, &interests, found).await
            }
            _ = flush.tick(), if interests.has_news() => {
                begin(&mut figures, &socket, context, &mut interests);
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

fn why_it_stops(context: &Context) -> &'static str {
    match context.updates.is_leaving() {
        true => close::UPDATE,
        false => "the appliance stops",
    }
}

/// Takes what a client said; false when the socket is gone.
async fn take_message(
    socket: &mut Socket,
    interests: &mut Interests,
    beat: &mut Timestamp,
    message: Message,
) -> bool {
    let Message::Text(text) = message else {
        return true;
    };
    match take_request(interests, beat, text.as_bytes()) {
        Ok(()) => true,
        Err(error) => send_error(socket, &error).await,
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

/// Computes the figures that are due, unless some are under way: then their turn comes after those.
fn begin<'a>(
    figures: &mut Option<Figures<'a>>,
    socket: &Socket,
    context: &'a Context,
    interests: &mut Interests,
) {
    if figures.is_some() || !std::mem::take(&mut interests.dashboard_due) || !interests.dashboard {
        return;
    }
    if let Ok(site) = context.site_of(&socket.caller) {
        *figures = Some(Box::pin(async move { metrics_of(context, &site).await }));
    }
}

/// The figures that are under way, when they are there.
async fn under_way(figures: &mut Option<Figures<'_>>) -> Result<DashboardMetrics> {
    match figures {
        Some(figures) => figures.await,
        None => std::future::pending().await,
    }
}

async fn send_dashboard(
    socket: &mut Socket,
    interests: &Interests,
    found: Result<DashboardMetrics>,
) -> bool {
    match found {
        _ if !interests.dashboard => true,
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

//! `/ws/alerts:new`: one bare message per alert, after its commit.

use super::Context;
use super::socket::{IDLE_MAX, PING_EVERY, Socket, close, ends};
use crate::alerts::Alert;
use crate::auth::{Permission, Reach};
use crate::base::{AlertId, EquipmentId, Level, Timestamp};
use crate::live::Change;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};

/// An alert in the shape of the channel.
#[derive(Debug, Serialize)]
struct AlertMessage<'a> {
    id: AlertId,
    level: Level,
    equipment_id: Option<EquipmentId>,
    equipment_name: &'a str,
    location: Option<&'a str>,
    message: &'a str,
    value: Option<f64>,
    threshold: Option<f64>,
    timestamp: Timestamp,
    acknowledged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<Timestamp>,
}

impl<'a> From<&'a Alert> for AlertMessage<'a> {
    fn from(alert: &'a Alert) -> Self {
        Self {
            id: alert.id,
            level: alert.level,
            equipment_id: alert.equipment_id,
            equipment_name: &alert.equipment_name,
            location: alert.location.as_deref(),
            message: &alert.message,
            value: alert.value,
            threshold: alert.threshold,
            timestamp: alert.timestamp,
            acknowledged: alert.acknowledged,
            acknowledged_by: alert.acknowledged_by.as_deref(),
            acknowledged_at: alert.acknowledged_at,
        }
    }
}

/// Whether a change of an alert is shown to somebody who reaches this: those that another stands
/// for are not, nor what sounds for nobody.
pub fn shows(alert: &Alert, reach: &Reach) -> bool {
    reach.sees(&alert.site) && alert.parent.is_none()
}

/// Sends alerts as they begin and change until somebody has enough.
pub async fn serve(mut socket: Socket, context: &Context) {
    if socket.caller.require(Permission::AlertsRead).is_err() {
        return socket.end(close::FORBIDDEN, "not allowed").await;
    }
    let (session, reach) = (socket.session(), socket.caller.user.sites.clone());
    let (mut feed, mut alerts) = (context.live.listen(), context.alerts.listen());
    let mut pings = tokio::time::interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            () = context.stop.cancelled() => {
                return socket.end(close::GOING_AWAY, "the appliance stops").await;
            }
            alert = alerts.recv() => match alert {
                Ok(alert) if shows(&alert, &reach) => {
                    let message = AlertMessage::from(alert.as_ref());
                    let text = serde_json::to_string(&message).unwrap_or_default();
                    if !socket.send(text).await {
                        return socket.end(close::TOO_SLOW, "too slow").await;
                    }
                }
                Ok(_) => {}
                // Alerts were missed: a client that opens the channel again asks for the list.
                Err(RecvError::Lagged(_)) => {
                    return socket.end(close::TOO_SLOW, "too slow").await;
                }
                Err(RecvError::Closed) => return,
            },
            message = socket.receive() => {
                if message.is_none() {
                    return;
                }
                heard = Instant::now();
            }
            _ = pings.tick() => {
                if heard.elapsed() > IDLE_MAX || !socket.ping().await {
                    return socket.end(close::GOING_AWAY, "no sign of life").await;
                }
            }
            change = feed.recv() => match change {
                Ok(change) if ends(&change, session) => {
                    return socket.end(close::SESSION_ENDED, "the session has ended").await;
                }
                Err(RecvError::Closed) => return,
                Ok(
                    Change::Values(_)
                    | Change::Registry { .. }
                    | Change::SessionEnded(_)
                    | Change::Arranged(_),
                )
                | Err(RecvError::Lagged(_)) => {
                    // The end of the session may be among what was missed.
                    if context.auth.caller_of(session, None).is_err() {
                        return socket.end(close::SESSION_ENDED, "the session has ended").await;
                    }
                }
            },
        }
    }
}

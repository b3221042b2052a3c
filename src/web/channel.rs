//! `/ws/dashboard:<site>`: one bare message of the site's figures per beat; `/ws/alerts:new`.

use super::Context;
use super::alert_feed;
use super::dashboard::metrics_of;
use super::envelope::Failure;
use super::socket::{IDLE_MAX, PING_EVERY, Socket, SocketQuery, close, ends, limited, who_asks};
use crate::base::{Error, Timestamp};
use crate::live::Change;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};

/// Opens a named channel.
pub async fn open(
    State(context): State<Context>,
    Path(channel): Path<String>,
    Query(query): Query<SocketQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    if channel == "alerts:new" {
        let known = who_asks(&context, &query, &headers)?;
        return Ok(limited(upgrade).on_upgrade(move |inner| async move {
            if let Some(socket) = Socket::admit(inner, &context, known).await {
                alert_feed::serve(socket, &context).await;
            }
        }));
    }
    let Some(site) = channel.strip_prefix("dashboard:").map(str::to_owned) else {
        return Err(Error::not_found("channel", &channel).into());
    };
    let known = who_asks(&context, &query, &headers)?;
    Ok(limited(upgrade).on_upgrade(move |inner| async move {
        if let Some(socket) = Socket::admit(inner, &context, known).await {
            serve(socket, &context, &site).await;
        }
    }))
}

/// Sends the figures of a site until somebody has enough.
async fn serve(mut socket: Socket, context: &Context, site: &str) {
    let is_there = context.sites.by_key(site).is_some();
    if !is_there || !socket.caller.user.sites.sees(site) {
        return socket.end(close::NOT_FOUND, "no such site").await;
    }
    let session = socket.session();
    let mut feed = context.live.listen();
    let mut pings = tokio::time::interval(PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    let mut next_beat = context.clock.now();
    loop {
        tokio::select! {
            () = context.stop.cancelled() => {
                return socket.end(close::GOING_AWAY, "the appliance stops").await;
            }
            () = context.clock.sleep_until(next_beat) => {
                next_beat = beat_after(context, context.clock.now());
                if !push(&mut socket, context, site).await {
                    return socket.end(close::TOO_SLOW, "too slow").await;
                }
            }
            message = socket.receive() => {
                if message.is_none() {
                    return;
                }
                heard = Instant::now();
            }
            _ = pings.tick() => {
                // A session that ended by itself tells nobody.
                if context.auth.caller_of(session, None).is_err() {
                    return socket.end(close::SESSION_ENDED, "the session has ended").await;
                }
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

fn beat_after(context: &Context, now: Timestamp) -> Timestamp {
    let every_ms = context.options.dashboard_every_ms;
    now.floor_to(every_ms).plus_ms(every_ms)
}

async fn push(socket: &mut Socket, context: &Context, site: &str) -> bool {
    let Some(site) = context.sites.by_key(site) else {
        return false;
    };
    match metrics_of(context, &site).await {
        Ok(metrics) => match serde_json::to_string(&metrics) {
            Ok(text) => socket.send(text).await,
            Err(_) => true,
        },
        Err(error) => {
            tracing::error!(%error, "the figures of the site could not be read");
            true
        }
    }
}

//! A door for `indusmind support` to the appliance that runs: a socket in its data directory.
//!
//! Promises: only who the appliance runs as, and root, is let in; it takes no orders, it only
//! hands the support file out, with the frames of the lines; who had it is written down.

use super::Context;
use super::support::make;
use crate::store::audit::Actor;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};

/// The name of the socket in the data directory.
pub const DOOR: &str = "support.sock";
/// How long somebody may take to take the file.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// A pause when no connection can be taken.
const PAUSE: Duration = Duration::from_millis(500);

/// Hands the support file out until the appliance stops.
pub async fn keep_support_door(context: Context) {
    let place = context.store.path().join(DOOR);
    let _ = std::fs::remove_file(&place);
    let door = UnixListener::bind(&place).and_then(|door| {
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o600))?;
        Ok(door)
    });
    let door = match door {
        Ok(door) => door,
        Err(error) => {
            tracing::warn!(%error, "indusmind support cannot ask this appliance while it runs");
            return;
        }
    };
    let owner = std::fs::metadata(&place).map(|about| about.uid()).ok();
    let stop = context.stop.clone();
    let open = async {
        loop {
            let Ok((stream, _)) = door.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let who = stream.peer_cred().map(|who| who.uid()).ok();
            if who.is_some_and(|who| who == 0 || Some(who) == owner) {
                // One at a time: a file takes memory while it is made.
                let handed = tokio::time::timeout(TAKEN_WITHIN, hand_out(&context, stream));
                if !matches!(handed.await, Ok(Ok(()))) {
                    tracing::debug!("nobody took the support file");
                }
            }
        }
    };
    stop.run_until_cancelled(open).await;
    remove(&place);
}

fn remove(place: &Path) {
    let _ = std::fs::remove_file(place);
}

async fn hand_out(context: &Context, mut stream: UnixStream) -> std::io::Result<()> {
    let content = make(context, Actor::console(), true).await;
    let text = match content {
        Ok(content) => content.to_string(),
        Err(error) => serde_json::json!({ "error": error.to_string() }).to_string(),
    };
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

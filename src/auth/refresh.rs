//! Staying signed in: a refresh token is exchanged for its successor.

use super::login::SignedIn;
use super::session::Refresh;
use super::{Auth, SESSIONS, unauthenticated};
use crate::base::Result;
use crate::base::secret::token_hash;
use crate::store::audit::{self, Actor};
use std::net::IpAddr;

impl Auth {
    /// Uses a refresh token: a new access token and the next refresh token.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when it belongs to no live session. A token that was used
    /// long before ends its session: somebody has a copy.
    pub async fn refresh(&self, refresh_token: &str, address: Option<IpAddr>) -> Result<SignedIn> {
        let hash = token_hash(refresh_token);
        let _turn = self.changing.lock().await;
        let now = self.clock.now();
        let (mut session, user) = {
            let known = self.read();
            let session = known
                .sessions
                .values()
                .find(|session| session.knows(&hash))
                .cloned();
            let session = session.ok_or_else(unauthenticated)?;
            let user = known
                .users
                .get(&session.user)
                .filter(|user| user.active)
                .cloned();
            (session, user.ok_or_else(unauthenticated)?)
        };
        self.renew_keys(now).await?;
        match session.refresh(&hash, now)? {
            Refresh::Goes { token, changed } => {
                if changed {
                    let stored = session.clone();
                    self.store
                        .write(move |tx| SESSIONS.put(tx, stored.id.as_bytes(), &stored))
                        .await?;
                    self.write().sessions.insert(session.id, session.clone());
                }
                self.signed_in(&user, &session, token)
            }
            ended @ (Refresh::Reused | Refresh::Over) => {
                let action = if ended == Refresh::Over {
                    "auth.session_expired"
                } else {
                    "auth.refresh_reused"
                };
                let (id, address) = (session.id, address.map(|address| address.to_string()));
                self.store
                    .write(move |transaction| {
                        SESSIONS.remove(transaction, id.as_bytes())?;
                        let sites = user.reach();
                        let actor = Actor {
                            user: Some(user.id),
                            name: user.email,
                            address,
                        };
                        let resource = format!("session/{id}");
                        let nothing = serde_json::json!({});
                        let object = audit::about(&resource).of_all(sites.named());
                        audit::append(transaction, now, &actor, action, object, nothing)
                    })
                    .await?;
                self.forget_session(id);
                Err(unauthenticated())
            }
        }
    }
}

//! Sessions as a list: one's own, and everybody's for an administrator.

use super::{Auth, Caller, Permission, Reach, SESSIONS, SessionView, UserRecord};
use crate::base::{Error, Result, SessionId, Timestamp};
use crate::store::{audit, operations};
use std::net::IpAddr;

impl Auth {
    /// Sessions that are alive, the last used first: the caller's own, or all of those whose users
    /// reach no more than he does.
    #[must_use]
    pub fn sessions(&self, caller: &Caller, all: bool) -> Vec<SessionView> {
        let now = self.clock.now();
        let known = self.read();
        let alive = known
            .sessions
            .values()
            .filter(|session| !session.is_over(now) && (all || session.user == caller.user.id));
        let mut shown: Vec<_> = alive
            .filter_map(|session| {
                let user = known.users.get(&session.user)?;
                caller.user.sites.covers(&user.reach()).then_some(())?;
                Some(SessionView {
                    id: session.id,
                    user_id: session.user,
                    email: user.email.clone(),
                    address: session.address.clone(),
                    agent: session.agent.clone(),
                    remember: session.remember,
                    created_at: session.created_at,
                    last_used_at: session.last_used_at,
                    current: session.id == caller.session,
                })
            })
            .collect();
        shown.sort_by_key(|session| std::cmp::Reverse((session.last_used_at, session.id)));
        shown
    }

    /// From where living sessions were last used, and when: after a restart they find their places
    /// at the edge again.
    #[must_use]
    pub fn addresses_in_use(&self) -> Vec<(IpAddr, Timestamp)> {
        let now = self.clock.now();
        let known = self.read();
        let alive = known.sessions.values().filter(|s| !s.is_over(now));
        alive
            .filter_map(|session| {
                let address = session.address.as_ref()?.parse().ok()?;
                Some((address, session.last_used_at))
            })
            .collect()
    }

    /// Ends a session: one's own, or anybody's for who manages users. Its tokens and sockets are
    /// worth nothing from then on.
    ///
    /// # Errors
    /// When there is none that the caller may end.
    pub async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<()> {
        let may_all = caller.user.role_key.may(Permission::UsersManage);
        let found = {
            let known = self.read();
            let session = known.sessions.get(&id);
            let user = session.and_then(|session| known.users.get(&session.user));
            user.map(|user| (user.id, caller.user.sites.covers(&user.reach())))
        };
        // Another one's session is not there for him.
        found
            .filter(|(user, covered)| *user == caller.user.id || (may_all && *covered))
            .ok_or_else(|| Error::not_found("session", id))?;
        self.end_sessions(caller, vec![id]).await.map(drop)
    }

    /// Ends every other session of the caller; how many there were.
    ///
    /// # Errors
    /// When the disk refuses; then they go on.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<usize> {
        let others = self.sessions_of(caller.user.id, Some(caller.session));
        self.end_sessions(caller, others).await
    }

    /// Ends the sessions that were not used for this long, ms, of everybody whom the caller manages;
    /// how many there were.
    ///
    /// # Errors
    /// When the disk refuses; then they go on.
    pub async fn end_unused_sessions(&self, caller: &Caller, unused_ms: i64) -> Result<usize> {
        let now = self.clock.now();
        let unused: Vec<_> = {
            let known = self.read();
            let old = known.sessions.values().filter(|session| {
                let user = known.users.get(&session.user);
                let his = user.is_none_or(|user| caller.user.sites.covers(&user.reach()));
                let unused = now.since_ms(session.last_used_at) > unused_ms;
                his && unused && session.id != caller.session
            });
            old.map(|session| session.id).collect()
        };
        let (actor, count) = (caller.actor(), unused.len());
        let ended = self.end_sessions(caller, unused).await?;
        let noted = self.store.write(move |transaction| {
            let details = serde_json::json!({ "deleted": count });
            operations::append(transaction, now, &actor, "sessions.cleanup", details)
        });
        noted.await?;
        Ok(ended)
    }

    async fn end_sessions(&self, caller: &Caller, ended: Vec<SessionId>) -> Result<usize> {
        let _turn = self.changing.lock().await;
        let (actor, now) = (caller.actor(), self.clock.now());
        let gone: Vec<_> = {
            let known = self.read();
            let reach_of = |id| {
                let user = known.sessions.get(id).map(|session| session.user);
                user.and_then(|user| known.users.get(&user))
                    .map(UserRecord::reach)
            };
            ended.iter().map(|id| (*id, reach_of(id))).collect()
        };
        self.store
            .write(move |transaction| {
                for (session, reach) in gone {
                    SESSIONS.remove(transaction, session.as_bytes())?;
                    let resource = format!("session/{session}");
                    let (action, nothing) = ("auth.session_ended", serde_json::json!({}));
                    let sites = reach.iter().flat_map(Reach::named);
                    let object = audit::about(&resource).of_all(sites);
                    audit::append(transaction, now, &actor, action, object, nothing)?;
                }
                Ok(())
            })
            .await?;
        let count = ended.len();
        for session in ended {
            self.forget_session(session);
        }
        Ok(count)
    }
}

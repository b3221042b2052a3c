//! Wrong codes of who is in, or was given one: each is an entry of the audit log, as a wrong
//! password is, which identity notes itself because it counts it.

use super::Context;
use crate::auth::Reach;
use crate::base::{Error, ErrorKind, Result};
use crate::store::audit::{self, Actor};
use serde_json::json;

/// What was wrong.
#[derive(Clone, Copy)]
pub enum Secret {
    /// A code of his app, in this field.
    Code(&'static str),
    /// A one-time code of an administrator.
    OneTimeCode,
}

impl Secret {
    fn is_wrong(self, error: &Error) -> bool {
        match self {
            Self::Code(field) => {
                error.kind == ErrorKind::Invalid && error.fields.iter().any(|f| f.path == field)
            }
            Self::OneTimeCode => error.kind == ErrorKind::Unauthenticated,
        }
    }
}

/// Hands a result on; a wrong secret is noted first.
///
/// # Errors
/// What the result was, or that it could not be noted.
pub async fn noted<T>(
    context: &Context,
    actor: Actor,
    secret: Secret,
    result: Result<T>,
) -> Result<T> {
    let Err(error) = &result else {
        return result;
    };
    if secret.is_wrong(error) {
        let now = context.clock.now();
        let resource = actor
            .user
            .map_or_else(|| "user".to_owned(), |id| format!("user/{id}"));
        let account = actor.user.and_then(|id| context.auth.account(id).ok());
        let reach = account.map(|account| account.user.sites);
        context
            .store
            .write(move |transaction| {
                let sites = reach.iter().flat_map(Reach::named);
                audit::append(
                    transaction,
                    now,
                    &actor,
                    "auth.code_refused",
                    audit::about(&resource).of_all(sites),
                    json!({}),
                )
            })
            .await?;
    }
    result
}

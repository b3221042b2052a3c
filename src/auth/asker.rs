//! Who is asking where programs are let in, too: a person in a session, or an API token.

use super::{ApiToken, Caller, Permission, Reach};
use crate::base::{Error, ErrorKind, Result};

/// Somebody who was let in.
#[derive(Clone, Debug)]
pub enum Asker {
    /// A person in a session.
    Person(Caller),
    /// A program with an API token.
    Program(ApiToken),
}

impl Asker {
    /// Nothing when he may do this.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] when he may not.
    pub fn require(&self, permission: Permission) -> Result<()> {
        match self {
            Self::Person(caller) => caller.require(permission),
            Self::Program(token) => {
                let reaches = |scope: &super::Scope| scope.permission() == permission;
                if token.scopes.iter().any(reaches) {
                    return Ok(());
                }
                let sentence =
                    "The scopes of this API token do not reach this. Make one that does.";
                let name = serde_json::to_value(permission).unwrap_or_default();
                let details = serde_json::json!({ "required_action": name });
                Err(Error::new(ErrorKind::Forbidden, sentence).with_details(details))
            }
        }
    }

    /// The sites that he reaches.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match self {
            Self::Person(caller) => caller.user.sites.clone(),
            Self::Program(token) => Reach::one(&token.site),
        }
    }

    /// Key of his site.
    #[must_use]
    pub fn site(&self) -> &str {
        match self {
            Self::Person(caller) => &caller.user.site,
            Self::Program(token) => &token.site,
        }
    }
}

//! Who people are, for those who write to them: accounts, told to the outbox.

use crate::auth::{Account, AccountState, Auth, Role, User};
use crate::base::{EquipmentId, UserId};
use crate::equipment::Registry;
use crate::notify::{Directory, Person};
use std::sync::Arc;

/// The accounts of this appliance, and its equipment.
pub(super) struct People(pub(super) Arc<Auth>, pub(super) Arc<Registry>);

impl Directory for People {
    fn is_role(&self, role: &str) -> bool {
        Role::parse(role).is_ok()
    }

    fn with_role(&self, role: &str, site: &str) -> Vec<Person> {
        let accounts = self.0.accounts().into_iter();
        accounts
            .filter(|account| {
                let user = &account.user;
                may_sign_in(account) && user.role_key.key() == role && is_of(user, site)
            })
            .map(person)
            .collect()
    }

    fn has_equipment(&self, equipment: EquipmentId, site: Option<&str>) -> bool {
        let found = self.1.get(equipment);
        found.is_ok_and(|found| site.is_none_or(|site| found.site == site))
    }

    fn person(&self, user: UserId) -> Option<Person> {
        let account = self.0.account(user).ok();
        account.filter(may_sign_in).map(person)
    }
}

/// Whether somebody hears of a site: his own, or one that he reaches by its name.
fn is_of(user: &User, site: &str) -> bool {
    user.site == site || user.sites.named().any(|named| named == site)
}

/// Whoever has an account that is in use; one that guesses have closed for a while is one.
fn may_sign_in(account: &Account) -> bool {
    matches!(account.state, AccountState::Active | AccountState::Locked)
}

fn person(account: Account) -> Person {
    Person {
        name: account.user.name,
        email: Some(account.user.email),
        phone: account.user.phone,
        language: account.user.language,
    }
}

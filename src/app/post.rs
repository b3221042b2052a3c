//! What happens to alerts goes to those who should hear of it.

use crate::alerts::{Listener, Occasion, What};
use crate::base::Result;
use crate::notify::Notify;
use crate::store::Transaction;
use std::sync::Arc;

/// The way from the alerts to the outbox.
pub(super) struct Post(pub(super) Arc<Notify>);

impl Listener for Post {
    fn heard(&self, transaction: &Transaction<'_>, occasion: &Occasion) -> Result<()> {
        match occasion.what {
            What::Raised | What::Rose => self.0.raised(transaction, occasion),
            how => self.0.settled(transaction, occasion.alert, how),
        }
    }

    fn committed(&self) {
        self.0.wake();
    }
}

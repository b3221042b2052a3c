//! Excursions as people meet them: listed, and written down why they happened.

use super::excursion::{Excursion, Review};
use super::record::{Text, check_optional, check_text};
use super::service::{Coldchain, Entry};
use super::together::about_cell;
use super::watch::{EXCURSIONS, key_of};
use crate::auth::Reach;
use crate::base::error::Checks;
use crate::base::{CellId, Error, ExcursionId, Result, TimeRange};
use crate::store::audit::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// What somebody writes of an excursion.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// Why it happened.
    #[schema(example = "Door left open during a delivery")]
    pub cause: String,
    /// What was done.
    #[schema(example = "Door shut, goods checked with a probe")]
    pub action: String,
    /// What became of the goods.
    #[serde(default)]
    pub goods: Option<String>,
}

/// Most characters of what is written of an excursion.
const TEXT_MAX: usize = 2_000;

impl NewReview {
    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        for (path, text, sentence) in [
            ("cause", &self.cause, "Say why, in 1 to 2000 characters."),
            (
                "action",
                &self.action,
                "Say what was done, in 1 to 2000 characters.",
            ),
        ] {
            check_text(&mut checks, path, (text, Text::Lines(TEXT_MAX)), sentence);
        }
        let goods = (self.goods.as_ref(), Text::Lines(TEXT_MAX));
        check_optional(&mut checks, "goods", goods);
        checks.finish()
    }
}

impl Coldchain {
    /// Excursions of a cell that touch a range, newest first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn excursions_within(&self, cell: CellId, range: TimeRange) -> Result<Vec<Excursion>> {
        let mut all = self.stored_excursions(cell)?;
        all.retain(|one| {
            one.began_at < range.to && one.ended_at.is_none_or(|end| end >= range.from)
        });
        all.sort_by_key(|one| std::cmp::Reverse((one.began_at, one.id)));
        Ok(all)
    }

    /// Writes down why an excursion happened and what was done; again replaces what was said, and
    /// the audit log keeps both.
    ///
    /// # Errors
    /// When there is none for who reaches this; every refused field; a disk that refuses.
    pub async fn review(
        &self,
        reach: &Reach,
        (cell, id): (CellId, ExcursionId),
        said: NewReview,
        actor: Actor,
    ) -> Result<Excursion> {
        said.check()?;
        self.cell(reach, cell)?;
        let now = self.now();
        let work = move |transaction: &crate::store::Transaction<'_>| {
            let key = [*cell.as_bytes(), *id.as_bytes()].concat();
            let found = EXCURSIONS.get(transaction, &key)?;
            let before = found.ok_or_else(|| Error::not_found("excursion", id))?;
            let mut after = before.clone();
            after.review = Some(Review {
                cause: said.cause.trim().to_owned(),
                action: said.action.trim().to_owned(),
                goods: said.goods,
                by: actor.name.clone(),
                at: now,
            });
            after.updated_at = now;
            EXCURSIONS.put(transaction, &key_of(&after), &after)?;
            let resource = format!("cold_cell/{cell}/excursion/{id}");
            let details = json!({ "before": before.review, "after": after.review });
            let entry = Entry { now, actor: &actor };
            entry.put(
                transaction,
                "coldchain.excursion_review",
                about_cell(transaction, &resource, cell)?,
                details,
            )?;
            Ok(after)
        };
        let after = self.ground.store.write(work).await?;
        if let Some(state) = self.watch.states().get_mut(&cell) {
            state.keep(after.clone());
        }
        Ok(after)
    }
}

//! *pure* — what is asked for, and what somebody may see of what was made.

use super::cold::{Subject, is_cold};
use super::template::Recipe;
use crate::auth::Reach;
use crate::notify::Language;
use serde::Deserialize;
use utoipa::ToSchema;

/// What is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReportOrder)]
pub struct NewReport {
    /// The kind of report.
    pub template: String,
    /// First day on the clock of the site, `2026-10-01`, or an instant; without it the last period
    /// of the template that is over.
    pub from: Option<String>,
    /// First day after.
    pub to: Option<String>,
    /// The language; English when absent.
    #[serde(default)]
    pub language: Language,
    /// What a report of cold cells is about.
    #[serde(default)]
    pub about: Subject,
}

/// Which reports somebody may see.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Key of his site.
    pub site: String,
    /// The sites that he reaches: the reports of their cold cells.
    pub reach: Reach,
    /// Whether he may read what is measured at his site.
    pub readings: bool,
}

impl Sight {
    /// Whether he may see what is made of this.
    #[must_use]
    pub fn sees(&self, recipe: &Recipe) -> bool {
        match is_cold(&recipe.template) {
            true => self.reach.sees(&recipe.site),
            false => self.readings && self.site == recipe.site,
        }
    }
}

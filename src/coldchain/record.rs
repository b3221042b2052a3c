//! *pure* — customers and their locations: what a person says of them, checked, and what is stored.

use crate::base::error::Checks;
use crate::base::{CustomerId, LocationId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const NAME_MAX: usize = 120;
const NOTE_MAX: usize = 2_000;

/// What is said of a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewColdCustomer)]
pub struct NewCustomer {
    /// What he is called.
    #[schema(example = "Medina Foods")]
    pub name: String,
    /// Key of his site, where all that is his lies. One is made for him when absent; who reaches
    /// it, reaches him.
    #[serde(default)]
    #[schema(example = "medina_foods")]
    pub site: Option<String>,
    /// IANA time zone of a site that is made; that of the first site when absent.
    #[serde(default, skip_serializing)]
    #[schema(example = "Africa/Tunis")]
    pub time_zone: Option<String>,
    /// Who is called.
    #[serde(default)]
    pub contact: Option<String>,
    /// Where he is called.
    #[serde(default)]
    pub phone: Option<String>,
    /// Where he is written to.
    #[serde(default)]
    pub email: Option<String>,
    /// Anything else.
    #[serde(default)]
    pub note: Option<String>,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ColdCustomer)]
pub struct Customer {
    /// His id.
    pub id: CustomerId,
    /// Key of his site.
    pub site: String,
    /// What he is called.
    pub name: String,
    /// Who is called.
    pub contact: Option<String>,
    /// Where he is called.
    pub phone: Option<String>,
    /// Where he is written to.
    pub email: Option<String>,
    /// Anything else.
    pub note: Option<String>,
    /// When he was added.
    pub created_at: Timestamp,
    /// When he was last changed.
    pub updated_at: Timestamp,
}

/// What is said of a location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewColdLocation)]
pub struct NewLocation {
    /// Whose it is.
    #[serde(alias = "customerId")]
    pub customer_id: CustomerId,
    /// What it is called.
    #[schema(example = "Warehouse north")]
    pub name: String,
    /// Where it is.
    #[serde(default)]
    pub address: Option<String>,
}

/// A place where cells stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ColdLocation)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Whether a text has something to say and is not too long.
fn text(text: &str, max: usize) -> bool {
    let length = text.trim().chars().count();
    (1..=max).contains(&length) && !text.chars().any(|c| c.is_control() && c != '\n')
}

pub(super) fn check_name(checks: &mut Checks, name: &str) {
    checks.require(
        text(name, NAME_MAX),
        "name",
        "A name of 1 to 120 characters.",
    );
}

pub(super) fn check_optional(checks: &mut Checks, path: &str, value: Option<&String>, max: usize) {
    let fits = value.is_none_or(|value| text(value, max));
    checks.require(fits, path, &format!("1 to {max} characters, or nothing."));
}

impl NewCustomer {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        check_name(&mut checks, &self.name);
        check_optional(&mut checks, "contact", self.contact.as_ref(), NAME_MAX);
        check_optional(&mut checks, "phone", self.phone.as_ref(), NAME_MAX);
        check_optional(&mut checks, "email", self.email.as_ref(), 254);
        check_optional(&mut checks, "note", self.note.as_ref(), NOTE_MAX);
        checks.finish()
    }
}

impl NewLocation {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        check_name(&mut checks, &self.name);
        check_optional(&mut checks, "address", self.address.as_ref(), 300);
        checks.finish()
    }
}

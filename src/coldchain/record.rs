//! *pure* — customers and their locations: what a person says of them, checked, and what is stored.

use crate::auth::is_email;
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
    /// When he was taken out of use with all that is his; `null` while in use.
    #[serde(default)]
    pub retired_at: Option<Timestamp>,
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
    /// When it was taken out of use with all that is there; `null` while in use.
    #[serde(default)]
    pub retired_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a text may be: its most characters, and whether it may have several lines.
#[derive(Clone, Copy)]
pub(super) enum Text {
    Line(usize),
    Lines(usize),
}

/// Refuses a text that says nothing, is too long, or holds what nobody can read and paper cannot
/// show; `sentence` says what it should be.
pub(super) fn check_text(checks: &mut Checks, path: &str, (text, kind): (&str, Text), said: &str) {
    let (max, breaks) = match kind {
        Text::Line(max) => (max, false),
        Text::Lines(max) => (max, true),
    };
    let odd = |(_, c): &(usize, char)| c.is_control() && !(breaks && *c == '\n');
    if let Some((at, c)) = text.chars().enumerate().find(odd) {
        let sentence = format!(
            "Character {} is a control character (U+{:04X}). Take it out.",
            at + 1,
            u32::from(c)
        );
        return checks.refuse(path, sentence);
    }
    let length = text.trim().chars().count();
    checks.require((1..=max).contains(&length), path, said);
}

pub(super) fn check_name(checks: &mut Checks, path: &str, name: &str) {
    let kind = Text::Line(NAME_MAX);
    check_text(checks, path, (name, kind), "A name of 1 to 120 characters.");
}

pub(super) fn check_optional(checks: &mut Checks, path: &str, (value, kind): Optional<'_>) {
    let Some(value) = value else { return };
    let (Text::Line(max) | Text::Lines(max)) = kind;
    let sentence = format!("1 to {max} characters, or nothing.");
    check_text(checks, path, (value, kind), &sentence);
}

pub(super) type Optional<'t> = (Option<&'t String>, Text);

impl NewCustomer {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let line = |value| (Option::as_ref(value), Text::Line(NAME_MAX));
        check_name(&mut checks, "name", &self.name);
        check_optional(&mut checks, "contact", line(&self.contact));
        check_optional(&mut checks, "phone", line(&self.phone));
        let sentence = "Write an address such as name@plant.example.";
        let email = self.email.as_deref().is_none_or(is_email);
        checks.require(email, "email", sentence);
        let note = (self.note.as_ref(), Text::Lines(NOTE_MAX));
        check_optional(&mut checks, "note", note);
        checks.finish()
    }
}

impl NewLocation {
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        check_name(&mut checks, "name", &self.name);
        let address = (self.address.as_ref(), Text::Lines(300));
        check_optional(&mut checks, "address", address);
        checks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_read_is_refused_with_its_place() {
        let customer = NewCustomer {
            name: "Me\u{0}dina".to_owned(),
            site: None,
            time_zone: None,
            contact: Some("Amel\nBen".to_owned()),
            phone: Some("+216\t50".to_owned()),
            email: Some("amel".to_owned()),
            note: Some("Two\nlines\u{7}".to_owned()),
        };
        let refused = customer.check().unwrap_err().fields;
        let said: Vec<_> = (refused.iter())
            .map(|field| (field.path.as_str(), field.message.as_str()))
            .collect();
        let odd = |at: usize, code: &str| {
            format!("Character {at} is a control character (U+{code}). Take it out.")
        };
        assert_eq!(
            said,
            [
                ("name", odd(3, "0000").as_str()),
                ("contact", odd(5, "000A").as_str()),
                ("phone", odd(5, "0009").as_str()),
                ("email", "Write an address such as name@plant.example."),
                ("note", odd(10, "0007").as_str()),
            ]
        );
        let place = NewLocation {
            customer_id: CustomerId::new(),
            name: "North".to_owned(),
            address: Some("Rue 1\nTunis".to_owned()),
        };
        assert!(place.check().is_ok());
    }
}

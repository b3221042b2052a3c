//! Tariffs of public sheets to start from, as they travel inside the binary.

use super::tariff::Rules;
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const EXAMPLES: [&str; 3] = [
    include_str!("../../assets/tariffs/tn-steg-mv-four-periods.json"),
    include_str!("../../assets/tariffs/fr-turpe-7-hta-long-use.json"),
    include_str!("../../assets/tariffs/us-al-fd-d-ratchet.json"),
];

/// A tariff of a public sheet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TariffExample {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// ISO 3166 code of its country.
    pub country: String,
    /// The time zone in which its hours are told.
    pub time_zone: String,
    /// From when its prices held.
    pub valid_from: String,
    /// The month of the source.
    pub dated: String,
    /// Where the figures come from, and what is not in them.
    pub source: String,
    /// The rules.
    pub rules: Rules,
}

/// The examples.
///
/// # Errors
/// Never in practice: a test reads and checks them.
pub fn tariff_examples() -> Result<Vec<TariffExample>> {
    let read = |text: &&str| {
        serde_json::from_str(text)
            .map_err(|cause| Error::internal("An example tariff cannot be read.").because(cause))
    };
    EXAMPLES.iter().map(read).collect()
}

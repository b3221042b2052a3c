//! *pure* — what a site may want: targets of a day, and how the page greets those who chose nothing.

use crate::base::error::Checks;
use crate::base::{EquipmentId, Metric};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a site may want, each or nothing of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteWishes {
    /// Energy that a day is to need at most, kWh, a decimal.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "1200")]
    pub target_kwh_per_day: Option<Decimal>,
    /// What the energy of a day is to cost at most, in the currency, a decimal.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "350")]
    pub target_cost_per_day: Option<Decimal>,
    /// The language of the page for those who chose none; `null` for that of their browser.
    #[serde(default)]
    pub language: Option<PageLanguage>,
    /// How the page looks for those who did not choose; `null` for as their system is set.
    #[serde(default)]
    pub theme: Option<PageTheme>,
    /// Whether an alert tells that the running demand window will pass the contracted power of the
    /// tariff; `true` when absent.
    #[serde(default = "yes")]
    pub demand_alert: bool,
    /// Which input gives the pulse of the utility's meter that ends its demand windows; `null` when
    /// the windows follow the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand_pulse: Option<DemandPulse>,
}

/// An input that tells the end of each demand window of the utility: a counter of its pulses, or a
/// contact that closes for longer than the input is read apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandPulse {
    /// Which equipment reads it.
    pub equipment: EquipmentId,
    /// As which quantity.
    #[schema(example = "sync_pulse_count")]
    pub metric: Metric,
}

const fn yes() -> bool {
    true
}

impl Default for SiteWishes {
    fn default() -> Self {
        Self {
            target_kwh_per_day: None,
            target_cost_per_day: None,
            language: None,
            theme: None,
            demand_alert: true,
            demand_pulse: None,
        }
    }
}

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageLanguage {
    /// English.
    En,
    /// French.
    Fr,
    /// Arabic.
    Ar,
}

/// How the page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageTheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Largest target, kWh or currency.
const TARGET_MAX: i64 = 1_000_000_000;

impl SiteWishes {
    pub(super) fn check(&self, checks: &mut Checks) {
        for (path, target) in [
            ("target_kwh_per_day", self.target_kwh_per_day),
            ("target_cost_per_day", self.target_cost_per_day),
        ] {
            let holds = |t: Decimal| t > Decimal::ZERO && t <= Decimal::from(TARGET_MAX);
            let sentence = "A target above 0, 1000000000 at most; none at all when there is none.";
            checks.require(target.is_none_or(holds), path, sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_target_is_above_zero_and_a_word_that_nobody_knows_is_refused() {
        let refused = |wishes: serde_json::Value| -> Vec<String> {
            let wishes: SiteWishes = serde_json::from_value(wishes).unwrap();
            let mut checks = Checks::default();
            wishes.check(&mut checks);
            let error = checks.finish().err();
            let fields = error.map(|error| error.fields).unwrap_or_default();
            fields.into_iter().map(|field| field.path).collect()
        };
        assert!(refused(json!({ "target_kwh_per_day": "1200.5", "language": "ar" })).is_empty());
        let both = json!({ "target_kwh_per_day": "0", "target_cost_per_day": "-1" });
        let paths = ["target_kwh_per_day", "target_cost_per_day"];
        assert_eq!(refused(both), paths);
        for wrong in [
            json!({ "language": "de" }),
            json!({ "theme": "pink" }),
            json!({ "a": 1 }),
        ] {
            assert!(serde_json::from_value::<SiteWishes>(wrong).is_err());
        }
    }
}

//! *pure* — why a line of a bill is as it is: a code with the figures that it speaks of, for a page
//! that says it in its own language, and the same as a sentence in English.

use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BillReason)]
pub struct Reason {
    /// Which one: `energy_period`.
    #[schema(value_type = String)]
    pub code: &'static str,
    /// What it speaks of, by name: decimals, and the instant of a window.
    #[schema(value_type = BTreeMap<String, String>)]
    pub values: BTreeMap<&'static str, String>,
    /// The same in English.
    pub sentence: String,
}

/// Every reason in English. The page has the same codes (`energy.reason` of its words).
const SENTENCES: &[(&str, &str)] = &[
    (
        "energy_period",
        "The meters counted {all} kWh in this period.",
    ),
    ("energy_tier", "Of {all} kWh those from {from} to {to}."),
    ("energy_above", "Of {all} kWh those above {from}."),
    ("each_kwh", "For each kWh of all periods."),
    ("days", "{days} days."),
    ("month", "The month."),
    ("part_of_month", "{days} of {of} days."),
    ("twelfth", "A twelfth of the year."),
    (
        "ordered_weighted",
        "The ordered power by its weights: {kw} kW.",
    ),
    ("ordered", "Ordered: {kw} kW."),
    (
        "ordered_step",
        "Ordered: {kw} kW, {before} kW of them in the step before.",
    ),
    (
        "weighted_overrun",
        "The peaks by their weights are {called} kW, ordered are {kw} kW.",
    ),
    (
        "root_overrun",
        "{count} windows above the ordered {kw} kW; the root of the sum of their squares.",
    ),
    ("export", "Energy that flowed out; it is paid for."),
    ("peak", "The greatest window, {kw} kW, began {at}."),
    ("no_window", "No window was measured."),
    (
        "ratchet",
        "Billed is {kw} kW: {percent} % of the greatest of the {months} months before.",
    ),
    ("minimum", "Billed is the minimum of {kw} kW."),
    ("band_below", "Below {kw} kW, which is billed."),
    (
        "band_above",
        "Above {kw} kW; what is over counts {factor} times more.",
    ),
    ("band_within", "Between {from} and {to} kW."),
    (
        "reactive_free",
        "Of {reactive} kvarh {free} are free: {ratio} for each kWh.",
    ),
    ("power_factor", "The power factor of the month is {factor}."),
    ("tax", "Percent of the lines it applies to."),
    (
        "month_open",
        "The month is not over: energy and demand are those so far.",
    ),
    (
        "part_priced",
        "On some days of the month no tariff holds; they are not billed.",
    ),
    (
        "as_if",
        "The tariff holds from {day} only; days before are billed as if it had held already.",
    ),
    (
        "windows_missing",
        "{count} demand windows were not measured in full; a peak may be missing.",
    ),
    (
        "windows_estimated",
        "{count} demand windows are estimated: a meter was read less often than they are long, was \
         silent or was corrected, and its energy is shared out by time.",
    ),
    (
        "windows_told",
        "Demand windows by the pulse of the utility: {pulse}; in its beat where a pulse was missing: {held}; by the clock: {clock}.",
    ),
];

impl Reason {
    /// A reason with the figures that it speaks of.
    pub(super) fn of(code: &'static str, values: &[(&'static str, Decimal)]) -> Self {
        let values = values
            .iter()
            .map(|(name, value)| (*name, value.to_string()));
        Self::with(code, values.collect())
    }

    /// A reason with anything that it speaks of.
    pub(super) fn with(code: &'static str, values: BTreeMap<&'static str, String>) -> Self {
        let known = SENTENCES.iter().find(|(of, _)| *of == code);
        let mut sentence = known.map_or(code, |(_, sentence)| *sentence).to_owned();
        for (name, value) in &values {
            sentence = sentence.replace(&format!("{{{name}}}"), value);
        }
        Self {
            code,
            values,
            sentence,
        }
    }
}

/// What several reasons say together.
pub(super) fn told(reasons: &[Reason]) -> String {
    let sentences: Vec<&str> = reasons.iter().map(|of| of.sentence.as_str()).collect();
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_that_is_given_has_a_sentence_and_the_words_of_the_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut given = Vec::new();
        for file in [
            "bill.rs",
            "bill_lines.rs",
            "bill_power.rs",
            "bill_reading.rs",
        ] {
            let text = std::fs::read_to_string(folder.join("src/energy").join(file)).unwrap();
            for start in ["Reason::of(", "Reason::with("] {
                let codes = text.split(start).skip(1);
                given.extend(codes.map(|rest| rest.split('"').nth(1).unwrap().to_owned()));
            }
        }
        given.sort();
        given.dedup();
        let mut known: Vec<_> = SENTENCES
            .iter()
            .map(|(code, _)| (*code).to_owned())
            .collect();
        known.sort();
        assert_eq!(given, known);
        let parts = |text: &str| {
            let mut names: Vec<_> = text
                .split('{')
                .skip(1)
                .map(|part| part.split('}').next().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        for language in ["en", "fr", "ar"] {
            let file = format!("frontend/src/words/{language}/energy.json");
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            let words: serde_json::Value = serde_json::from_str(&text).unwrap();
            let words = words["energy"]["reason"].as_object().unwrap();
            assert_eq!(words.len(), SENTENCES.len(), "{language}");
            for (code, sentence) in SENTENCES {
                let said = words[*code].as_str().unwrap();
                assert_eq!(parts(said), parts(sentence), "{language} {code}");
            }
        }
    }

    #[test]
    fn a_sentence_holds_its_figures() {
        let reason = Reason::of("days", &[("days", Decimal::from(31))]);
        assert_eq!(reason.sentence, "31 days.");
        assert_eq!(told(&[reason.clone(), reason]), "31 days. 31 days.");
    }
}

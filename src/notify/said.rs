//! *pure* — what is said of an alert, as facts that every language has words for.
//!
//! The sentences are those of the page (`frontend/src/words`), so that a letter and the screen say the
//! same. A record keeps the facts; who reads it, reads them in his language.

use super::language::Language;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::ToSchema;

const SAID: [&str; 3] = [
    include_str!("../../frontend/src/words/en/said.json"),
    include_str!("../../frontend/src/words/fr/said.json"),
    include_str!("../../frontend/src/words/ar/said.json"),
];
const READINGS: [&str; 3] = [
    include_str!("../../frontend/src/words/en/readings.json"),
    include_str!("../../frontend/src/words/fr/readings.json"),
    include_str!("../../frontend/src/words/ar/readings.json"),
];
/// What stands in front of the keys of the names of rules.
const RULE: &str = "said.rule.";

/// The words of one language, by their keys.
type Words = BTreeMap<String, String>;

/// What is compiled in does not change.
static WORDS: LazyLock<[Words; 3]> = LazyLock::new(|| {
    [0, 1, 2].map(|language: usize| {
        let mut words = Words::new();
        for file in [SAID[language], READINGS[language]] {
            // A test reads all of them: what is compiled in is JSON.
            flatten(
                "",
                &serde_json::from_str(file).unwrap_or_default(),
                &mut words,
            );
        }
        words
    })
});

fn flatten(prefix: &str, value: &serde_json::Value, into: &mut Words) {
    match value {
        serde_json::Value::String(text) => {
            into.insert(prefix.to_owned(), text.clone());
        }
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{key}"), value, into);
            }
        }
        _ => {}
    }
}

fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &WORDS[0],
        Language::Fr => &WORDS[1],
        Language::Ar => &WORDS[2],
    }
}

/// A sentence about an alert: which one, and what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertSaid)]
pub struct Said {
    /// Which sentence: `threshold`, `disk`, `too_warm`.
    pub code: String,
    /// Numbers with their units, with a point and without groups: `1234.5 kW`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, String>,
    /// Names as people gave them, and the keys of words that each language has: `metric`,
    /// `operator`, `rule`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
}

/// How a sentence is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hand {
    /// In English, with the names and numbers that programs read.
    Plain,
    /// As people of a language write.
    Of(Language),
    /// As it is sent as plain text, which has no other means to say where a name ends.
    Sent(Language),
}

impl Said {
    /// The sentence of a code.
    #[must_use]
    pub fn of(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            ..Self::default()
        }
    }

    /// With a number, as `1234.5 kW`.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // a number or a text, as it is at hand
    pub fn number(mut self, key: &str, text: impl ToString) -> Self {
        self.numbers.insert(key.to_owned(), text.to_string());
        self
    }

    /// With a name, or the key of a word.
    #[must_use]
    pub fn name(mut self, key: &str, text: impl Into<String>) -> Self {
        self.names.insert(key.to_owned(), text.into());
        self
    }

    /// Without the name in front, when that is already told: a sentence about a machine of that name.
    #[must_use]
    pub fn without(&self, told: &str) -> Self {
        let mut said = self.clone();
        said.names
            .retain(|key, name| key != "name" || self.code == "name" || name != told);
        said
    }

    /// In English, as programs know it.
    #[must_use]
    pub fn plain(&self) -> String {
        self.written(Hand::Plain)
            .unwrap_or_else(|| self.code.clone())
    }

    /// In a language; nothing when this version does not know the sentence.
    #[must_use]
    pub fn write(&self, language: Language) -> Option<String> {
        self.written(Hand::Of(language))
    }

    /// In a language, to be sent as plain text: names and amounts stand apart where that is needed.
    #[must_use]
    pub fn send(&self, language: Language) -> Option<String> {
        self.written(Hand::Sent(language))
    }

    fn written(&self, hand: Hand) -> Option<String> {
        let words = words(hand.language());
        let sentence = words.get(&format!("said.is.{}", self.code))?;
        let mut parts: BTreeMap<&str, String> = BTreeMap::new();
        for (key, number) in &self.numbers {
            parts.insert(key, hand.apart(&hand.number(number)));
        }
        for (key, name) in &self.names {
            parts.insert(key, hand.apart(name));
        }
        if let Some(metric) = self.names.get("metric") {
            parts.insert("metric", self.metric(metric, hand));
        }
        if let Some(operator) = self.names.get("operator") {
            parts.insert(
                "operator",
                word(words, &format!("said.operator.{operator}")),
            );
        }
        if let (Some(names), Some(_)) = (self.names.get("names"), self.numbers.get("more")) {
            let more = word(words, "said.more");
            let count = parts.get("more").cloned().unwrap_or_default();
            let whole = more.replace("{count}", &count);
            parts.insert("names", whole.replace("{names}", &hand.apart(names)));
        }
        if let Some(name) = self.called(hand.language()) {
            parts.insert("name", hand.apart(&name));
        }
        let said = fill(sentence, &parts);
        if self.code == "name" {
            return Some(said);
        }
        let Some(name) = parts.get("name") else {
            return Some(hand.spaced(&capitalised(&said)));
        };
        let whole = word(words, "said.named").replace("{said}", &said);
        Some(hand.spaced(&whole.replace("{name}", name)))
    }

    /// What stands in front: the name of the rule or of the cold cell.
    fn called(&self, language: Language) -> Option<String> {
        let name = self.names.get("name").cloned();
        let Some(rule) = self.names.get("rule") else {
            return name;
        };
        rule_name(language, rule, self.names.get("phase").map(String::as_str)).or(name)
    }

    /// The quantity in the middle of a sentence: `voltage L1`.
    fn metric(&self, metric: &str, hand: Hand) -> String {
        let own = || metric.replace('_', " ");
        let name = match hand {
            Hand::Plain => own(),
            Hand::Of(language) | Hand::Sent(language) => words(language)
                .get(&format!("metric.{metric}"))
                .map_or_else(own, |name| in_a_sentence(name)),
        };
        match self.names.get("phase") {
            Some(phase) => format!("{name} {phase}"),
            None => name,
        }
    }
}

impl Hand {
    const fn language(self) -> Language {
        match self {
            Self::Plain => Language::En,
            Self::Of(language) | Self::Sent(language) => language,
        }
    }

    fn apart(self, text: &str) -> String {
        match self {
            Self::Sent(language) => language.apart(text),
            Self::Plain | Self::Of(_) => text.to_owned(),
        }
    }

    /// `1234.5 kW` as the language writes it.
    fn number(self, text: &str) -> String {
        let language = match self {
            Self::Plain => return text.to_owned(),
            Self::Of(language) | Self::Sent(language) => language,
        };
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        if number.parse::<f64>().is_err() {
            return text.to_owned();
        }
        let number = language.grouped(number);
        let unit = match unit.split_once('/') {
            Some((unit, per)) => {
                let per_word = words(language).get(&format!("said.per.{per}"));
                format!("{unit}/{}", per_word.map_or(per, String::as_str))
            }
            None => {
                let word = words(language).get(&format!("said.unit.{unit}"));
                word.map_or(language.unit(unit), String::as_str).to_owned()
            }
        };
        match unit.as_str() {
            "" => number,
            unit => format!("{number} {unit}"),
        }
    }

    /// Where French writes a space before a sign, no line may end.
    fn spaced(self, text: &str) -> String {
        match self {
            Self::Of(Language::Fr) | Self::Sent(Language::Fr) => text
                .replace(" :", "\u{a0}:")
                .replace(" ;", "\u{202f};")
                .replace("« ", "«\u{a0}")
                .replace(" »", "\u{a0}»"),
            _ => text.to_owned(),
        }
    }
}

/// What to do about an alert, in a language; nothing when this version does not know the code.
#[must_use]
pub fn advice(language: Language, code: &str) -> Option<String> {
    let text = words(language).get(&format!("said.advice.{code}"))?;
    Some(Hand::Of(language).spaced(text))
}

/// What an alert is about, when that is a part of the appliance: the condition is `appliance/disk`.
#[must_use]
pub fn part(language: Language, condition: &str) -> Option<&'static str> {
    let part = condition.strip_prefix("appliance/")?;
    let name = words(language).get(&format!("said.part.{part}"))?;
    Some(name)
}

/// The key of a rule that still has the name of its template.
#[must_use]
pub fn rule_key(name: &str, phase: Option<&str>) -> Option<&'static str> {
    let rules = words(Language::En).range(RULE.to_owned()..);
    let mut rules = rules.take_while(|(key, _)| key.starts_with(RULE));
    let same = rules.find(|(_, text)| with_phase(text, phase) == name)?;
    same.0.strip_prefix(RULE)
}

/// The code of advice that is still that of the template of a rule.
#[must_use]
pub fn advice_code(text: &str) -> Option<&'static str> {
    let prefix = "said.advice.";
    let all = words(Language::En).range(prefix.to_owned()..);
    let mut all = all.take_while(|(key, _)| key.starts_with(prefix));
    let same = all.find(|(_, known)| *known == text)?;
    same.0.strip_prefix(prefix)
}

fn rule_name(language: Language, key: &str, phase: Option<&str>) -> Option<String> {
    let text = words(language).get(&format!("{RULE}{key}"))?;
    Some(with_phase(text, phase))
}

fn with_phase(text: &str, phase: Option<&str>) -> String {
    match phase {
        Some(phase) => text.replace("{phase}", phase),
        None => text.replace("{phase} ", ""),
    }
}

fn word(words: &Words, key: &str) -> String {
    words.get(key).cloned().unwrap_or_default()
}

/// A sentence with what stands in its braces; what a person named is not looked through again.
fn fill(sentence: &str, parts: &BTreeMap<&str, String>) -> String {
    let mut whole = String::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((key, behind)) = after.split_once('}') else {
            break;
        };
        whole.push_str(before);
        whole.push_str(parts.get(key).map_or("?", String::as_str));
        rest = behind;
    }
    whole.push_str(rest);
    whole
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// `Power` as it stands within a sentence; `DC power` stays.
fn in_a_sentence(name: &str) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(name.chars().skip(1)).collect()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
#[path = "said_tests.rs"]
mod tests;

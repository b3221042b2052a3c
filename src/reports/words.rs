//! *pure* — the words of reports in each language.

use crate::notify::Language;
use std::collections::BTreeMap;

const EN: &str = include_str!("words/en.json");
const FR: &str = include_str!("words/fr.json");
const AR: &str = include_str!("words/ar.json");

/// The words of one language.
#[derive(Clone, Debug)]
pub struct Words {
    /// Which language.
    pub language: Language,
    by_key: BTreeMap<String, String>,
}

impl Words {
    /// The words of this language.
    #[must_use]
    pub fn of_language(language: Language) -> Self {
        let text = match language {
            Language::En => EN,
            Language::Fr => FR,
            Language::Ar => AR,
        };
        Self {
            language,
            // A test reads all three: what is compiled in is JSON.
            by_key: serde_json::from_str(text).unwrap_or_default(),
        }
    }

    /// The word of a key; the key itself where there is none, which a test rules out.
    #[must_use]
    pub fn of<'a>(&'a self, key: &'a str) -> &'a str {
        self.by_key.get(key).map_or(key, String::as_str)
    }

    /// The sentence of a key with what stands in its braces filled in.
    #[must_use]
    pub fn with(&self, key: &str, parts: &[(&str, &str)]) -> String {
        let mut sentence = self.of(key).to_owned();
        for (name, value) in parts {
            sentence = sentence.replace(&format!("{{{name}}}"), value);
        }
        sentence
    }

    /// Words one after another, with the comma of the language.
    #[must_use]
    pub fn list<S: AsRef<str>>(&self, words: &[S]) -> String {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        words.join(if self.is_rtl() { "، " } else { ", " })
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub fn is_rtl(&self) -> bool {
        self.language == Language::Ar
    }

    /// The tag of the language: `en`.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self.language {
            Language::En => "en",
            Language::Fr => "fr",
            Language::Ar => "ar",
        }
    }
}

/// What is said of a template in every language, by the tag of the language.
#[must_use]
pub fn template_about(what: &str, template: &str) -> BTreeMap<String, String> {
    let all = [Language::En, Language::Fr, Language::Ar];
    let said = all.map(|language| {
        let words = Words::of_language(language);
        let text = words.of(&format!("{what}.{template}")).to_owned();
        (words.tag().to_owned(), text)
    });
    said.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The parts of a sentence that are filled in.
    fn braces(text: &str) -> BTreeSet<&str> {
        let parts = text.split('{').skip(1);
        parts.filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn every_language_has_every_word_with_the_same_parts() {
        let english = Words::of_language(Language::En);
        assert!(english.by_key.len() > 60);
        for language in [Language::Fr, Language::Ar] {
            let words = Words::of_language(language);
            let keys = |words: &Words| words.by_key.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&english), keys(&words), "{language:?}");
            for (key, text) in &english.by_key {
                let other = words.of(key);
                assert!(!other.trim().is_empty(), "{language:?} {key}");
                assert_eq!(braces(text), braces(other), "{language:?} {key}");
            }
        }
    }

    #[test]
    fn every_word_that_is_asked_for_is_there() {
        let words = Words::of_language(Language::En);
        let rooms = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut asked = BTreeSet::new();
        // The pages of cold cells are made in the room that knows them.
        let folders = ["reports", "coldchain"].map(|room| rooms.join(room));
        let entries = folders
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).unwrap());
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|ending| ending != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for start in [
                "w.of(\"",
                "w.with(\"",
                "words.of(\"",
                "words.with(\"",
                "pen.word(\"",
                "self.word(\"",
            ] {
                for part in text.split(start).skip(1) {
                    asked.insert(part.split('"').next().unwrap().to_owned());
                }
            }
        }
        asked.retain(|key| !key.is_empty() && key.contains('.') && !key.contains('{'));
        assert!(asked.len() > 40, "{asked:?}");
        for key in asked {
            assert!(words.by_key.contains_key(&key), "{key} has no words");
        }
    }
}

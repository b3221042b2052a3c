//! *pure* — what a line of a bill is called: by its tariff, or where no tariff names it by a code that
//! every language has a word for.

use serde::Serialize;
use utoipa::ToSchema;

/// What a line is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BillLabel)]
pub struct Label {
    /// Which line that no tariff names: `export`, `reactive`, `power_factor`.
    #[schema(value_type = Option<String>)]
    pub code: Option<&'static str>,
    /// Its name in the tariff; in English where that names none.
    pub name: String,
    /// The version of the tariff, where several hold in the month.
    pub version: Option<u32>,
}

/// The lines that no tariff names, in English, French and Arabic. The page has the same words
/// (`energy.lineName`).
const NAMES: &[(&str, [&str; 3])] = &[
    ("export", ["Export", "Injection", "التصدير"]),
    (
        "reactive",
        ["Reactive energy", "Énergie réactive", "الطاقة غير الفعالة"],
    ),
    (
        "power_factor",
        ["Power factor", "Facteur de puissance", "معامل القدرة"],
    ),
];

impl Label {
    /// A line that the tariff names.
    pub(super) const fn named(name: String, version: Option<u32>) -> Self {
        Self {
            code: None,
            name,
            version,
        }
    }

    /// A line that no tariff names.
    pub(super) fn coded(code: &'static str) -> Self {
        let known = NAMES.iter().find(|(of, _)| *of == code);
        Self {
            code: Some(code),
            name: known.map_or(code, |(_, names)| names[0]).to_owned(),
            version: None,
        }
    }

    /// As one text, in English.
    pub(super) fn text(&self) -> String {
        match self.version {
            Some(version) => format!("{} (version {version})", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether a text names this line, in any language; with its version, where it has one, when
    /// that is asked for.
    pub(super) fn is_meant(&self, text: &str, with_version: bool) -> bool {
        let known = NAMES.iter().find(|(of, _)| Some(*of) == self.code);
        let others = known.map(|(_, names)| names.as_slice()).unwrap_or_default();
        let mut names = std::iter::once(self.name.as_str()).chain(others.iter().copied());
        let said = word(text);
        names.any(|name| {
            let Some(rest) = said.strip_prefix(&word(name)) else {
                return false;
            };
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            match self.version {
                Some(version) if with_version => digits == version.to_string(),
                _ => rest.is_empty(),
            }
        })
    }
}

/// A name without what people write differently.
fn word(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_same_names() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for (at, language) in ["en", "fr", "ar"].into_iter().enumerate() {
            let file = format!("frontend/src/words/{language}/energy.json");
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            let words: serde_json::Value = serde_json::from_str(&text).unwrap();
            let words = words["energy"]["lineName"].as_object().unwrap();
            assert_eq!(words.len(), NAMES.len(), "{language}");
            for (code, names) in NAMES {
                assert_eq!(words[*code], names[at], "{language} {code}");
            }
        }
    }

    #[test]
    fn a_line_is_known_by_its_name_in_any_language_and_by_its_version() {
        let export = Label::coded("export");
        assert!(export.is_meant("EXPORT", true) && export.is_meant("التصدير", true));
        assert!(!export.is_meant("Exportation", true));
        let second = Label::named("Jour".to_owned(), Some(2));
        assert_eq!(second.text(), "Jour (version 2)");
        assert!(second.is_meant("jour (version 2)", true));
        assert!(second.is_meant("Jour (الإصدار 2)", true));
        assert!(!second.is_meant("Jour (version 12)", true));
        assert!(!second.is_meant("Jour", true) && second.is_meant("Jour", false));
    }
}

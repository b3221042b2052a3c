//! *pure* — what the launcher says on its page, in which language; in English it goes into the log.

use super::speech::{ARABIC, FRENCH};
pub use super::speech::{ENGLISH, Words};

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
    /// Arabic.
    Arabic,
}

impl Language {
    /// All of them, as they are offered.
    pub const ALL: [Self; 3] = [Self::English, Self::French, Self::Arabic];

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Arabic => "ar",
        }
    }

    /// Its own name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
            Self::Arabic => "العربية",
        }
    }

    /// Where its lines begin.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::French => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// Its words.
    #[must_use]
    pub const fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
            Self::Arabic => &ARABIC,
        }
    }

    /// The language of a tag: `fr`, `fr-TN`, `FR`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(first))
    }

    /// The one that a browser likes best (`Accept-Language`, RFC 9110, 12.5.4); English when it
    /// likes none.
    #[must_use]
    pub fn preferred(header: &str) -> Self {
        let mut best = (0.0, Self::English);
        for part in header.split(',') {
            let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
            let weight = rest.trim().strip_prefix("q=");
            let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            if let Some(language) = Self::of_tag(tag)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// A step of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The new version is looked at.
    Checking,
    /// The data is copied for it.
    Copying,
    /// It looks at the copy.
    Trying,
}

impl Step {
    /// For programs.
    const fn name(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Copying => "copying",
            Self::Trying => "trying",
        }
    }
}

/// Why nothing runs, or why a way out of that was not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Neither of the boot records in this place can be read.
    NoRecord(String),
    /// The disk does not keep the boot record.
    Disk(String),
    /// A binary cannot be read.
    Unreadable {
        /// Which.
        path: String,
        /// What the system says.
        error: String,
    },
    /// A binary is another than was installed.
    Changed {
        /// Which.
        path: String,
        /// What it ought to be.
        version: String,
    },
    /// It could not be started.
    NotStarted(String),
    /// It ended.
    Ended(String),
    /// It gave no sign of life any more.
    Silent,
    /// It never was ready.
    NotReady,
    /// There is no version before.
    NothingBefore,
    /// What was restored cannot be used.
    Restored(String),
}

impl Why {
    /// In a language; what stands in it that nobody translates is handed to `apart` first.
    #[must_use]
    pub fn say(&self, words: &Words, apart: impl Fn(&str) -> String) -> String {
        let (sentence, inside): (&str, &[(&str, &str)]) = match self {
            Self::NoRecord(path) => (words.no_record, &[("{path}", path)]),
            Self::Disk(error) => (words.disk, &[("{error}", error)]),
            Self::Unreadable { path, error } => {
                (words.unreadable, &[("{path}", path), ("{error}", error)])
            }
            Self::Changed { path, version } => {
                (words.changed, &[("{path}", path), ("{version}", version)])
            }
            Self::NotStarted(error) => (words.not_started, &[("{error}", error)]),
            Self::Ended(error) => (words.ended, &[("{error}", error)]),
            Self::Silent => (words.silent, &[]),
            Self::NotReady => (words.not_ready, &[]),
            Self::NothingBefore => (words.nothing_before, &[]),
            Self::Restored(error) => (words.restored, &[("{error}", error)]),
        };
        inside
            .iter()
            .fold(sentence.to_owned(), |text, (name, value)| {
                text.replace(name, &apart(value))
            })
    }

    /// For the log.
    #[must_use]
    pub fn plain(&self) -> String {
        self.say(&ENGLISH, str::to_owned)
    }
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Face {
    /// An update is under way.
    Working {
        /// What is being done.
        step: Step,
        /// How far that is, %.
        percent: u8,
    },
    /// Nothing runs.
    Rescue {
        /// Why.
        why: Why,
        /// What was said last.
        lines: Vec<String>,
        /// The version that ran before, when it and its data are there.
        previous: Option<String>,
    },
}

impl Face {
    /// For programs, as JSON; the page reads how far an update is.
    #[must_use]
    pub fn status(&self) -> String {
        match self {
            Self::Working { step, percent } => {
                let step = step.name();
                format!("{{\"status\":\"updating\",\"step\":\"{step}\",\"percent\":{percent}}}")
            }
            Self::Rescue { .. } => "{\"status\":\"rescue\"}".to_owned(),
        }
    }

    /// Whether somebody has to act.
    #[must_use]
    pub const fn is_rescue(&self) -> bool {
        matches!(self, Self::Rescue { .. })
    }
}

impl Words {
    /// The words for a step.
    #[must_use]
    pub const fn step(&self, step: Step) -> &'static str {
        match step {
            Step::Checking => self.checking,
            Step::Copying => self.copying,
            Step::Trying => self.trying,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_there_in_each_language_with_the_same_places_to_fill() {
        let places = |text: &str| {
            let mut found: Vec<_> = text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}'))
                .map(|(name, _)| name.to_owned())
                .collect();
            found.sort();
            found
        };
        for language in [Language::French, Language::Arabic] {
            for ((name, english), (_, own)) in ENGLISH.all().iter().zip(language.words().all()) {
                assert!(!own.trim().is_empty(), "{language:?} lacks {name}");
                assert_ne!(*english, own, "{language:?} has {name} in English");
                assert_eq!(places(english), places(own), "{language:?} {name}");
            }
        }
    }

    #[test]
    fn programs_are_told_how_far_it_is() {
        let (step, percent) = (Step::Copying, 40);
        let told = Face::Working { step, percent }.status();
        assert_eq!(
            told,
            r#"{"status":"updating","step":"copying","percent":40}"#
        );
    }

    #[test]
    fn the_language_is_what_the_browser_likes_best() {
        for (header, language) in [
            ("", Language::English),
            ("fr", Language::French),
            ("fr-TN,fr;q=0.9,en;q=0.8", Language::French),
            ("de-DE,de;q=0.9,ar;q=0.5", Language::Arabic),
            ("en;q=0.3, AR-tn ;q=0.7, fr;q=0.5", Language::Arabic),
            ("en-US,en;q=0.9,fr;q=0.8", Language::English),
            ("fr;q=0, en;q=0.1", Language::English),
            ("fra, arc, *;q=x", Language::English),
        ] {
            assert_eq!(Language::preferred(header), language, "{header}");
        }
    }

    #[test]
    fn a_reason_says_what_it_is_about_in_each_language() {
        let reasons = [
            Why::NoRecord("/a/b".to_owned()),
            Why::Disk("/a/b".to_owned()),
            Why::Unreadable {
                path: "/a/b".to_owned(),
                error: "/a/b".to_owned(),
            },
            Why::Changed {
                path: "/a/b".to_owned(),
                version: "/a/b".to_owned(),
            },
            Why::NotStarted("/a/b".to_owned()),
            Why::Ended("/a/b".to_owned()),
            Why::Restored("/a/b".to_owned()),
        ];
        for why in reasons {
            for language in Language::ALL {
                let said = why.say(language.words(), |inside| format!("<{inside}>"));
                assert!(said.contains("</a/b>") && !said.contains('{'), "{said}");
            }
        }
    }
}

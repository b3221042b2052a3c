//! *pure* — topic filters with names for their levels: `plant/{serial}/env`, `+`, `#`.

/// Longest topic, bytes, as a broker takes it with room to spare.
const TOPIC_MAX: usize = 512;

/// A topic filter that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(Vec<Level>);

#[derive(Clone, Debug, PartialEq)]
enum Level {
    Exact(String),
    /// One level, with a name or without.
    One(Option<&'static str>),
    /// Every level that follows.
    Rest,
}

/// The names that a level may have.
const NAMES: [&str; 3] = ["serial", "equipment", "metric"];

/// What stood where the names are.
pub(super) type Captures<'t> = Vec<(&'static str, &'t str)>;

impl Pattern {
    /// Reads a filter.
    ///
    /// # Errors
    /// A sentence when it is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let plain = (1..=TOPIC_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if !plain {
            return Err("A topic has 1 to 512 characters.".to_owned());
        }
        let parts: Vec<&str> = text.split('/').collect();
        let mut levels = Vec::with_capacity(parts.len());
        for (n, part) in parts.iter().enumerate() {
            let level = match *part {
                "+" => Level::One(None),
                "#" if n + 1 == parts.len() => Level::Rest,
                "#" => return Err("# stands at the end only.".to_owned()),
                named if named.starts_with('{') && named.ends_with('}') => {
                    let name = &named[1..named.len() - 1];
                    let known = NAMES.iter().find(|known| **known == name);
                    let level = Level::One(Some(known.ok_or_else(|| {
                        format!(
                            "{named} is not known. Use {{serial}}, {{equipment}} or {{metric}}."
                        )
                    })?));
                    if levels.contains(&level) {
                        return Err(format!("{named} stands in the topic twice."));
                    }
                    level
                }
                mixed if mixed.contains(['+', '#', '{', '}']) => {
                    return Err(format!(
                        "{mixed}: a placeholder takes a whole level between two slashes."
                    ));
                }
                exact => Level::Exact(exact.to_owned()),
            };
            levels.push(level);
        }
        Ok(Self(levels))
    }

    /// The filter as a broker reads it.
    pub(super) fn filter(&self) -> String {
        let level = |level: &Level| match level {
            Level::Exact(text) => text.clone(),
            Level::One(_) => "+".to_owned(),
            Level::Rest => "#".to_owned(),
        };
        let levels: Vec<String> = self.0.iter().map(level).collect();
        levels.join("/")
    }

    /// Whether a level has this name.
    pub(super) fn names(&self, name: &str) -> bool {
        let is = |level: &Level| matches!(level, Level::One(Some(own)) if *own == name);
        self.0.iter().any(is)
    }

    /// What stands where the names are; `None` when the topic is another one.
    pub(super) fn captures<'t>(&self, topic: &'t str) -> Option<Captures<'t>> {
        // As brokers do: what begins with $ is for the broker itself.
        if topic.starts_with('$') && !matches!(self.0.first(), Some(Level::Exact(_))) {
            return None;
        }
        let mut parts = topic.split('/');
        let mut captures = Captures::new();
        for level in &self.0 {
            if *level == Level::Rest {
                return Some(captures);
            }
            match (level, parts.next()?) {
                (Level::Exact(text), part) if text == part => {}
                (Level::One(Some(name)), part) => captures.push((name, part)),
                (Level::One(None), _) => {}
                _ => return None,
            }
        }
        parts.next().is_none().then_some(captures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_of_a_topic() {
        let pattern = Pattern::parse("plant/{serial}/env/{metric}").unwrap();
        assert_eq!(pattern.filter(), "plant/+/env/+");
        assert_eq!(
            pattern.captures("plant/C-1/env/temperature"),
            Some(vec![("serial", "C-1"), ("metric", "temperature")])
        );
        for other in ["plant/C-1/env", "plant/C-1/env/a/b", "hall/C-1/env/a"] {
            assert_eq!(pattern.captures(other), None, "{other}");
        }
        assert!(pattern.names("serial") && !pattern.names("equipment"));
    }

    #[test]
    fn wildcards_mean_what_brokers_mean() {
        let all = Pattern::parse("a/#").unwrap();
        assert_eq!(all.filter(), "a/#");
        assert!(all.captures("a/b/c").is_some() && all.captures("a").is_some());
        assert!(all.captures("b").is_none());
        let everything = Pattern::parse("#").unwrap();
        assert!(everything.captures("a/b").is_some());
        assert!(everything.captures("$SYS/uptime").is_none());
        assert!(Pattern::parse("+").unwrap().captures("a").is_some());
        assert!(Pattern::parse("+").unwrap().captures("a/b").is_none());
    }

    #[test]
    fn what_is_no_filter_is_refused_in_words() {
        for (text, word) in [
            ("", "characters"),
            ("a/#/b", "end"),
            ("a/b+", "whole level"),
            ("a/x{serial}", "whole level"),
            ("a/{cell}", "{serial}"),
            ("{serial}/{serial}", "twice"),
        ] {
            let refused = Pattern::parse(text).unwrap_err();
            assert!(refused.contains(word), "{text}: {refused}");
        }
    }
}

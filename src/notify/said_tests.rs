//! Sentences about alerts in each language, and that none is missing.

use super::*;

const ALL: [Language; 3] = [Language::En, Language::Fr, Language::Ar];

/// The texts between `before` and the next quotation mark, in all sources that are no tests.
fn quoted_after(before: &str) -> Vec<String> {
    fn files(folder: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, into);
            } else if !path.to_string_lossy().ends_with("tests.rs") {
                into.push(path);
            }
        }
    }
    let (mut paths, mut found) = (Vec::new(), Vec::new());
    files(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut paths,
    );
    for path in paths {
        let source = std::fs::read_to_string(path).unwrap_or_default();
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for part in source.split(before).skip(1) {
            found.extend(part.split('"').next().map(str::to_owned));
        }
    }
    found
}

#[test]
fn no_kind_of_alert_lacks_a_sentence_or_advice_in_a_language() {
    let codes = quoted_after("Said::of(\"");
    assert!(codes.len() > 15, "{codes:?}");
    let known = quoted_after("Advice::Known(\"");
    assert!(!known.is_empty());
    for language in ALL {
        let words = words(language);
        for code in &codes {
            assert!(
                words.contains_key(&format!("said.is.{code}")),
                "{language:?} {code}"
            );
        }
        for code in &known {
            assert!(advice(language, code).is_some(), "{language:?} {code}");
        }
    }
    // What stands in braces is the same everywhere, and each key is there.
    let braces = |text: &str| {
        let mut parts: Vec<_> = text
            .split('{')
            .skip(1)
            .map(|p| p.split('}').next())
            .collect();
        parts.sort_unstable();
        parts
            .into_iter()
            .map(|p| p.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    for (key, text) in words(Language::En)
        .iter()
        .filter(|(key, _)| key.starts_with("said."))
    {
        for language in [Language::Fr, Language::Ar] {
            let other = words(language)
                .get(key)
                .unwrap_or_else(|| panic!("{language:?} {key}"));
            assert_eq!(braces(text), braces(other), "{language:?} {key}");
        }
    }
}

fn overload() -> Said {
    Said::of("threshold")
        .name("metric", "power")
        .name("operator", "above")
        .name("rule", "overload")
        .name("name", "Overload")
        .number("value", "1234.5 kW")
        .number("limit", "80 kW")
}

#[test]
fn a_sentence_is_written_with_the_words_and_numbers_of_each_language() {
    let said = overload();
    assert_eq!(said.plain(), "Overload: power 1234.5 kW, above 80 kW");
    let of = |language| said.write(language).unwrap();
    assert_eq!(of(Language::En), "Overload: power 1,234.5 kW, above 80 kW");
    assert_eq!(
        of(Language::Fr),
        "Surcharge\u{a0}: puissance 1\u{202f}234,5 kW, au-dessus de 80 kW"
    );
    assert_eq!(
        of(Language::Ar),
        "حمل زائد: القدرة 1.234,5 kW، أعلى من 80 kW"
    );
}

#[test]
fn memory_has_the_unit_of_each_language() {
    let said = Said::of("memory").number("value", "1536 MB");
    let of = |language| said.write(language).unwrap();
    assert!(
        of(Language::En).contains("1,536 MB"),
        "{}",
        of(Language::En)
    );
    assert!(
        of(Language::Fr).contains("1\u{202f}536 Mo"),
        "{}",
        of(Language::Fr)
    );
    assert!(
        of(Language::Ar).contains("1.536 ميغابايت"),
        "{}",
        of(Language::Ar)
    );
}

#[test]
fn a_name_that_a_person_gave_stays_as_it_is() {
    let mut said = overload()
        .name("name", "Press {value} 4")
        .name("phase", "L1");
    said.names.remove("rule");
    said.names
        .insert("metric".to_owned(), "own_metric".to_owned());
    assert_eq!(
        said.plain(),
        "Press {value} 4: own metric L1 1234.5 kW, above 80 kW"
    );
    let french = said.write(Language::Fr).unwrap();
    assert!(
        french.starts_with("Press {value} 4\u{a0}: own metric L1 "),
        "{french}"
    );
}

#[test]
fn what_has_no_name_begins_with_a_capital_and_units_of_time_are_words() {
    let said = Said::of("rate")
        .name("metric", "temperature")
        .name("operator", "above")
        .number("value", "2.5 °C/min")
        .number("limit", "?");
    assert_eq!(said.plain(), "Temperature changes by 2.5 °C/min, above ?");
    let drift = Said::of("drift")
        .number("value", "1200 kWh/day")
        .name("day", "2026-11-05");
    let french = drift.write(Language::Fr).unwrap();
    assert!(
        french.contains("1\u{202f}200 kWh/jour depuis le 2026-11-05"),
        "{french}"
    );
}

#[test]
fn a_sentence_of_a_newer_version_is_not_guessed() {
    let said = Said::of("of_tomorrow");
    assert_eq!(said.write(Language::Fr), None);
    assert_eq!(said.plain(), "of_tomorrow");
    assert_eq!(advice(Language::Ar, "of_tomorrow"), None);
}

#[test]
fn names_and_notes_of_templates_are_known_again() {
    assert_eq!(rule_key("Voltage L2 low", Some("L2")), Some("voltage_low"));
    assert_eq!(rule_key("Voltage low", None), Some("voltage_low"));
    assert_eq!(rule_key("My own", None), None);
    assert_eq!(
        advice_code("Check the capacitor bank."),
        Some("rule_power_factor")
    );
    assert_eq!(advice_code("Call Ahmed."), None);
    assert_eq!(part(Language::Fr, "appliance/disk"), Some("Disque"));
    assert_eq!(part(Language::Fr, "rule/disk"), None);
}

#[test]
fn a_name_that_is_told_already_is_not_told_twice() {
    let said = Said::of("cell_past")
        .number("limit", "3.0 °C")
        .number("minutes", 19)
        .number("worst", "5.4 °C")
        .name("name", "Fish, fresh");
    let whole = said.write(Language::En).unwrap();
    assert!(whole.starts_with("Fish, fresh: "), "{whole}");
    let bare = said.without("Fish, fresh").write(Language::En).unwrap();
    assert_eq!(bare, "It was beyond 3.0 °C for 19 min, up to 5.4 °C.");
    // Another one's name is news, and a sentence that is a name has nothing else to say.
    assert_eq!(said.without("Cold room 1").write(Language::En), Some(whole));
    let name = Said::of("name").name("name", "Press 1");
    assert_eq!(name.without("Press 1"), name);
}

//! What a file may say, and how a refusal names its place.

use super::*;

const SMALL: &str = r#"
    id = "x"
    brand = "X"
    model = "x"
    model_pattern = "x*"
    revision = 1
    source = "a test"
    vectors = []
    limits = { words_per_read_max = 50, gap_words_max = 4 }
    defaults = { function = "input", type = "float32", word_order = "big" }
    probe = { register = "frequency", min = 45, max = 65 }
    [registers]
    frequency = { address = 70, unit = "Hz" }
"#;

fn parse(text: &str) -> Result<Profile> {
    let file = ProfileFile::from_toml(text)?;
    file.check(Origin::Own(Box::new(file.clone())))
}

#[test]
fn a_file_that_breaks_a_rule_is_not_taken() {
    parse(SMALL).unwrap();
    let breaks = [
        (
            "revision = 1",
            "revision = 1\ncolour = 2",
            "unknown field `colour`",
        ),
        ("address = 70", "address = 65535", "0 to 65534"),
        ("unit = \"Hz\"", "unit = \"V\"", "given in Hz"),
        ("= 50", "= 126", "4 to 125"),
        ("\"frequency\"", "\"power\"", "probe names no register"),
        ("id = \"x\"", "id = \"X 1\"", "1 to 64 characters"),
        (
            "address = 70",
            "address = 70, scale_register = 200",
            "too far away",
        ),
        ("address = 70", "address = 70, bit = 32", "fewer bits"),
        (
            "address = 70",
            "address = 70, min = 5, max = 4",
            "below the largest",
        ),
        (
            "address = 70",
            "address = 70, not_available = [\"xyz\"]",
            "hexadecimal",
        ),
        ("type = \"float32\", ", "", "Say how the words are read"),
        (
            "gap_words_max = 4",
            "gap_words_max = 4, functions = [\"holding\"]",
            "no such table",
        ),
        (
            "vectors = []",
            "vectors = [{ register = \"frequency\", words = [0, 0], value = 50.0 }]",
            "decodes to 0 and not to 50",
        ),
        (
            "gap_words_max = 4",
            "gap_words_max = 4, holes = [{ function = \"input\", from = 71, to = 80 }]",
            "forbidden hole",
        ),
        (
            "[registers]",
            "[registers]\nfrequency = { address = 2, unit = \"Hz\" }",
            "duplicate key",
        ),
    ];
    for (old, new, why) in breaks {
        let text = SMALL.replacen(old, new, 1);
        assert_ne!(text, SMALL);
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(why), "{new}: {error}");
    }
}

#[test]
fn every_bad_field_is_named_at_once_and_found_in_the_text() {
    let text = SMALL
        .replace("brand = \"X\"", "brand = \"\"")
        .replace("unit = \"Hz\"", "unit = \"V\", scale = 0");
    let error = parse(&text).unwrap_err();
    let paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
    let frequency = ["registers.frequency.scale", "registers.frequency.unit"];
    assert_eq!(
        paths,
        ["brand", frequency[0], frequency[1], "probe.register"]
    );
    let line = |index: usize| super::super::profile_file::line_of(&text, &error.fields[index]);
    assert_eq!((line(0), line(1), line(3)), (Some(3), Some(13), Some(11)));
}

#[test]
fn a_file_that_cannot_be_read_says_where() {
    let text = SMALL.replace("address = 70", "address = seventy");
    let error = parse(&text).unwrap_err();
    assert_eq!(error.details.unwrap()["line"], 13);
    assert!(
        error.sentence.contains("Line 13, column 29"),
        "{}",
        error.sentence
    );
}

#[test]
fn what_is_written_is_what_was_read() {
    for profile in super::super::profile::Profiles::embedded().unwrap().list() {
        let file = profile.file().unwrap();
        let again = ProfileFile::from_toml(&file.to_toml().unwrap()).unwrap();
        assert_eq!(again, file);
        let json = serde_json::to_value(&file).unwrap();
        assert_eq!(serde_json::from_value::<ProfileFile>(json).unwrap(), file);
    }
}

//! *pure* — what the reader of JSON says of a mistake, in words that say what to do.

/// The reader's words as a sentence that says what to do. Where it stopped helps only when the text is
/// no JSON at all.
pub(super) fn of(message: String, is_whole: bool) -> String {
    let plain = message.split(" at line ").next().unwrap_or_default();
    let known = || {
        let named = plain.split_once("expected ").map(|(_, names)| names);
        let names: Vec<_> = named?.split('`').skip(1).step_by(2).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if plain.starts_with("missing field") {
        "This field is needed.".to_owned()
    } else if plain.starts_with("unknown field") {
        known().map_or_else(
            || "There is no such field.".to_owned(),
            |names| format!("There is no such field; there are: {names}."),
        )
    } else if plain.starts_with("unknown variant") {
        known().map_or_else(|| plain.to_owned(), |names| format!("Use one of: {names}."))
    } else if plain.starts_with("UUID parsing failed") {
        "Use an id, such as 01a1fc32-7959-7208-9b0d-bfecd1744b85.".to_owned()
    } else if let Some(wanted) = plain.strip_prefix("invalid type: ").and_then(wanted) {
        format!("This has to be {wanted}.")
    } else if is_whole {
        message
    } else {
        plain.to_owned()
    }
}

/// What a reader wanted of `string "x", expected f64`.
fn wanted(said: &str) -> Option<&str> {
    let (_, name) = said.rsplit_once("expected ")?;
    Some(match name {
        "f64" | "f32" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a string" | "a boolean" => name,
        "a sequence" => "a list",
        "a map" => "an object",
        _ if name.starts_with("struct ") => "an object",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse_json;

    #[test]
    fn a_mistake_is_said_in_words() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Way {
            In,
            Out,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Said {
            way: Way,
            id: Option<uuid::Uuid>,
            count: Option<u32>,
            share: Option<f64>,
        }
        let words = |text: &str| {
            let error = parse_json::<Said>(text.as_bytes()).unwrap_err();
            error.fields[0].message.clone()
        };
        assert_eq!(words("{}"), "This field is needed.");
        assert_eq!(words(r#"{"way":"up"}"#), "Use one of: in, out.");
        assert_eq!(
            words(r#"{"wy":1}"#),
            "There is no such field; there are: way, id, count, share."
        );
        assert!(words(r#"{"id":"x"}"#).starts_with("Use an id, such as "));
        assert_eq!(
            words(r#"{"count":"x"}"#),
            "This has to be a whole number of 0 or more."
        );
        assert_eq!(words(r#"{"share":[1]}"#), "This has to be a number.");
    }
}

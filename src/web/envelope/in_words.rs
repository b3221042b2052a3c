//! *pure* — what the readers of JSON and of queries say of a mistake, in words that say what to do.

use crate::base::FieldError;

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
    } else if let Some(wanted) = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| plain.strip_prefix(start))
        .and_then(wanted)
    {
        format!("This has to be {wanted}.")
    } else if is_whole {
        message
    } else {
        plain.to_owned()
    }
}

/// What the reader of the query part of an address says, at the name that it is about: `page: invalid
/// digit found in string`, or a name that is missing, unknown or said twice.
pub(super) fn of_query(said: &str) -> FieldError {
    let said = said
        .split_once("query string: ")
        .map_or(said, |(_, rest)| rest);
    let is_name = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '[' | ']');
        !text.is_empty() && text.chars().all(fits)
    };
    let quoted = || said.split('`').nth(1).filter(|name| is_name(name));
    let (path, mistake) = match said.split_once(": ") {
        Some((name, mistake)) if is_name(name) => (name, mistake),
        _ if said.contains(" field `") => (quoted().unwrap_or("query"), said),
        _ => ("query", said),
    };
    let message = if mistake.starts_with("duplicate field") {
        "Say this once.".to_owned()
    } else if mistake.starts_with("provided string was not `true` or `false`") {
        "Use true or false.".to_owned()
    } else if mistake.contains("float literal") {
        "This has to be a number.".to_owned()
    } else if ["invalid digit", "from empty string", "number too"]
        .iter()
        .any(|start| mistake.contains(start))
    {
        match mistake.contains("too large") {
            true => "This number is too large.".to_owned(),
            false => "A whole number of 0 or more.".to_owned(),
        }
    } else {
        of(mistake.to_owned(), false)
    };
    let path = path.to_owned();
    FieldError { path, message }
}

/// What a reader wanted of `string "x", expected f64`.
fn wanted(said: &str) -> Option<&str> {
    let (_, name) = said.rsplit_once("expected ")?;
    Some(match name {
        "f64" | "f32" | "a Decimal type representing a fixed-point number" => "a number",
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
            amount: Option<rust_decimal::Decimal>,
        }
        let words = |text: &str| {
            let error = parse_json::<Said>(text.as_bytes()).unwrap_err();
            error.fields[0].message.clone()
        };
        assert_eq!(words("{}"), "This field is needed.");
        assert_eq!(words(r#"{"way":"up"}"#), "Use one of: in, out.");
        assert_eq!(
            words(r#"{"wy":1}"#),
            "There is no such field; there are: way, id, count, share, amount."
        );
        assert!(words(r#"{"id":"x"}"#).starts_with("Use an id, such as "));
        assert_eq!(
            words(r#"{"count":"x"}"#),
            "This has to be a whole number of 0 or more."
        );
        assert_eq!(words(r#"{"share":[1]}"#), "This has to be a number.");
        for wrong in ["\"x\"", "\"\"", "true", "[1]"] {
            let said = words(&format!("{{\"amount\":{wrong}}}"));
            assert_eq!(said, "This has to be a number.", "{wrong}");
        }
    }

    #[test]
    fn a_mistake_in_a_query_is_said_at_its_name() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Asked {
            from: String,
            page: Option<u32>,
            share: Option<f64>,
            all: Option<bool>,
        }
        let said = |query: &str| {
            let address = format!("/?{query}").parse().unwrap();
            let refused = axum::extract::Query::<Asked>::try_from_uri(&address).unwrap_err();
            let at = super::of_query(&refused.body_text());
            format!("{}: {}", at.path, at.message)
        };
        assert_eq!(said("page=1"), "from: This field is needed.");
        assert_eq!(said("from=a&from=b"), "from: Say this once.");
        for wrong in ["x", "-1", "1.5", ""] {
            let page = "page: A whole number of 0 or more.";
            assert_eq!(said(&format!("from=a&page={wrong}")), page);
        }
        let large = said("from=a&page=4294967296");
        assert_eq!(large, "page: This number is too large.");
        assert_eq!(said("from=a&share=x"), "share: This has to be a number.");
        assert_eq!(said("from=a&all=yes"), "all: Use true or false.");
    }
}

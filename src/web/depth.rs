//! *pure* — how deep a body is nested, before anything is built of it.

use crate::base::{Error, Result};

/// Deepest nesting of a body: ours have six levels.
const DEPTH_MAX: usize = 32;

/// How deep JSON is nested; of anything else some number.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Nothing when a body is no deeper than ours ever are.
///
/// # Errors
/// When it is nested deeper.
pub fn check(json: &[u8]) -> Result<()> {
    if depth(json) <= DEPTH_MAX {
        return Ok(());
    }
    let sentence = format!("The body is nested deeper than {DEPTH_MAX} levels.");
    Err(Error::invalid("body", sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_nested_only_so_deep() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
            format!("{{\"a\":{open}{close}}}")
        };
        check(nested(32).as_bytes()).unwrap();
        for levels in [33, 100_000] {
            let error = check(nested(levels).as_bytes()).unwrap_err();
            assert!(error.to_string().contains("32 levels"), "{error}");
        }
        assert_eq!(depth(br#"{"a":"[[[\"[[{{"}"#), 1);
    }
}

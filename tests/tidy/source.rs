//! Reads Rust source far enough for the rules: tokens without comments and strings, the rooms
//! that a file names, the functions and their length. Pure: text in, facts out.

/// One word or one punctuation character of the source, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A fact and the line where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: String,
    pub(crate) line: usize,
}

/// Words, numbers and single punctuation characters (`::` is one token); comments, strings,
/// characters and lifetimes are left out.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < chars.len() {
        let next = skip_text(&chars, at);
        if next > at {
            line += chars[at..next].iter().filter(|c| **c == '\n').count();
            at = next;
            continue;
        }
        let start = at;
        if is_word(chars[at]) {
            while at < chars.len() && is_word(chars[at]) {
                at += 1;
            }
        } else if chars[at..].starts_with(&[':', ':']) {
            at += 2;
        } else {
            at += 1;
        }
        let text: String = chars[start..at].iter().collect();
        if text == "\n" {
            line += 1;
        } else if !text.trim().is_empty() {
            found.push(Token { text, line });
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The end of the comment, string, character or lifetime that starts at `at`; `at` when none does.
fn skip_text(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let after_word = at > 0 && is_word(chars[at - 1]);
    if rest.starts_with(&['/', '/']) {
        return at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
    }
    if rest.starts_with(&['/', '*']) {
        return skip_block_comment(chars, at);
    }
    if rest[0] == '"' {
        return skip_string(chars, at);
    }
    if rest[0] == '\'' {
        return skip_character(chars, at);
    }
    if after_word || !matches!(rest[0], 'r' | 'b' | 'c') {
        return at;
    }
    let prefix = rest
        .iter()
        .take(2)
        .take_while(|c| matches!(c, 'r' | 'b' | 'c'))
        .count();
    let raw = rest[..prefix].contains(&'r');
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    match rest.get(prefix + hashes) {
        Some('"') if raw => {
            let close: Vec<char> = std::iter::once('"')
                .chain(std::iter::repeat_n('#', hashes))
                .collect();
            let body = at + prefix + hashes + 1;
            (body..chars.len())
                .find(|end| chars[*end..].starts_with(&close))
                .map_or(chars.len(), |end| end + close.len())
        }
        Some('"') if hashes == 0 => skip_string(chars, at + prefix),
        Some('\'') if hashes == 0 && prefix == 1 && rest[0] == 'b' => {
            skip_character(chars, at + prefix)
        }
        _ => at,
    }
}

fn skip_block_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        if chars[at..].starts_with(&['/', '*']) {
            depth += 1;
            at += 2;
        } else if chars[at..].starts_with(&['*', '/']) {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn skip_string(chars: &[char], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn skip_character(chars: &[char], quote: usize) -> usize {
    let body = quote + 1;
    if chars.get(body) == Some(&'\\') {
        let close = chars[body + 2..].iter().position(|c| *c == '\'');
        return close.map_or(chars.len(), |more| body + 3 + more);
    }
    if chars.get(body + 1) == Some(&'\'') {
        return body + 2;
    }
    // A lifetime.
    body + chars[body..].iter().take_while(|c| is_word(**c)).count()
}

/// Where a file stands in the tree of modules: `src/tsdb/mod.rs` is `tsdb`, `src/tsdb/codec.rs`
/// is `tsdb`, `codec`, and `src/lib.rs` and `src/main.rs` are the root.
pub(crate) fn module_path(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

/// Every room of the crate that the file names: by `crate::`, by `super::` up to the root, or by
/// the name of the library.
pub(crate) fn rooms_used(source: &str, path: &str) -> Vec<Found> {
    let tokens = tokens(source);
    let mut depth_of_modules = module_path(path).len();
    let (mut braces, mut inline) = (0_usize, Vec::new());
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => {
                braces += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    inline.push(braces);
                    depth_of_modules += 1;
                }
            }
            "}" => {
                if inline.last() == Some(&braces) {
                    inline.pop();
                    depth_of_modules -= 1;
                }
                braces = braces.saturating_sub(1);
            }
            "crate" | "indusmind" => found.extend(heads(&tokens, at)),
            "super" if !continues_a_path(&tokens, at) => {
                let mut last = at;
                let mut supers = 1;
                while is(&tokens, last + 1, "::") && is(&tokens, last + 2, "super") {
                    last += 2;
                    supers += 1;
                }
                if supers == depth_of_modules {
                    found.extend(heads(&tokens, last));
                }
            }
            _ => {}
        }
    }
    found
}

fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text == text)
}

fn continues_a_path(tokens: &[Token], at: usize) -> bool {
    at > 0 && tokens[at - 1].text == "::"
}

/// What stands first behind the root at `root`: one name, or each of a group in braces.
fn heads(tokens: &[Token], root: usize) -> Vec<Found> {
    if !is(tokens, root + 1, "::") {
        return Vec::new();
    }
    let found = |token: &Token| Found {
        what: token.text.clone(),
        line: token.line,
    };
    if !is(tokens, root + 2, "{") {
        return tokens.get(root + 2).map(found).into_iter().collect();
    }
    let (mut depth, mut expects, mut heads) = (0, true, Vec::new());
    for token in &tokens[root + 2..] {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => expects = true,
            _ if expects => {
                heads.push(found(token));
                expects = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// The lines on which the source names this foreign crate.
pub(crate) fn uses_of_crate(source: &str, name: &str) -> Vec<usize> {
    let tokens = tokens(source);
    let names = |at: &usize| {
        let at = *at;
        is(&tokens, at, name)
            && !continues_a_path(&tokens, at)
            && (is(&tokens, at + 1, "::") || (at > 0 && is(&tokens, at - 1, "use")))
    };
    (0..tokens.len())
        .filter(names)
        .map(|at| tokens[at].line)
        .collect()
}

/// Every function with a body outside of tests, and how many lines it spans.
pub(crate) fn functions(source: &str) -> Vec<(Found, usize)> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if starts_a_test_module(&tokens, at) {
            at = block_after(&tokens, at).map_or(at, |(_, close)| close);
        } else if is(&tokens, at, "fn")
            && let Some(name) = tokens.get(at + 1).filter(|name| name.text != "(")
            && let Some((_, close)) = block_after(&tokens, at)
        {
            let fact = Found {
                what: name.text.clone(),
                line: name.line,
            };
            found.push((fact, tokens[close].line - tokens[at].line + 1));
        }
        at += 1;
    }
    found
}

/// `#[cfg(test)]` before a `mod` with a body.
fn starts_a_test_module(tokens: &[Token], at: usize) -> bool {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    attribute
        .iter()
        .enumerate()
        .all(|(step, text)| is(tokens, at + step, text))
}

/// The first braces after `at` that are not inside parentheses or brackets; `None` when the item
/// ends without a body.
fn block_after(tokens: &[Token], at: usize) -> Option<(usize, usize)> {
    let mut nested = 0_i32;
    let open = (at..tokens.len()).find(|at| {
        match tokens[*at].text.as_str() {
            "(" | "[" => nested += 1,
            ")" | "]" => nested -= 1,
            "{" | ";" => return nested == 0,
            _ => {}
        }
        false
    })?;
    if tokens[open].text == ";" {
        return None;
    }
    let mut depth = 0;
    let close = (open..tokens.len()).find(|at| {
        match tokens[*at].text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some((open, close))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|t| t.text).collect()
    }

    fn rooms(source: &str, path: &str) -> Vec<String> {
        rooms_used(source, path)
            .into_iter()
            .map(|found| found.what)
            .collect()
    }

    #[test]
    fn comments_strings_characters_and_lifetimes_are_not_code() {
        let source = r####"
            // crate::a  /* still a comment
            let s = "crate::b \" // no"; /* crate::c /* nested */ crate::d */
            let r = r#"crate::e " "#; let b = b"x\"y"; let c = b'{'; let q = '\''; let u = '\u{7D}';
            fn f<'life>(x: &'life str) -> r#type { '{' }
        "####;
        let found = words(source).join(" ");
        assert!(!found.contains("crate"), "{found}");
        assert!(!found.contains("life"), "{found}");
        assert_eq!(found.matches('{').count(), 1, "{found}");
        assert_eq!(found.matches('}').count(), 1, "{found}");
    }

    #[test]
    fn a_token_knows_its_line() {
        let found = tokens("a\n\"x\ny\"\nb");
        assert_eq!((found[0].line, found[1].line), (1, 4));
    }

    #[test]
    fn a_room_is_found_by_every_road() {
        let source = "use crate::{base::{Error, Id}, store}; fn f() { crate::web::g(super::h()) }";
        assert_eq!(
            rooms(source, "src/tsdb/mod.rs"),
            ["base", "store", "web", "h"]
        );
        assert_eq!(rooms("use super::super::web::x;", "src/a/b.rs"), ["web"]);
        assert_eq!(rooms("use indusmind::cli;", "src/main.rs"), ["cli"]);
    }

    #[test]
    fn a_neighbour_inside_the_room_is_no_import() {
        assert!(rooms("use super::codec; use self::x;", "src/tsdb/fold.rs").is_empty());
        let tests = "mod tests { use super::*; fn f() { super::super::other::g() } }";
        assert_eq!(rooms(tests, "src/live.rs"), ["other"]);
        assert!(rooms("pub(crate) fn f() {}", "src/live.rs").is_empty());
    }

    #[test]
    fn a_foreign_crate_is_seen_in_a_use_and_in_a_path() {
        let source = "use redb::Database;\nfn f() -> redb::Error { my::redb::x() }\nlet redb = 1;";
        assert_eq!(uses_of_crate(source, "redb"), [1, 2]);
        assert_eq!(uses_of_crate("use jiff as time;", "jiff"), [1]);
    }

    #[test]
    fn the_length_of_a_function_runs_from_its_head_to_its_last_brace() {
        let source = "fn a(x: [u8; 2])\nwhere\n{\n  if x {\n \"}\"\n}\n}\n\
                      trait T { fn b(&self); }\n\
                      #[cfg(test)]\nmod more;\n\
                      #[cfg(test)]\nmod tests { fn c() {} }\nfn d() {}\nlet p: fn(u8) = d;";
        let found: Vec<_> = functions(source)
            .into_iter()
            .map(|(fact, lines)| (fact.what, lines))
            .collect();
        assert_eq!(found, [("a".to_owned(), 7), ("d".to_owned(), 1)]);
    }
}

//! A request to the page of the launcher, as far as that page understands it.

use super::markup::{CODE_FIELD, FILE_FIELD};
use super::words::Language;
use std::io::{self, BufRead, Read};

/// Longest head of a request, bytes.
const HEAD_MAX: u64 = 8 << 10;
/// Longest form without a file, bytes.
const FORM_MAX: u64 = 4 << 10;
/// Longest line of a form with a file that is no part of the file, bytes.
const LINE_MAX: u64 = 1 << 10;
/// Most such lines before the file.
const LINES_MAX: usize = 32;

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// Its path, without what was asked.
    pub path: String,
    /// The language that was asked for, else the one that the browser likes best.
    pub language: Language,
    /// The code in a header of its own: a program asks.
    pub code: Option<String>,
    /// Bytes of its body.
    pub length: u64,
    /// What stands between the parts of a form with a file.
    boundary: Option<String>,
}

impl Request {
    /// Reads the head.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no text.
    pub fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let mut head = reader.take(HEAD_MAX);
        let mut line = String::new();
        head.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asked = query
            .split('&')
            .find_map(|part| Language::of_tag(part.strip_prefix("lang=")?));
        let mut request = Self {
            method,
            path: path.to_owned(),
            language: asked.unwrap_or(Language::English),
            code: None,
            length: 0,
            boundary: None,
        };
        loop {
            let mut line = String::new();
            if head.read_line(&mut line)? == 0 || line.trim().is_empty() {
                return Ok(request);
            }
            let Some((name, value)) = line.trim().split_once(':') else {
                continue;
            };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "x-rescue-code" => request.code = Some(value.to_owned()),
                "content-length" => request.length = value.parse().unwrap_or(0),
                "content-type" => request.boundary = boundary_of(value),
                "accept-language" if asked.is_none() => {
                    request.language = Language::preferred(value);
                }
                _ => {}
            }
        }
    }

    /// Reads the form as far as the file in it, which is what comes next when there is one.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no form.
    pub fn read_form(&self, body: &mut impl BufRead) -> io::Result<Form> {
        match &self.boundary {
            Some(boundary) => read_parts(body, boundary),
            None => read_fields(body),
        }
    }
}

/// What a person sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The code.
    pub code: String,
    /// Whether a file comes next.
    pub has_file: bool,
}

/// The boundary that a type names (RFC 7578, 4.1).
fn boundary_of(kind: &str) -> Option<String> {
    let rest = kind.strip_prefix("multipart/form-data")?;
    let value = rest
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?;
    Some(format!("--{}", value.trim_matches('"')))
}

fn read_fields(body: &mut impl BufRead) -> io::Result<Form> {
    let mut text = String::new();
    body.take(FORM_MAX).read_to_string(&mut text)?;
    let code = text
        .split('&')
        .filter_map(|field| field.split_once('='))
        .find(|(name, _)| *name == CODE_FIELD);
    Ok(Form {
        code: code.map_or_else(String::new, |(_, value)| {
            value.replace('+', " ").trim().to_owned()
        }),
        has_file: false,
    })
}

/// Reads the parts before the file; each is one line, as a field of one line is.
fn read_parts(body: &mut impl BufRead, boundary: &str) -> io::Result<Form> {
    let mut form = Form::default();
    // Of the part that is being read: its name, and whether it has a file with a name.
    let (mut name, mut is_file, mut in_head) = (String::new(), false, false);
    for _ in 0..LINES_MAX {
        let line = read_line(body)?;
        if line.starts_with(boundary) {
            if line.ends_with("--") && line.len() == boundary.len() + 2 {
                return Ok(form);
            }
            (name, is_file, in_head) = (String::new(), false, true);
        } else if in_head && line.is_empty() {
            if name == FILE_FIELD && is_file {
                form.has_file = true;
                return Ok(form);
            }
            in_head = false;
        } else if in_head {
            let lower = line.to_ascii_lowercase();
            if lower.starts_with("content-disposition:") {
                name = quoted(&line, "; name=").unwrap_or_default();
                is_file = quoted(&line, "; filename=").is_some_and(|file| !file.is_empty());
            }
        } else if name == CODE_FIELD && form.code.is_empty() {
            line.trim().clone_into(&mut form.code);
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        "it is no form of this page",
    ))
}

fn read_line(body: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    body.take(LINE_MAX).read_until(b'\n', &mut bytes)?;
    if bytes.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn quoted(line: &str, before: &str) -> Option<String> {
    let (_, rest) = line.split_once(before)?;
    rest.strip_prefix('"')?.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Request {
        Request::read(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn a_language_that_was_asked_for_counts_more_than_what_the_browser_likes() {
        let request = read("GET /?lang=ar HTTP/1.1\r\nAccept-Language: fr\r\n\r\n");
        assert_eq!((&*request.path, request.language), ("/", Language::Arabic));
        let request = read("GET /?lang=xx HTTP/1.1\r\nAccept-Language: fr-FR\r\n\r\n");
        assert_eq!(request.language, Language::French);
        assert_eq!(read("GET / HTTP/1.1\r\n\r\n").language, Language::English);
    }

    const TYPE: &str = "Content-Type: multipart/form-data; boundary=x-1";

    fn parts(body: &str) -> io::Result<(Form, String)> {
        let request = read(&format!("POST /restore HTTP/1.1\r\n{TYPE}\r\n\r\n"));
        let mut rest = body.as_bytes();
        let form = request.read_form(&mut rest)?;
        Ok((form, String::from_utf8(rest.to_vec()).unwrap()))
    }

    #[test]
    fn a_form_with_a_file_is_read_up_to_the_file() {
        let code = "--x-1\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n AB12 \r\n";
        let head = "--x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"data.tar\"\r\n\
                    Content-Type: application/x-tar\r\n\r\n";
        let (form, rest) = parts(&format!("{code}{head}the file\r\n--x-1--\r\n")).unwrap();
        assert_eq!((&*form.code, form.has_file), ("AB12", true));
        assert_eq!(rest, "the file\r\n--x-1--\r\n");
        let none = head.replace("data.tar", "");
        let (form, _) = parts(&format!("{code}{none}\r\n--x-1--\r\n")).unwrap();
        assert_eq!((&*form.code, form.has_file), ("AB12", false));
    }

    #[test]
    fn what_is_no_form_ends_in_an_error_or_without_a_code() {
        for body in ["", "--x-1", "--x-1\r\nContent-Disposition: form-data\r\n"] {
            assert!(parts(body).is_err(), "{body}");
        }
        let long = "a".repeat(1 << 20);
        assert!(parts(&long).is_err());
        assert!(parts(&"\r\n".repeat(1_000)).is_err());
        let request = read("POST /again HTTP/1.1\r\n\r\n");
        let form = request
            .read_form(&mut "file=a&code=+AB12+&b".as_bytes())
            .unwrap();
        assert_eq!((&*form.code, form.has_file), ("AB12", false));
        assert_eq!(
            request.read_form(&mut "codex=1".as_bytes()).unwrap(),
            Form::default()
        );
    }
}

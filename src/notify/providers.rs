//! *pure* — what SendGrid, Twilio and ntfy want to be asked.

use super::carry::File;
use super::http::Post;
use super::letter::Letter;
use super::settings::{Push, Sendgrid, Twilio};
use crate::base::Level;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fmt::Write as _;

const JSON: &str = "application/json";

/// SendGrid's v3 API: answers 202 when it took the letter.
pub fn sendgrid(settings: &Sendgrid, key: &str, letter: &Letter, files: &[File]) -> Post {
    let mut to = json!({ "email": letter.to });
    if let Some(name) = &letter.name {
        to["name"] = json!(name);
    }
    let mut body = json!({
        "personalizations": [{ "to": [to], "custom_args": { "indusmind_id": letter.id } }],
        "from": { "email": settings.from },
        "subject": letter.subject,
        "headers": { "Message-ID": super::email::message_id(letter) },
        "content": [{ "type": "text/plain", "value": letter.text }],
    });
    if !files.is_empty() {
        let attached = files.iter().map(|file| {
            let content = STANDARD.encode(&file.bytes);
            let of = &file.enclosed;
            json!({ "content": content, "type": of.media_type, "filename": of.name })
        });
        body["attachments"] = attached.collect();
    }
    Post {
        url: under(&settings.url, "v3/mail/send"),
        headers: vec![
            ("content-type", JSON.to_owned()),
            ("authorization", format!("Bearer {key}")),
        ],
        body: body.to_string(),
    }
}

/// Twilio's Programmable Messaging: answers 201 when it took the message.
pub fn twilio(settings: &Twilio, token: &str, letter: &Letter, whatsapp: bool) -> Post {
    let prefix = if whatsapp { "whatsapp:" } else { "" };
    let from = match settings.from.starts_with("MG") {
        true => ("MessagingServiceSid", settings.from.clone()),
        false => ("From", format!("{prefix}{}", settings.from)),
    };
    let fields = [
        ("To", format!("{prefix}{}", letter.to)),
        from,
        ("Body", letter.text.clone()),
    ];
    let account = &settings.account;
    let path = format!("2010-04-01/Accounts/{account}/Messages.json");
    let sign_in = STANDARD.encode(format!("{account}:{token}"));
    Post {
        url: under(&settings.url, &path),
        headers: vec![
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("authorization", format!("Basic {sign_in}")),
        ],
        body: form(&fields),
    }
}

/// ntfy, by its JSON form: a title in a header would have to be ASCII.
pub fn push(settings: &Push, token: &str, letter: &Letter) -> Post {
    let priority = match letter.level {
        // It rings nowhere.
        _ if letter.replaces.is_some() => 2,
        Level::Emergency | Level::Critical => 5,
        Level::High => 4,
        Level::Medium => 3,
        Level::Low => 2,
        Level::Informational => 1,
    };
    let body = json!({
        "topic": settings.topic,
        "title": letter.subject,
        "message": letter.text,
        "priority": priority,
        // A message that comes twice replaces itself, and one that says that it is settled takes the
        // place of the one that rang. Servers before ntfy 2.16 show it as one more.
        "sequence_id": letter.replaces.unwrap_or(letter.id),
    });
    let mut headers = vec![("content-type", JSON.to_owned())];
    if !token.is_empty() {
        headers.push(("authorization", format!("Bearer {token}")));
    }
    Post {
        url: settings.url.clone(),
        headers,
        body: body.to_string(),
    }
}

fn under(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// Fields as a form sends them.
fn form(fields: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let join = if text.is_empty() { "" } else { "&" };
        let _ = write!(text, "{join}{name}=");
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_carry_any_script() {
        let fields = [
            ("To", "whatsapp:+1".to_owned()),
            ("Body", "é & ق".to_owned()),
        ];
        assert_eq!(
            form(&fields),
            "To=whatsapp%3A%2B1&Body=%C3%A9%20%26%20%D9%82"
        );
    }
}

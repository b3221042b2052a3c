//! *pure* — a message to a program, signed as the Standard Webhooks specification has it, so that
//! the receiver can check it with a library that he has.

use super::letter::Letter;
use crate::base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

/// What a secret of that specification begins with; the rest is base64.
const PREFIX: &str = "whsec_";

/// Headers and body of a letter.
pub fn message(
    letter: &Letter,
    secret: &str,
    now: Timestamp,
) -> (Vec<(&'static str, String)>, String) {
    let body = json!({
        "type": if letter.occasion.is_some() { "alert" } else { "test" },
        "timestamp": now,
        "data": {
            "id": letter.id,
            "subject": letter.subject,
            "text": letter.text,
            "step": letter.step,
            "occasion": letter.occasion,
        },
    })
    .to_string();
    let (id, at_s) = (letter.id.to_string(), now.ms() / 1_000);
    let signature = sign(secret, &format!("{id}.{at_s}.{body}"));
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", at_s.to_string()),
        ("webhook-signature", format!("v1,{signature}")),
    ];
    (headers, body)
}

fn sign(secret: &str, content: &str) -> String {
    let decoded = secret
        .strip_prefix(PREFIX)
        .and_then(|rest| STANDARD.decode(rest).ok());
    let key = decoded.unwrap_or_else(|| secret.as_bytes().to_vec());
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    mac.update(content.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the Standard Webhooks specification and its libraries.
        let content = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let expected = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(secret, content), expected);
        assert_ne!(sign("another", content), expected);
    }
}

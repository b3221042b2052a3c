//! What is a token and what only looks like one.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
const KEY: [u8; 32] = [7; 32];

fn tokens() -> Tokens {
    Tokens::new(0, &KEY)
}

fn signed() -> String {
    tokens()
        .sign(UserId::new(), SessionId::new(), Role::Admin, "site_a", NOW)
        .unwrap()
}

/// What every door asks: the key that is named, and the token under it.
fn opens(token: &str) -> bool {
    key_number(token).is_ok_and(|number| number == 0) && tokens().check(token, NOW).is_ok()
}

fn claims() -> Value {
    let now_s = NOW.ms() / 1_000;
    json!({ "sub": UserId::new(), "sid": SessionId::new(), "role": "admin", "scope": "site_a",
        "iss": ISSUER, "aud": AUDIENCE, "iat": now_s, "nbf": now_s, "exp": now_s + LIFETIME_S })
}

/// Claims with one of them changed, or without it.
fn with(name: &str, value: Option<Value>) -> Value {
    let mut claims = claims();
    let all = claims.as_object_mut().unwrap();
    match value {
        Some(value) => all.insert(name.to_owned(), value),
        None => all.remove(name),
    };
    claims
}

fn under(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
    let key = EncodingKey::from_secret(key);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

/// Signed with the right key, so that only what it says can give it away.
fn says(claims: &Value) -> String {
    under(Algorithm::HS256, &KEY, claims)
}

#[test]
fn a_token_lives_an_hour() {
    let token = signed();
    assert!(tokens().check(&token, NOW).is_ok());
    assert!(tokens().check(&token, NOW.plus_ms(3_599_000)).is_ok());
    assert!(tokens().check(&token, NOW.plus_ms(3_606_000)).is_err());
    assert!(tokens().check(&token, NOW.minus_ms(60_000)).is_err());
}

/// Signed by the right key, with claims that no token of ours has.
fn wrong_claims() -> Vec<(String, String)> {
    let names = [
        "sub", "sid", "role", "scope", "iss", "aud", "iat", "nbf", "exp",
    ];
    let now_s = NOW.ms() / 1_000;
    let mut all: Vec<_> = names
        .iter()
        .flat_map(|name| {
            [
                (format!("without {name}"), says(&with(name, None))),
                (
                    format!("{name} is null"),
                    says(&with(name, Some(Value::Null))),
                ),
                (
                    format!("{name} is an object"),
                    says(&with(name, Some(json!({})))),
                ),
            ]
        })
        .collect();
    let values = [
        ("exp", json!((now_s + 60).to_string())),
        ("exp", json!(now_s - 3_600)),
        ("exp", json!(-1)),
        ("exp", json!(f64::MAX)),
        ("nbf", json!(now_s + 600)),
        ("nbf", json!(now_s.to_string())),
        ("iss", json!("another")),
        ("iss", json!("")),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", json!(["another"])),
        ("role", json!("root")),
        ("role", json!(["admin"])),
        ("sub", json!("chief@plant.example")),
        ("sub", json!(1)),
        ("sid", json!("")),
        ("sid", json!("../../session")),
    ];
    let changed = values
        .into_iter()
        .map(|(name, value)| (format!("{name} = {value}"), says(&with(name, Some(value)))));
    all.extend(changed);
    all
}

/// A header of one's own before a body and a signature that are right.
fn wrong_headers() -> Vec<(String, String)> {
    let token = signed();
    let parts: Vec<_> = token.split('.').collect();
    let headers = [
        json!({ "alg": "none" }),
        json!({ "alg": "None", "typ": "JWT" }),
        json!({ "alg": "NONE" }),
        json!({ "alg": "" }),
        json!({ "typ": "JWT" }),
        json!({ "alg": "HS384" }),
        json!({ "alg": "HS512" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "ES256" }),
        json!({ "alg": "EdDSA" }),
        json!({ "alg": "HS256", "kid": "1" }),
        json!({ "alg": "HS256", "kid": "../../../dev/null" }),
        json!({ "alg": "HS256", "kid": "' or 1=1 --" }),
        json!({ "alg": "HS256", "kid": "-0" }),
        json!({ "alg": "HS256", "kid": 0 }),
        json!({ "alg": "HS256", "jku": "https://evil.example/keys" }),
        json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "AA" } }),
        json!({ "alg": "HS256", "x5u": "https://evil.example/x" }),
        json!(["HS256"]),
    ];
    headers
        .into_iter()
        .flat_map(|header| {
            let name = header.to_string();
            let first = B64.encode(&name);
            [
                (name.clone(), format!("{first}.{}.{}", parts[1], parts[2])),
                (
                    format!("{name}, unsigned"),
                    format!("{first}.{}.", parts[1]),
                ),
            ]
        })
        .collect()
}

/// Right ones that were touched, and things of another kind.
fn wrong_forms() -> Vec<(String, String)> {
    let token = signed();
    let parts: Vec<_> = token.split('.').collect();
    let (head, body, seal) = (parts[0], parts[1], parts[2]);
    let other = B64.encode(claims().to_string());
    let mut flipped = B64.decode(seal).unwrap();
    flipped[31] ^= 1;
    let padded = STANDARD.encode(B64.decode(seal).unwrap());
    [
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("letters", "a.b.c".to_owned()),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{token}.{seal}")),
        (
            "five parts, as if encrypted",
            format!("{token}.{seal}.{seal}"),
        ),
        ("no signature", format!("{head}.{body}.")),
        (
            "a signature of zeros",
            format!("{head}.{body}.{}", B64.encode([0; 32])),
        ),
        ("half a signature", format!("{head}.{body}.{}", &seal[..20])),
        ("one bit", format!("{head}.{body}.{}", B64.encode(flipped))),
        ("another alphabet", format!("{head}.{body}.{padded}")),
        ("another body", format!("{head}.{other}.{seal}")),
        ("an empty body", format!("{head}..{seal}")),
        (
            "a body that is no JSON",
            format!("{head}.{}.{seal}", B64.encode("{")),
        ),
        ("blanks", format!(" {token}")),
        ("a line end", format!("{token}\n")),
        ("another key", under(Algorithm::HS256, &[8; 32], &claims())),
        ("no key", under(Algorithm::HS256, b"", &claims())),
        (
            "HS384 under our key",
            under(Algorithm::HS384, &KEY, &claims()),
        ),
        (
            "HS512 under our key",
            under(Algorithm::HS512, &KEY, &claims()),
        ),
        (
            "a refresh token",
            crate::base::secret::random_token().unwrap(),
        ),
        (
            "an API token",
            format!("imt_{}", crate::base::secret::random_token().unwrap()),
        ),
    ]
    .map(|(name, token)| (name.to_owned(), token))
    .to_vec()
}

#[test]
fn no_forged_token_opens() {
    assert!(
        opens(&signed()) && opens(&says(&claims())),
        "the right ones open"
    );
    let forged = [wrong_claims(), wrong_headers(), wrong_forms()].concat();
    assert!(forged.len() >= 60, "{}", forged.len());
    for (name, token) in forged {
        assert!(!opens(&token), "{name}: {token}");
    }
}

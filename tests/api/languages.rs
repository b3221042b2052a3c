//! Alerts in the language of who is told, over a real mail server.

use crate::mail_server::{MailServer, Received, Speaks};
use crate::notifications::{occasion, policy, raise, set};
use crate::support::{Appliance, eventually};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indusmind::base::Level;
use indusmind::notify::{Occasion, Said};
use serde_json::json;

/// What a letter says, decoded.
fn said(letter: &Received) -> String {
    let (headers, body) = letter.text.split_once("\r\n\r\n").unwrap();
    assert!(headers.contains("charset=utf-8"), "{headers}");
    if headers.contains("Content-Transfer-Encoding: base64") {
        let bytes = STANDARD.decode(body.replace("\r\n", "")).unwrap();
        return String::from_utf8(bytes).unwrap();
    }
    if !headers.contains("quoted-printable") {
        assert!(body.is_ascii(), "{headers}");
        return body.to_owned();
    }
    let unfolded = body.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), unfolded.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'=' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(&rest[..2]).unwrap();
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        rest = &rest[2..];
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn an_alert_is_told_to_each_in_his_language() {
    let (appliance, chief) = Appliance::furnished().await;
    let server = MailServer::start(Speaks::Plain).await;
    set(&chief, "smtp", &server.outlet()).await;
    let reader =
        |to: &str, language: &str| json!({ "outlet": "smtp", "address": to, "language": language });
    let readers = [
        ("amel@plant.example", "ar"),
        ("farid@plant.example", "fr"),
        ("eve@plant.example", "en"),
    ];
    policy(
        &chief,
        json!(readers.map(|(to, language)| reader(to, language))),
    )
    .await;
    let facts = Said::of("threshold")
        .name("metric", "power")
        .name("operator", "above")
        .name("rule", "overload")
        .name("name", "Overload")
        .number("value", "1234.5 kW")
        .number("limit", "80 kW");
    let occasion = Occasion {
        message: facts.plain(),
        said: Some(facts),
        advice: Some("Reduce the load; check for a blocked or worn machine.".to_owned()),
        advice_code: Some("rule_overload".to_owned()),
        value: Some(1_234.5),
        unit: "kW".to_owned(),
        ..occasion(&appliance, Level::High, "hot")
    };
    raise(&appliance, &occasion).await;
    let letters = eventually("three letters", || async {
        Some(server.letters()).filter(|letters| letters.len() == readers.len())
    })
    .await;
    let of = |to: &str| said(letters.iter().find(|letter| letter.to == to).unwrap());
    let sent = of("amel@plant.example");
    // Each Arabic line begins with the mark of its direction, and names and amounts stand apart.
    let value = "\u{200f}القيمة: \u{2068}1.234,5 kW\u{2069}";
    assert!(sent.contains(value), "{sent}");
    let lines = sent.lines().filter(|line| line.contains('ا'));
    for line in lines {
        assert!(line.starts_with('\u{200f}'), "{line}");
        let name = line.replace("\u{2068}Compressor 3\u{2069}", "");
        assert!(!name.contains("Compressor 3"), "{line}");
    }
    let arabic: String = sent
        .chars()
        .filter(|c| !['\u{200f}', '\u{2068}', '\u{2069}'].contains(c))
        .collect();
    for part in [
        "حمل زائد: القدرة 1.234,5 kW، أعلى من 80 kW",
        "ما العمل: خفّف الحمل",
        "القيمة: 1.234,5 kW",
    ] {
        assert!(arabic.contains(part), "{part} in {arabic}");
    }
    let french = of("farid@plant.example");
    for part in [
        "Surcharge\u{a0}: puissance 1\u{202f}234,5 kW, au-dessus de 80 kW",
        "Que faire: Réduisez la charge",
    ] {
        assert!(french.contains(part), "{part} in {french}");
    }
    let english = of("eve@plant.example");
    assert!(
        english.contains("Overload: power 1,234.5 kW, above 80 kW"),
        "{english}"
    );
    // No word of the one is left in the letter of another.
    assert!(!arabic.contains("above") && !french.contains("above"));
}

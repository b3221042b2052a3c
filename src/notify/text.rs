//! *pure* — what a message says, in the language of who reads it.

use super::language::Language;
use super::occasion::{Occasion, What};
use super::said;
use crate::base::Level;
use crate::base::time::Calendar;

/// Longest text of a short message, characters: three parts of an SMS in any script.
const SHORT_MAX: usize = 201;
/// Longest subject, characters.
const SUBJECT_MAX: usize = 150;

/// A message as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its subject or title.
    pub subject: String,
    /// The whole message.
    pub body: String,
    /// The message for a telephone.
    pub short: String,
}

/// What a message is about, beside the occasion.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Name of the site.
    pub site: &'a str,
    /// Its clock.
    pub calendar: &'a Calendar,
    /// Its time zone, as it is called.
    pub zone: &'a str,
    /// Where the page is, when that is known.
    pub base_url: Option<&'a str>,
    /// How often nobody reacted before: 0 for the first message.
    pub step: usize,
}

/// The words of a language.
struct Words {
    place: &'static str,
    value: &'static str,
    limit: &'static str,
    time: &'static str,
    folded: &'static str,
    late: &'static str,
    nobody: &'static str,
    advice: &'static str,
    act: &'static str,
    open: &'static str,
}

const EN: Words = Words {
    place: "Where",
    value: "Value",
    limit: "limit",
    time: "When",
    folded: "Alerts that follow from it",
    late: "The reading came late: this is no longer happening just now.",
    advice: "What to do",
    nobody: "Nobody has acknowledged this alert. You are asked next.",
    act: "Go and see, or acknowledge the alert so that nobody else is called.",
    open: "Open the alert",
};
const FR: Words = Words {
    place: "Lieu",
    value: "Valeur",
    limit: "limite",
    time: "Heure",
    folded: "Alertes qui en découlent",
    late: "La mesure est arrivée en retard : cela ne se passe plus à l'instant.",
    advice: "Que faire",
    nobody: "Personne n'a acquitté cette alerte. C'est à votre tour.",
    act: "Allez voir, ou acquittez l'alerte pour que personne d'autre ne soit appelé.",
    open: "Ouvrir l'alerte",
};
const AR: Words = Words {
    place: "المكان",
    value: "القيمة",
    limit: "الحد",
    time: "الوقت",
    folded: "تنبيهات ناتجة عنه",
    late: "وصلت القراءة متأخرة: هذا لا يحدث الآن.",
    advice: "ما العمل",
    nobody: "لم يؤكد أحد استلام هذا التنبيه. جاء دورك.",
    act: "اذهب وتحقق، أو أكّد استلام التنبيه حتى لا يُستدعى شخص آخر.",
    open: "افتح التنبيه",
};

const fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &EN,
        Language::Fr => &FR,
        Language::Ar => &AR,
    }
}

/// What happened, in a word or two; nothing for the ordinary case.
const fn what(language: Language, what: What) -> &'static str {
    match (language, what) {
        (_, What::Raised) => "",
        (Language::En, What::Rose) => "More serious",
        (Language::En, What::Returned) => "Back to normal",
        (Language::En, What::Acknowledged) => "Acknowledged",
        (Language::En, What::Resolved) => "Over",
        (Language::En, What::Shelved) => "Put aside",
        (Language::Fr, What::Rose) => "Plus grave",
        (Language::Fr, What::Returned) => "Retour à la normale",
        (Language::Fr, What::Acknowledged) => "Acquittée",
        (Language::Fr, What::Resolved) => "Terminée",
        (Language::Fr, What::Shelved) => "Mise de côté",
        (Language::Ar, What::Rose) => "أصبح أخطر",
        (Language::Ar, What::Returned) => "عاد إلى الوضع الطبيعي",
        (Language::Ar, What::Acknowledged) => "تم تأكيد الاستلام",
        (Language::Ar, What::Resolved) => "انتهى",
        (Language::Ar, What::Shelved) => "وُضع جانباً",
    }
}

/// The message about an occasion.
#[must_use]
pub fn write(language: Language, occasion: &Occasion, about: About<'_>) -> Text {
    let words = words(language);
    let level = language.level(occasion.level);
    let happened = what(language, occasion.what);
    let head = if happened.is_empty() {
        format!("[{level}]")
    } else {
        format!("[{level}] {happened}:")
    };
    let name = language.apart(name_of(language, occasion, about.site));
    let message = message_of(language, occasion);
    let subject = format!("{head} {name}: {message}");
    let value = value_of(language, words, occasion);
    let time = language.time(occasion.at, about.calendar);
    let link = about
        .base_url
        .map(|base| format!("{}/alerts/{}", base.trim_end_matches('/'), occasion.alert));
    let place = language.apart(&place_of(occasion, about.site));

    let mut lines = vec![format!("{head} {name}"), message.clone(), String::new()];
    lines.push(format!("{}: {place}", words.place));
    if let Some(value) = &value {
        lines.push(format!("{}: {value}", words.value));
    }
    let zone = language.apart(about.zone);
    lines.push(format!("{}: {time} ({zone})", words.time));
    if occasion.children > 0 {
        lines.push(format!("{}: {}", words.folded, occasion.children));
    }
    let open = !occasion.what.is_over() && occasion.what != What::Acknowledged;
    if let Some(advice) = advice_of(language, occasion).filter(|_| open) {
        lines.push(format!("{}: {advice}", words.advice));
    }
    let calls = calls(words, occasion, open, about.step);
    if !calls.is_empty() {
        lines.push(String::new());
        lines.extend(calls.into_iter().map(str::to_owned));
    }
    if let Some(link) = &link {
        lines.push(String::new());
        lines.push(format!("{}: {link}", words.open));
    }
    let clock = time.rsplit(' ').next().unwrap_or(&time);
    let value = value.map(|value| format!(" {value}.")).unwrap_or_default();
    let message = message.trim_end_matches('.');
    let short = format!("{head} {name}: {message}.{value} {place}, {clock}");
    Text {
        subject: cut(&language.directed(&one_line(&subject)), SUBJECT_MAX),
        body: language.directed(&lines.join("\n")),
        short: with_link(&language.directed(&one_line(&short)), link.as_deref()),
    }
}

/// The message that tries an outlet.
#[must_use]
pub fn trial(language: Language, site: &str) -> Text {
    let (subject, body) = match language {
        Language::En => (
            "Test",
            "This is a test. Notifications of this appliance arrive here.",
        ),
        Language::Fr => (
            "Essai",
            "Ceci est un essai. Les notifications de cet appareil arrivent ici.",
        ),
        Language::Ar => ("تجربة", "هذه تجربة. تصل إشعارات هذا الجهاز إلى هنا."),
    };
    let name = language.apart(site);
    Text {
        subject: language.directed(&format!("Indusmind: {subject} — {name}")),
        body: language.directed(&format!("{body}\n\n{site}")),
        short: language.directed(&format!("Indusmind: {body} {name}")),
    }
}

/// What is wrong; records of earlier versions have it in English only.
fn message_of(language: Language, occasion: &Occasion) -> String {
    let said = occasion.said.as_ref();
    said.and_then(|said| said.without(&occasion.equipment_name).send(language))
        .unwrap_or_else(|| occasion.message.clone())
}

/// What it is about.
fn name_of<'a>(language: Language, occasion: &'a Occasion, site: &'a str) -> &'a str {
    if let Some(part) = said::part(language, &occasion.condition) {
        return part;
    }
    match occasion.equipment_name.as_str() {
        "" => site,
        name => name,
    }
}

/// What to do about it, when that is known.
fn advice_of(language: Language, occasion: &Occasion) -> Option<String> {
    let code = occasion.advice_code.as_deref();
    code.and_then(|code| said::advice(language, code))
        .or_else(|| occasion.advice.clone())
}

/// Whom it calls.
fn calls(words: &Words, occasion: &Occasion, open: bool, step: usize) -> Vec<&'static str> {
    let mut advice = Vec::new();
    if occasion.late {
        advice.push(words.late);
    }
    if open && step > 0 {
        advice.push(words.nobody);
    }
    // What is only good to know asks nobody to go anywhere.
    if open && !occasion.late && occasion.level > Level::Informational {
        advice.push(words.act);
    }
    advice
}

fn value_of(language: Language, words: &Words, occasion: &Occasion) -> Option<String> {
    let unit = match occasion.unit.as_str() {
        "" => String::new(),
        unit => format!(" {}", language.unit(unit)),
    };
    let number = |value: f64| language.apart(&format!("{}{unit}", language.number(value)));
    let value = number(occasion.value.filter(|value| value.is_finite())?);
    Some(match occasion.threshold {
        Some(limit) => format!("{value} ({} {})", words.limit, number(limit)),
        None => value,
    })
}

fn place_of(occasion: &Occasion, site: &str) -> String {
    match occasion.location.as_str() {
        "" => site.to_owned(),
        location => format!("{site}, {location}"),
    }
}

/// A short text and, when both fit, the link.
fn with_link(text: &str, link: Option<&str>) -> String {
    let room = link.map_or(0, |link| link.chars().count() + 1);
    match link {
        // A text cut to less than a third says nothing any more: the link goes.
        Some(link) if room <= SHORT_MAX * 2 / 3 => {
            format!("{} {link}", cut(text, SHORT_MAX - room))
        }
        _ => cut(text, SHORT_MAX),
    }
}

/// One line: no name may start a header of its own.
fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn occasion() -> Occasion {
        Occasion {
            alert: Uuid::nil(),
            condition: "c".to_owned(),
            site: "site_a".to_owned(),
            equipment: None,
            equipment_name: "Compressor 3".to_owned(),
            location: "Hall 2".to_owned(),
            level: Level::Critical,
            message: "Temperature above 70 °C".to_owned(),
            said: None,
            advice: None,
            advice_code: None,
            value: Some(1_078.25),
            threshold: Some(70.0),
            unit: "°C".to_owned(),
            at: "2026-11-21T08:30:00Z".parse().unwrap(),
            what: What::Raised,
            late: false,
            children: 0,
        }
    }

    fn written(language: Language, occasion: &Occasion, step: usize) -> Text {
        let calendar = Calendar::new("Africa/Tunis").unwrap();
        let about = About {
            site: "Bottling plant",
            calendar: &calendar,
            zone: "Africa/Tunis",
            base_url: Some("https://indusmind.plant/"),
            step,
        };
        write(language, occasion, about)
    }

    #[test]
    fn a_message_says_what_where_when_and_what_to_do() {
        let text = written(Language::En, &occasion(), 0);
        assert_eq!(
            text.subject,
            "[Critical] Compressor 3: Temperature above 70 °C"
        );
        let expected = "[Critical] Compressor 3\nTemperature above 70 °C\n\n\
            Where: Bottling plant, Hall 2\nValue: 1,078.25 °C (limit 70 °C)\n\
            When: 21 Nov 2026, 09:30 (Africa/Tunis)\n\n\
            Go and see, or acknowledge the alert so that nobody else is called.\n\n\
            Open the alert: https://indusmind.plant/alerts/00000000-0000-0000-0000-000000000000";
        assert_eq!(text.body, expected);
        assert!(text.short.chars().count() <= SHORT_MAX, "{}", text.short);
        assert!(text.short.contains("09:30 https://"), "{}", text.short);
    }

    #[test]
    fn every_language_has_its_own_words_and_numbers() {
        let french = written(Language::Fr, &occasion(), 1);
        assert!(
            french.subject.starts_with("[Critique] "),
            "{}",
            french.subject
        );
        assert!(french.body.contains("1\u{202f}078,25 °C (limite 70 °C)"));
        assert!(
            french.body.contains("Personne n'a acquitté"),
            "{}",
            french.body
        );
        let arabic = written(Language::Ar, &occasion(), 0);
        let value = "\u{200f}القيمة: \u{2068}1.078,25 °C\u{2069} (الحد \u{2068}70 °C\u{2069})";
        assert!(arabic.body.contains(value), "{}", arabic.body);
        for text in [&arabic.subject, &arabic.body, &arabic.short] {
            assert!(text.starts_with('\u{200f}'), "{text}");
            assert!(text.contains("\u{2068}Compressor 3\u{2069}"), "{text}");
        }
        // A mark inside a link would break it.
        let link = arabic.body.rsplit(' ').next().unwrap();
        assert!(link.starts_with("https://") && link.is_ascii(), "{link}");
    }

    #[test]
    fn what_is_over_or_late_calls_nobody() {
        let over = Occasion {
            what: What::Resolved,
            ..occasion()
        };
        let text = written(Language::En, &over, 0);
        assert!(text.subject.starts_with("[Critical] Over: Compressor 3"));
        assert!(!text.body.contains("Go and see"), "{}", text.body);
        let late = Occasion {
            late: true,
            ..occasion()
        };
        let text = written(Language::En, &late, 0);
        assert!(text.body.contains("came late") && !text.body.contains("Go and see"));
    }

    #[test]
    fn long_names_are_cut_and_lines_are_one() {
        let long = Occasion {
            equipment_name: "x\r\nBcc: everybody".to_owned(),
            message: "m".repeat(500),
            ..occasion()
        };
        let text = written(Language::En, &long, 0);
        assert!(!text.subject.contains(['\r', '\n']));
        assert_eq!(text.subject.chars().count(), SUBJECT_MAX);
        assert!(text.short.chars().count() <= SHORT_MAX);
        assert!(text.short.contains("… https://"), "{}", text.short);
    }
}

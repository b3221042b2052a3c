//! *pure* — passwords that a guesser tries first: a word that many use, the program's own name or
//! what the person is called, dressed up with digits, symbols and letters that look like others.

/// Words of the most used passwords, most used first.
const COMMON: &str = include_str!("../../assets/passwords/common.txt");
/// What stands on the box.
const OURS: [&str; 2] = ["indusmind", "indus"];

/// Whether a guesser would soon try `password` of somebody who is called `names`: his address, his
/// name, his name at the door.
#[must_use]
pub fn soon(password: &str, names: &[&str]) -> bool {
    let low = password.to_lowercase();
    let plain: String = low.chars().filter(|c| c.is_alphanumeric()).collect();
    let bare = plain.trim_matches(|c: char| c.is_ascii_digit());
    let read = |c: char| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    // What is at the ends is dressing; in the middle it stands for a letter.
    let inner = low.trim_matches(|c: char| !c.is_alphabetic() && c != '@' && c != '$');
    let read: String = inner.chars().map(read).collect();
    let read: String = read.chars().filter(|c| c.is_alphanumeric()).collect();
    let is = |word: &str| word.chars().count() >= 3 && (word == bare || word == read);
    let common = COMMON.lines().filter(|line| !line.starts_with('#'));
    if common.chain(OURS).any(is) {
        return true;
    }
    names.iter().any(|name| {
        let name = name.split('@').next().unwrap_or_default().to_lowercase();
        let whole: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        is(&whole) || name.split(|c: char| !c.is_alphanumeric()).any(is)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_word_in_any_dress_is_guessed() {
        for guessed in [
            "Password1!",
            "P@ssw0rd",
            "P@$$w0rd-2026",
            "!Welcome2026!",
            "Qwerty123!",
            "1q2w3e4R!",
            "Summer-2025",
            "Indusmind-1",
        ] {
            assert!(soon(guessed, &[]), "{guessed}");
        }
        for free in [
            "Night-shift-7",
            "Warm bread at Six 1!",
            "K7qf-2m9P",
            "€uro-Über-9",
        ] {
            assert!(!soon(free, &["op@plant.example"]), "{free}");
        }
        assert!(COMMON.lines().count() > 3_000);
    }

    #[test]
    fn what_somebody_is_called_is_guessed() {
        let names = ["nadia.trabelsi@plant.example", "Nadia Trabelsi", "shift2"];
        for guessed in [
            "Trabelsi-2026",
            "N@dia-1234",
            "NadiaTrabelsi1!",
            "Nadia.Trabelsi1",
        ] {
            assert!(soon(guessed, &names), "{guessed}");
            assert!(!soon(guessed, &["other@plant.example", "X"]), "{guessed}");
        }
        assert!(!soon("Trabelsi-likes-7", &names));
    }
}

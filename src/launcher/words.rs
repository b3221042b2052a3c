//! *pure* — what the page of the launcher says, in three languages.

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Face {
    /// An update is under way.
    Working {
        /// What is being done.
        step: String,
        /// How far that is, %.
        percent: u8,
    },
    /// Nothing runs.
    Rescue {
        /// Why.
        why: String,
        /// What was said last.
        lines: Vec<String>,
        /// The version that ran before, when it and its data are there.
        previous: Option<String>,
    },
}

impl Face {
    /// In one word, for programs.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Working { .. } => "updating",
            Self::Rescue { .. } => "rescue",
        }
    }

    /// Whether somebody has to act.
    #[must_use]
    pub const fn is_rescue(&self) -> bool {
        matches!(self, Self::Rescue { .. })
    }
}

/// The words of one language.
pub struct Language {
    tag: &'static str,
    direction: &'static str,
    updating: &'static str,
    safe: &'static str,
    rescue: &'static str,
    kept: &'static str,
    code: &'static str,
    where_code: &'static str,
    again: &'static str,
    previous: &'static str,
    export: &'static str,
    restore: &'static str,
    said: &'static str,
}

const ENGLISH: Language = Language {
    tag: "en",
    direction: "ltr",
    updating: "Indusmind is being updated",
    safe: "This is safe if the power fails. The page comes back by itself.",
    rescue: "Indusmind could not start",
    kept: "Your data is kept. Choose what to do; it is tried again by itself every five minutes.",
    code: "Rescue code",
    where_code: "It stands in the log (journalctl -u indusmind) and in the file rescue-code.",
    again: "Try again",
    previous: "Go back to version",
    export: "Save the data as a file (only on this machine)",
    restore: "Restore from a saved file",
    said: "What it said last",
};

const FRENCH: Language = Language {
    tag: "fr",
    direction: "ltr",
    updating: "Mise à jour d’Indusmind en cours",
    safe: "Une coupure de courant est sans danger. La page revient d’elle-même.",
    rescue: "Indusmind n’a pas pu démarrer",
    kept: "Vos données sont conservées. Choisissez que faire ; un nouvel essai a lieu toutes les cinq minutes.",
    code: "Code de secours",
    where_code: "Il figure dans le journal (journalctl -u indusmind) et dans le fichier rescue-code.",
    again: "Réessayer",
    previous: "Revenir à la version",
    export: "Enregistrer les données dans un fichier (sur cette machine seulement)",
    restore: "Restaurer depuis un fichier enregistré",
    said: "Derniers messages",
};

const ARABIC: Language = Language {
    tag: "ar",
    direction: "rtl",
    updating: "يجري تحديث Indusmind",
    safe: "انقطاع الكهرباء لا يضر. تعود الصفحة من تلقاء نفسها.",
    rescue: "تعذر تشغيل Indusmind",
    kept: "بياناتك محفوظة. اختر ما يجب فعله؛ تعاد المحاولة تلقائيا كل خمس دقائق.",
    code: "رمز الإنقاذ",
    where_code: "تجده في السجل (journalctl -u indusmind) وفي الملف rescue-code.",
    again: "إعادة المحاولة",
    previous: "العودة إلى الإصدار",
    export: "حفظ البيانات في ملف (على هذا الجهاز فقط)",
    restore: "الاستعادة من ملف محفوظ",
    said: "آخر الرسائل",
};

/// The language that a browser asks for first.
#[must_use]
pub const fn language(french: bool, arabic: bool) -> Language {
    if french {
        FRENCH
    } else if arabic {
        ARABIC
    } else {
        ENGLISH
    }
}

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;\
padding:0 1rem;background:#10161d;color:#e8eef4}h1{font-size:1.6rem}progress{width:100%;height:1.2rem}\
form,section{margin:1rem 0}button,input{font:inherit;padding:.6rem 1rem;border-radius:.4rem;border:1px \
solid #5c6f82;background:#1d2833;color:inherit}button{cursor:pointer}pre{overflow:auto;background:#0a0e13;\
padding:1rem;font-size:.8rem;direction:ltr;text-align:left}@media(prefers-color-scheme:light){body{\
background:#fff;color:#14202b}button,input{background:#f1f5f8}pre{background:#f1f5f8}}";

const SCRIPT: &str = "document.getElementById('restore').onsubmit=async e=>{e.preventDefault();\
const f=document.getElementById('file').files[0];if(!f)return;const a=await fetch('/restore',{method:\
'POST',headers:{'X-Rescue-Code':document.getElementById('code').value},body:f});document.getElementById(\
'done').textContent=await a.text()};for(const b of document.querySelectorAll('[data-do]'))b.form.onsubmit=\
()=>{b.form.elements.code.value=document.getElementById('code').value}";

/// The page.
#[must_use]
pub fn page(face: &Face, words: &Language) -> String {
    let (title, body, refresh) = match face {
        Face::Working { step, percent } => (
            words.updating,
            format!(
                "<p role=status>{} ({percent} %)</p><progress max=100 value={percent}></progress><p>{}</p>",
                escaped(step),
                words.safe
            ),
            "<meta http-equiv=refresh content=3>",
        ),
        Face::Rescue {
            why,
            lines,
            previous,
        } => (
            words.rescue,
            rescue(why, lines, previous.as_deref(), words),
            "",
        ),
    };
    let Language { tag, direction, .. } = words;
    format!(
        "<!doctype html><html lang={tag} dir={direction}><meta charset=utf-8><meta name=viewport \
         content=\"width=device-width\">{refresh}<title>{title}</title><style>{STYLE}</style><main>\
         <h1>{title}</h1>{body}</main></html>"
    )
}

fn rescue(why: &str, lines: &[String], previous: Option<&str>, words: &Language) -> String {
    let button = |path: &str, label: &str| {
        format!(
            "<form method=post action={path}><input type=hidden name=code><button data-do>{}</button></form>",
            escaped(label)
        )
    };
    let previous = previous.map_or_else(String::new, |version| {
        button("/previous", &format!("{} {version}", words.previous))
    });
    format!(
        "<p>{}</p><p>{}</p><p><label>{} <input id=code autocomplete=off></label><br><small>{}</small></p>\
         {}{previous}{}<form id=restore><label>{} <input type=file id=file></label> <button>{}</button>\
         <p id=done role=status></p></form><section><h2>{}</h2><pre>{}</pre></section><script>{SCRIPT}</script>",
        escaped(why),
        words.kept,
        words.code,
        words.where_code,
        button("/again", words.again),
        button("/export", words.export),
        words.restore,
        words.restore,
        words.said,
        escaped(&lines.join("\n")),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_said_cannot_become_part_of_the_page() {
        let face = Face::Rescue {
            why: "<script>a</script>".to_owned(),
            lines: vec!["\"><img src=x>".to_owned()],
            previous: Some("<b>".to_owned()),
        };
        for words in [
            language(false, false),
            language(true, false),
            language(false, true),
        ] {
            let page = page(&face, &words);
            assert!(!page.contains("<script>a") && !page.contains("<img") && !page.contains("<b>"));
            assert!(page.contains(words.again) && page.contains(words.restore));
        }
    }
}

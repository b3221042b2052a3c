//! *pure* — the page of the launcher as HTML. It needs no script: what stands on it are links and forms.

use super::words::{Face, Language, Why};

/// The name of the saved file in the form.
pub const FILE_FIELD: &str = "file";
/// The name of the rescue code in the form.
pub const CODE_FIELD: &str = "code";

const STYLE: &str = "\
body{font:1.1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;\
background:#10161d;color:#e8eef4}\
h1{font-size:1.6rem;margin:1rem 0}h2{font-size:1.2rem}\
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}nav a{padding:.5rem 0}\
a{color:#8cc8ff}a[aria-current]{color:inherit;font-weight:600;text-decoration:none}\
progress{width:100%;height:1.2rem}\
button,input{font:inherit;padding:.6rem 1rem;border-radius:.4rem;border:1px solid #5c6f82;\
background:#1d2833;color:inherit;max-width:100%;box-sizing:border-box;min-height:2.75rem}\
button{cursor:pointer;text-align:start;display:block;margin:.75rem 0}\
label{display:block;font-weight:600}input{display:block;margin:.3rem 0;width:100%}\
small{color:#b9c6d2}.why{border-inline-start:.3rem solid #e0a030;padding-inline-start:.8rem}\
.why,bdi{overflow-wrap:anywhere}fieldset{border:1px solid #5c6f82;border-radius:.4rem;margin:1rem 0;min-width:0}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#0a0e13;padding:1rem;font-size:.8rem;\
direction:ltr;text-align:left;border-radius:.4rem}\
:focus-visible{outline:3px solid #8cc8ff;outline-offset:2px}\
@media(prefers-color-scheme:light){body{background:#fff;color:#14202b}button,input,pre{background:#f1f5f8}\
a{color:#0a5ea8}small{color:#465765}:focus-visible{outline-color:#0a5ea8}}";

/// The page.
#[must_use]
pub fn page(face: &Face, language: Language) -> String {
    let words = language.words();
    match face {
        Face::Working { step, percent } => {
            let body = format!(
                "<p role=status>{} (<bdi>{percent}&nbsp;%</bdi>)</p>\
                 <progress max=100 value={percent} aria-label=\"{}\"></progress><p>{}</p>",
                words.step(*step),
                words.updating,
                words.safe
            );
            whole(language, words.updating, &body, Some(3))
        }
        Face::Rescue {
            why,
            lines,
            previous,
        } => {
            let body = rescue(why, lines, previous.as_deref(), language);
            whole(language, words.rescue, &body, None)
        }
    }
}

/// An answer to somebody who sent a form.
#[must_use]
pub fn answer(sentence: &str, went_well: bool, language: Language) -> String {
    let words = language.words();
    let body = format!(
        "<p role=status class=why>{sentence}</p><p><a href=\"/?lang={}\">{}</a></p>",
        language.tag(),
        words.back
    );
    whole(language, words.rescue, &body, went_well.then_some(5))
}

/// What nobody translates, as it stands in a sentence.
#[must_use]
pub fn apart(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(text))
}

fn whole(language: Language, title: &str, body: &str, again_after_s: Option<u8>) -> String {
    let (tag, direction) = (language.tag(), language.direction());
    let refresh = again_after_s.map_or_else(String::new, |seconds| {
        format!("<meta http-equiv=refresh content=\"{seconds};url=/?lang={tag}\">")
    });
    let mut choice = String::new();
    for other in Language::ALL {
        let (tag, name) = (other.tag(), other.name());
        let current = if other == language {
            " aria-current=true"
        } else {
            ""
        };
        choice.push_str(&format!(
            "<a href=\"/?lang={tag}\" lang={tag} hreflang={tag}{current}>{name}</a>"
        ));
    }
    format!(
        "<!doctype html><html lang={tag} dir={direction}><meta charset=utf-8><meta name=viewport \
         content=\"width=device-width,initial-scale=1\">{refresh}<link rel=icon href=\"data:,\"><title>{title}</title><style>{STYLE}</style>\
         <nav aria-label=\"{}\">{choice}</nav><main><h1>{title}</h1>{body}</main></html>",
        language.words().languages
    )
}

fn rescue(why: &Why, lines: &[String], previous: Option<&str>, language: Language) -> String {
    let (words, tag) = (language.words(), language.tag());
    let button = |path: &str, label: &str| {
        format!("<button formaction=\"/{path}?lang={tag}\">{label}</button>")
    };
    let previous = previous.map_or_else(String::new, |version| {
        let label = format!("{} {}", words.previous, apart(version));
        button("previous", &label)
    });
    format!(
        "<p class=why>{}</p><p>{}</p><form method=post action=\"/again?lang={tag}\">\
         <label for=code>{}</label><input id=code name={CODE_FIELD} dir=ltr autocomplete=off \
         autocapitalize=characters spellcheck=false aria-describedby=where><small id=where>{}</small>\
         <fieldset><legend>{}</legend>{}{previous}{}</fieldset>\
         <fieldset id=restore><legend>{}</legend><label for=file>{}</label>\
         <input type=file id=file name={FILE_FIELD} accept=.tar>\
         <button formaction=\"/restore?lang={tag}\" formenctype=multipart/form-data>{}</button></fieldset></form>{}",
        why.say(words, apart),
        words.kept,
        words.code,
        words.where_code,
        words.ways,
        button("again", words.again),
        button("export", words.export),
        words.restore,
        words.file,
        words.restore,
        last_lines(lines, language),
    )
}

fn last_lines(lines: &[String], language: Language) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let words = language.words();
    format!(
        "<section><h2>{}</h2><small>{}</small><pre lang=en tabindex=0>{}</pre></section>",
        words.said,
        words.in_english,
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
    use crate::words::Step;

    fn evil() -> Face {
        Face::Rescue {
            why: Why::Restored("<script>a</script>".to_owned()),
            lines: vec!["\"><img src=x>".to_owned()],
            previous: Some("<b>".to_owned()),
        }
    }

    #[test]
    fn what_a_program_said_cannot_become_part_of_the_page() {
        for language in Language::ALL {
            let page = page(&evil(), language);
            assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
            let words = language.words();
            assert!(page.contains(words.again) && page.contains(words.restore));
        }
    }

    #[test]
    fn every_page_has_its_language_and_leads_to_the_others() {
        let working = Face::Working {
            step: Step::Copying,
            percent: 40,
        };
        for language in Language::ALL {
            for page in [
                page(&evil(), language),
                page(&working, language),
                answer(language.words().done, true, language),
            ] {
                let head = format!(
                    "<html lang={} dir={}>",
                    language.tag(),
                    language.direction()
                );
                assert!(page.contains(&head), "{page}");
                for other in Language::ALL {
                    assert!(page.contains(&format!("href=\"/?lang={}\"", other.tag())));
                }
            }
        }
    }

    #[test]
    fn no_english_is_left_on_the_other_pages() {
        for language in [Language::French, Language::Arabic] {
            let page = page(&evil(), language);
            for (name, english) in crate::words::ENGLISH.all() {
                // "Restore" is no part of another word of theirs; short words could be.
                assert!(
                    english.len() < 6 || !page.contains(english),
                    "{name}: {english}"
                );
            }
        }
    }
}

//! Line protocol: what writers send, what people type, and noise.

use super::*;
use proptest::prelude::*;

fn one(text: &str) -> Line<'_> {
    let mut all = lines(text);
    let line = all.next().expect("a line").expect("a good one");
    assert!(all.next().is_none(), "{text:?} is more than one line");
    line
}

fn refused(text: &str) -> Fault {
    lines(text).next().expect("a line").expect_err(text)
}

#[test]
fn a_line_as_telegraf_writes_it() {
    let line = one(
        "energy_readings,equipment_id=Main\\ meter,host=edge\\,1,k\\=e\\ y=v\\=1 \
         power=12.5,starts_count=7i,consumption=18446744073709551615u,on=true,state=\"a \\\"b\\\" \\\\ c, d=e\" \
         1795249800000000000\n",
    );
    assert_eq!(line.measurement, "energy_readings");
    let tags: Vec<_> = line.tags.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        tags,
        [
            ("equipment_id", "Main meter"),
            ("host", "edge,1"),
            ("k=e y", "v=1")
        ]
    );
    let values: Vec<_> = line.fields.iter().map(|(_, value)| value.clone()).collect();
    let text = Value::Text("a \"b\" \\ c, d=e".into());
    let expected = [
        Value::Float(12.5),
        Value::Integer(7),
        Value::Unsigned(u64::MAX),
        Value::Boolean(true),
        text,
    ];
    assert_eq!(values, expected);
    assert_eq!(line.timestamp, Some(1_795_249_800_000_000_000));
}

#[test]
fn comments_blank_lines_and_windows_line_ends_do_no_harm() {
    let text = "# a \"comment\n\n  \t\r\nm f=1 5\r\n  m f=-2.5e-3\r\nm f=3   7  ";
    let all: Vec<_> = lines(text).map(Result::unwrap).collect();
    let told: Vec<_> = all.iter().map(|l| (l.number, l.timestamp)).collect();
    assert_eq!(told, [(4, Some(5)), (5, None), (6, Some(7))]);
    assert_eq!(all[1].fields[0].1, Value::Float(-0.0025));
}

#[test]
fn a_line_break_inside_quotes_belongs_to_the_line() {
    let all: Vec<_> = lines("m s=\"two\nlines\",f=1 5\nm f=2 6").collect();
    assert_eq!(all.len(), 2);
    let first = all[0].as_ref().unwrap();
    assert_eq!(first.fields[0].1, Value::Text("two\nlines".into()));
    assert_eq!(all[1].as_ref().unwrap().number, 3);
    // A quote in a tag is a character, and one that is never closed costs its own line only.
    assert!(lines("m,t=5\" f=1\nm f=2").all(|line| line.is_ok()));
    let mended: Vec<_> = lines("m s=\"open,f=1\nm f=2").collect();
    assert_eq!(mended.len(), 2);
    assert!(mended[0].is_err() && mended[1].is_ok());
}

#[test]
fn a_backslash_before_anything_else_stands_for_itself() {
    let line = one("C:\\dir,path=\\\\srv\\x f\\n=1,t=\"a\\nb\"");
    assert_eq!(line.measurement, "C:\\dir");
    assert_eq!(line.tags[0].1, "\\\\srv\\x");
    assert_eq!(line.fields[0].0, "f\\n");
    assert_eq!(line.fields[1].1, Value::Text("a\\nb".into()));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (text, place) in [
        (",a=b f=1", "column 1"),
        ("m", "column 2"),
        ("m,a f=1", "column 4"),
        ("m,=b f=1", "column 3"),
        ("m,a= f=1", "tag a"),
        ("m,a=b=c f=1", "column 6"),
        ("m f", "column 4"),
        ("m f=", "field f"),
        ("m f=1,", "column 7"),
        ("m f=one", "field f"),
        ("m f=NaN", "field f"),
        ("m f=-Inf", "field f"),
        ("m f=1e999", "field f"),
        ("m f=0x10", "field f"),
        ("m f=1.5i", "field f"),
        ("m f=-1u", "field f"),
        ("m f=99999999999999999999i", "field f"),
        ("m f=\"open", "field f"),
        ("m f=\"open\\\"", "field f"),
        ("m f=1 noon", "timestamp"),
        ("m f=1 1.5", "timestamp"),
        ("m f=1 +5", "timestamp"),
        ("m f=1 99999999999999999999", "timestamp"),
        ("m f=1 5 6", "timestamp"),
        ("m f=\"a\"b 5", "timestamp"),
        ("m f=\u{FFFD}", "line"),
    ] {
        let fault = refused(text);
        assert_eq!(fault.place, place, "{text}: {}", fault.sentence);
        assert!(fault.sentence.len() > 10 && fault.line == 1, "{text}");
    }
    let long = format!("m f=\"{}\"", "x".repeat(LINE_MAX));
    assert_eq!(refused(&long).place, "line");
    let many = "f=1,".repeat(PARTS_MAX + 1);
    assert!(refused(&format!("m {many}f=1")).sentence.contains("256"));
}

fn escaped(word: &str) -> String {
    word.chars()
        .flat_map(|c| [",= ".contains(c).then_some('\\'), Some(c)])
        .flatten()
        .collect()
}

proptest! {
    #[test]
    fn noise_never_panics_and_no_line_is_lost(text in "[ -~\n\r\\\\\",= éß]{0,200}") {
        let starts: Vec<_> = lines(&text)
            .map(|line| line.map_or_else(|fault| fault.line, |line| line.number))
            .collect();
        prop_assert!(starts.is_sorted());
        prop_assert!(starts.iter().all(|n| *n >= 1 && *n <= text.matches('\n').count() + 1));
    }

    #[test]
    fn what_is_written_by_the_rules_reads_back(
        // No backslash at an end: in line protocol it would escape what follows.
        words in prop::collection::vec("[a-zß][a-z ,=\\\\]{0,8}[a-z]", 3),
        text in "[ -~\n]{0,40}",
        value in prop::num::f64::NORMAL | prop::num::f64::ZERO,
        whole in any::<i64>(),
        time in any::<i64>(),
    ) {
        let [name, tag, field] = [0, 1, 2].map(|n| words[n].replace('\\', "/"));
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let line = format!(
            "{},{}={} {}={value:?},b={whole}i,c=\"{quoted}\" {time}\n",
            escaped(&name), escaped(&tag), escaped(&tag), escaped(&field),
        );
        let found = one(&line);
        prop_assert_eq!(&found.measurement, &name);
        prop_assert_eq!(&found.tags[0], &(tag.clone().into(), tag.into()));
        prop_assert_eq!(&found.fields[0], &(field.into(), Value::Float(value)));
        prop_assert_eq!(&found.fields[1].1, &Value::Integer(whole));
        prop_assert_eq!(&found.fields[2].1, &Value::Text(text.into()));
        prop_assert_eq!(found.timestamp, Some(time));
    }
}

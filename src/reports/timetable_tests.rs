//! What the timetable refuses.

use super::*;

#[test]
fn a_report_is_due_after_its_period_on_the_clock_of_the_site() {
    let calendar = Calendar::new("Africa/Tunis").unwrap();
    let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let due = |every| due_after(at, every, "06:30", &calendar);
    let due = |every| due(every).unwrap().to_string();
    assert_eq!(&due(Span::Day)[..16], "2026-11-21T05:30");
    assert_eq!(&due(Span::Week)[..16], "2026-11-23T05:30");
    assert_eq!(&due(Span::Month)[..16], "2026-12-01T05:30");
    assert_eq!(&due(Span::Year)[..16], "2027-01-01T05:30");
    let morning: Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
    let today = due_after(morning, Span::Day, "06:30", &calendar).unwrap();
    assert_eq!(&today.to_string()[..16], "2026-11-20T05:30");
}

#[test]
fn every_refused_field_is_named() {
    let entry = NewSchedule {
        template: "nothing".to_owned(),
        every: Span::Day,
        at: "6:30".to_owned(),
        language: Language::En,
        formats: vec![Format::Pdf, Format::Pdf],
        recipients: vec!["nobody".to_owned()],
        folder: Some("relative".to_owned()),
        enabled: true,
        about: Subject::default(),
    };
    let error = entry.check(Path::new("/tmp")).unwrap_err();
    let fields: Vec<_> = error.fields.iter().map(|field| &*field.path).collect();
    assert_eq!(
        fields,
        ["template", "at", "formats", "recipients[0]", "folder"]
    );
}

//! *pure* — the evidence of a month as a table of text.

use super::evidence::Evidence;
use crate::exchange::number::push_text;
use std::fmt::Write as _;

impl Evidence {
    /// As a table of text: a line for each day, then one for each excursion.
    #[must_use]
    pub fn csv(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let quoted = |text: &str| {
            let mut cell = Vec::new();
            push_text(&mut cell, text);
            String::from_utf8_lossy(&cell).into_owned()
        };
        let mut out = String::from(
            "kind,date,min_c,max_c,mean_c,mean_kinetic_c,count,measured_s,passed_s,beyond_s,\
             openings,open_s,hash,began_at,ended_at,duration_s,degree_minutes,cause,action\r\n",
        );
        for day in &self.days {
            let (min, max) = (number(day.min_c), number(day.max_c));
            let (mean, kinetic) = (number(day.mean_c), number(day.mean_kinetic_c));
            // Writing to a string does not fail.
            let _ = write!(
                out,
                "day,{},{min},{max},{mean},{kinetic},{},{},{},{},{},{},{},,,,,,\r\n",
                day.date,
                day.count,
                day.measured_s,
                day.passed_s,
                day.beyond_s,
                day.openings,
                day.open_s,
                day.hash
            );
        }
        for one in &self.excursions {
            let review = one.review.as_ref();
            let (cause, action) = review.map_or_else(Default::default, |review| {
                (quoted(&review.cause), quoted(&review.action))
            });
            let end = one.ended_at.map(|end| end.to_string()).unwrap_or_default();
            let _ = write!(
                out,
                "{},,,{},,{},,,,{},,,,{},{end},{},{},{cause},{action}\r\n",
                one.side.word(),
                one.peak_c,
                one.mean_kinetic_c,
                one.beyond_s,
                one.began_at,
                one.duration_s,
                one.degree_minutes
            );
        }
        out
    }
}

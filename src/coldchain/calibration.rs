//! *pure* — certificates of probes: what is added to what a probe says, from which day, and when
//! the next certificate is due.

use super::record::{Text, check_optional, check_text};
use crate::base::error::Checks;
use crate::base::time::{Calendar, parse_date};
use crate::base::{CalibrationId, CellId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest correction of a probe that is worth keeping, K.
const OFFSET_MAX_C: f64 = 10.0;
/// How long before the day a certificate is said to be due soon, ms: 30 days.
const SOON_MS: i64 = 30 * 86_400_000;

/// What is said of a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCalibration {
    /// The probe: what stands before `temperature` in its name; empty for the first one.
    #[serde(default)]
    pub probe: String,
    /// Number of the certificate.
    #[schema(example = "DKD-K-12345")]
    pub certificate: String,
    /// Who calibrated it.
    #[serde(default)]
    pub laboratory: Option<String>,
    /// The day on which it was calibrated; its correction holds from then on.
    #[schema(example = "2026-03-01")]
    pub calibrated_on: String,
    /// The day on which the next one is due.
    #[schema(example = "2027-03-01")]
    pub due_on: String,
    /// What is added to what it says, K.
    pub offset_c: f64,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Calibration {
    /// Its id.
    pub id: CalibrationId,
    /// The cell.
    pub cell_id: CellId,
    /// What is said of it.
    #[serde(flatten)]
    pub said: NewCalibration,
    /// From when on its correction holds.
    pub from: Timestamp,
    /// When the next one is due.
    pub due_at: Timestamp,
    /// Who wrote it down.
    pub written_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// How the certificate of a probe stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CalibrationStanding)]
pub enum Standing {
    /// There is none.
    None,
    /// It holds.
    Valid,
    /// The next one is due within 30 days.
    DueSoon,
    /// The next one is overdue.
    Overdue,
}

impl NewCalibration {
    /// A certificate of a cell from checked input.
    pub(super) fn make(
        self,
        cell: CellId,
        calendar: &Calendar,
        (now, by): (Timestamp, &str),
    ) -> Result<Calibration> {
        let mut checks = Checks::default();
        let line = Text::Line(120);
        let certificate = (self.certificate.as_str(), line);
        check_text(
            &mut checks,
            "certificate",
            certificate,
            "1 to 120 characters.",
        );
        check_optional(&mut checks, "laboratory", (self.laboratory.as_ref(), line));
        let fits = self.offset_c.abs() <= OFFSET_MAX_C;
        let sentence = "-10 to 10 K. A probe that is off by more belongs replaced.";
        checks.require(fits, "offset_c", sentence);
        let day = |checks: &mut Checks, path: &str, text: &str| {
            let date = checks.merge("", parse_date(path, text))?;
            Ok(date.and_then(|date| calendar.instant(&format!("{date}T00:00:00"))))
        };
        let from = day(&mut checks, "calibrated_on", &self.calibrated_on)?;
        let due_at = day(&mut checks, "due_on", &self.due_on)?;
        if let (Some(from), Some(due_at)) = (from, due_at) {
            let sentence = "The next one is due after the day of this one.";
            checks.require(due_at > from, "due_on", sentence);
            let sentence = "That day has not come yet.";
            checks.require(from <= now, "calibrated_on", sentence);
        }
        checks.finish()?;
        Ok(Calibration {
            id: CalibrationId::new(),
            cell_id: cell,
            from: from.unwrap_or(now),
            due_at: due_at.unwrap_or(now),
            said: self,
            written_by: by.to_owned(),
            created_at: now,
        })
    }
}

/// The certificate of a probe that holds at an instant: the latest one, of one day the one that
/// was written down last.
fn holding<'c>(all: &'c [Calibration], probe: &str, at: Timestamp) -> Option<&'c Calibration> {
    let of = |one: &&Calibration| one.said.probe == probe && one.from <= at;
    all.iter()
        .filter(of)
        .max_by_key(|one| (one.from, one.created_at))
}

/// What is added to what a probe says at an instant, K.
#[must_use]
pub fn offset_c(all: &[Calibration], probe: &str, at: Timestamp) -> f64 {
    holding(all, probe, at).map_or(0.0, |one| one.said.offset_c)
}

/// How the certificate of a probe stands now, and when the next one is due.
#[must_use]
pub fn standing(all: &[Calibration], probe: &str, now: Timestamp) -> (Standing, Option<Timestamp>) {
    let Some(one) = holding(all, probe, now) else {
        return (Standing::None, None);
    };
    let left_ms = one.due_at.since_ms(now);
    let standing = match left_ms {
        i64::MIN..=0 => Standing::Overdue,
        1..=SOON_MS => Standing::DueSoon,
        _ => Standing::Valid,
    };
    (standing, Some(one.due_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(on: &str, due: &str, offset_c: f64) -> Result<Calibration> {
        let said = NewCalibration {
            probe: String::new(),
            certificate: "K-1".to_owned(),
            laboratory: None,
            calibrated_on: on.to_owned(),
            due_on: due.to_owned(),
            offset_c,
        };
        let now = Calendar::utc().instant("2026-11-21T12:00:00").unwrap();
        said.make(
            CellId::new(),
            &Calendar::new("Africa/Tunis").unwrap(),
            (now, "chief"),
        )
    }

    #[test]
    fn a_correction_holds_from_its_day_until_the_next_one() {
        let all = [
            calibration("2026-01-10", "2027-01-10", 0.3).unwrap(),
            calibration("2026-06-10", "2026-12-10", -0.2).unwrap(),
        ];
        let at = |text: &str| Calendar::utc().instant(text).unwrap();
        let offset = |text: &str| Some(offset_c(&all, "", at(text)));
        // Midnight in Tunis is an hour before that of UTC.
        assert_eq!(offset("2026-01-09T22:59:59"), Some(0.0));
        assert_eq!(offset("2026-01-09T23:00:00"), Some(0.3));
        assert_eq!(offset("2026-06-09T22:59:59"), Some(0.3));
        assert_eq!(offset("2026-11-01T00:00:00"), Some(-0.2));
        assert_eq!(
            Some(offset_c(&all, "rear", at("2026-11-01T00:00:00"))),
            Some(0.0)
        );
        let stands = |text: &str| standing(&all, "", at(text)).0;
        assert_eq!(stands("2026-11-01T00:00:00"), Standing::Valid);
        assert_eq!(stands("2026-11-21T00:00:00"), Standing::DueSoon);
        assert_eq!(stands("2026-12-10T00:00:00"), Standing::Overdue);
        assert_eq!(
            standing(&all, "rear", at("2026-12-10T00:00:00")).0,
            Standing::None
        );
    }

    #[test]
    fn a_certificate_of_tomorrow_or_without_an_end_is_refused() {
        let paths = |on, due, offset| {
            let refused = calibration(on, due, offset).unwrap_err();
            refused
                .fields
                .into_iter()
                .map(|f| f.path)
                .collect::<Vec<_>>()
        };
        assert_eq!(paths("2026-11-23", "2027-01-01", 0.0), ["calibrated_on"]);
        assert_eq!(
            paths("2026-11-01", "2026-11-01", 11.0),
            ["offset_c", "due_on"]
        );
        assert_eq!(
            paths("soon", "2026-13-01", 0.0),
            ["calibrated_on", "due_on"]
        );
    }
}

//! *pure* — the commissioning report of one device: what was on the wire beside what its display
//! showed.

use super::plausibility::Plausibility;
use super::profile::Profile;
use super::record::Equipment;
use super::source::ModbusSource;
use super::test_read::{TestRead, TestValue};
use crate::base::error::Checks;
use crate::base::{EquipmentId, ReportId, Result, Timestamp, Unit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The largest deviation that passes, %: twice the error of a class 1 meter, because the display
/// is read by eye while the load moves.
const DEVIATION_MAX: f64 = 2.0;
/// Longest note, characters.
const NOTE_MAX: usize = 2_000;

/// A reading that waits for its report.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TakenReading {
    /// What the report names it by.
    pub reading_id: ReportId,
    /// Of which equipment.
    pub equipment_id: EquipmentId,
    /// When.
    pub taken_at: Timestamp,
    /// What the device answered.
    pub read: TestRead,
}

/// What an installer adds to a reading.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The reading.
    pub reading_id: ReportId,
    /// Who stands for it.
    #[schema(example = "N. Haddad")]
    pub installer: String,
    /// What the display showed, by register, in the unit of the reading.
    #[serde(default)]
    pub shown: BTreeMap<String, f64>,
    /// Anything else.
    #[serde(default)]
    pub note: String,
}

/// How a line or a report ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It agrees with the display.
    Passed,
    /// It does not, or it could not be read.
    Failed,
    /// It was not compared.
    NotCompared,
}

/// One register in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LineOfReport {
    /// Its name: `power_l1`.
    pub name: String,
    /// Zero-based address on the wire.
    pub address: u16,
    /// The table: `holding` or `input`.
    pub table: String,
    /// The words as they came.
    pub raw_words: Vec<u16>,
    /// What they mean.
    pub value: Option<f64>,
    /// The unit.
    pub unit: Unit,
    /// What the display showed.
    pub shown: Option<f64>,
    /// By how much the value is above the display, %.
    pub deviation_percent: Option<f64>,
    /// How the two agree.
    pub verdict: Verdict,
}

/// A report, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// The site's name.
    pub site: String,
    /// The equipment.
    pub equipment_id: EquipmentId,
    /// Its name then.
    pub equipment_name: String,
    /// Its type then.
    pub equipment_type: String,
    /// Its model then.
    pub equipment_model: String,
    /// The number on its plate then.
    pub serial_number: Option<String>,
    /// Where it stood.
    pub location: Option<String>,
    /// Id of the profile.
    pub profile: Option<String>,
    /// Its revision.
    pub profile_revision: Option<u32>,
    /// Where its addresses come from.
    pub profile_source: Option<String>,
    /// How the device was reached.
    #[schema(value_type = Object)]
    pub connection: serde_json::Value,
    /// When it was read.
    pub taken_at: Timestamp,
    /// When the report was written.
    pub created_at: Timestamp,
    /// Mean time from question to answer, ms.
    pub round_trip_ms: Option<f64>,
    /// What the test read thought of it.
    pub test_sentence: String,
    /// What physics had found, in words.
    pub findings: Vec<String>,
    /// Every register.
    pub lines: Vec<LineOfReport>,
    /// How it ends.
    pub verdict: Verdict,
    /// Who stands for it.
    pub installer: String,
    /// Who was signed in.
    pub written_by: String,
    /// Anything else.
    pub note: String,
}

impl LineOfReport {
    /// The registers of a reading beside what the display showed.
    pub(super) fn all(read: &TestRead, input: &NewReport) -> Result<Vec<Self>> {
        let mut checks = Checks::default();
        let names: Vec<String> = read.values.iter().map(name).collect();
        for (shown, value) in &input.shown {
            let path = format!("shown.{shown}");
            let sentence = "This reading has no such register.";
            checks.require(names.contains(shown), &path, sentence);
            checks.require(value.is_finite(), &path, "Enter a number.");
        }
        checks.finish()?;
        let line = |(value, name): (&TestValue, String)| {
            let shown = input.shown.get(&name).copied();
            let (deviation_percent, verdict) = compare(value.value, shown);
            Self {
                name,
                address: value.register.address,
                table: value.register.function.name().to_owned(),
                raw_words: value.raw_words.clone(),
                value: value.value,
                unit: value.unit.clone(),
                shown,
                deviation_percent,
                verdict,
            }
        };
        Ok(read.values.iter().zip(names).map(line).collect())
    }
}

/// The deviation of a value from the display, %, and whether it passes.
fn compare(value: Option<f64>, shown: Option<f64>) -> (Option<f64>, Verdict) {
    let (Some(value), Some(shown)) = (value, shown) else {
        let verdict = match (value, shown) {
            (None, Some(_)) => Verdict::Failed,
            _ => Verdict::NotCompared,
        };
        return (None, verdict);
    };
    let difference = value - shown;
    let deviation = if shown.abs() > 0.0 {
        difference / shown.abs() * 100.0
    } else if difference.abs() > 0.0 {
        100.0_f64.copysign(difference)
    } else {
        0.0
    };
    let verdict = if deviation.abs() <= DEVIATION_MAX {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    (Some(deviation), verdict)
}

fn name(value: &TestValue) -> String {
    match value.phase {
        Some(line) => format!("{}_{}", value.metric, line.to_ascii_lowercase()),
        None => value.metric.to_string(),
    }
}

impl Report {
    /// A report of a reading.
    pub(super) fn assemble(
        equipment: &Equipment,
        site: String,
        profile: Option<&Profile>,
        taken: &TakenReading,
        lines: Vec<LineOfReport>,
        plausibility: Plausibility,
        input: &NewReport,
    ) -> Result<Self> {
        let mut checks = Checks::default();
        let installer = input.installer.trim().to_owned();
        let fits = (1..=120).contains(&installer.chars().count());
        let sentence = "Who stands for this report? 1 to 120 characters.";
        checks.require(fits, "installer", sentence);
        let short = input.note.chars().count() <= NOTE_MAX;
        checks.require(short, "note", "At most 2000 characters.");
        checks.finish()?;
        let failed = lines.iter().any(|line| line.verdict == Verdict::Failed);
        let compared = lines.iter().any(|line| line.verdict == Verdict::Passed);
        let verdict = if failed || !plausibility.believed || !taken.read.ok {
            Verdict::Failed
        } else if compared {
            Verdict::Passed
        } else {
            Verdict::NotCompared
        };
        let connection = equipment.modbus.as_ref().map(|source| {
            let own = ModbusSource {
                // The lines of the report show them, with what they brought.
                registers: BTreeMap::new(),
                ..source.clone()
            };
            serde_json::to_value(own).unwrap_or_default()
        });
        Ok(Self {
            id: taken.reading_id,
            site,
            equipment_id: equipment.id,
            equipment_name: equipment.name.clone(),
            equipment_type: equipment.kind.clone(),
            equipment_model: equipment.model.clone(),
            serial_number: equipment.serial_number.clone(),
            location: equipment.location.clone(),
            profile: profile.map(|profile| profile.id.clone()),
            profile_revision: profile.map(|profile| profile.revision),
            profile_source: profile.map(|profile| profile.source.trim().to_owned()),
            connection: connection.unwrap_or_default(),
            taken_at: taken.taken_at,
            created_at: taken.taken_at,
            round_trip_ms: taken.read.round_trip_ms,
            test_sentence: taken.read.verdict.sentence.clone(),
            findings: plausibility
                .findings
                .into_iter()
                .map(|f| f.sentence)
                .collect(),
            lines,
            verdict,
            installer,
            written_by: String::new(),
            note: input.note.trim().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_compared_with_the_display() {
        let (deviation, verdict) = compare(Some(101.0), Some(100.0));
        assert!((deviation.unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(verdict, Verdict::Passed);
        assert_eq!(compare(Some(-103.0), Some(-100.0)).1, Verdict::Failed);
        assert_eq!(compare(Some(0.0), Some(0.0)).1, Verdict::Passed);
        assert_eq!(
            compare(Some(0.5), Some(0.0)),
            (Some(100.0), Verdict::Failed)
        );
        assert_eq!(compare(None, Some(5.0)), (None, Verdict::Failed));
        assert_eq!(compare(Some(5.0), None), (None, Verdict::NotCompared));
        assert_eq!(compare(None, None), (None, Verdict::NotCompared));
    }
}

//! Rows of minutes, quarters and hours as packed CSV: what is left of a time whose samples were
//! forgotten. Where the samples are still kept the rows can be made of them, and are not written.

use super::archive::Listed;
use super::number::push_decimal;
use super::part::Part;
use crate::base::sample::MetricKind;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, Phase, Quality, Result, TimeRange, Timestamp};
use crate::equipment::Equipment;
use crate::tsdb::rollup::Summary;
use crate::tsdb::{Buckets, Level, Query, Resolution, SeriesId, SeriesInfo, Tsdb};

const HEAD: &str = "timestamp,equipment_id,metric,phase,unit,min,max,mean,last,energy,covered_ms,\
                    samples,qualities";
/// What is read at once, ms: a day, which is 1,440 rows of a minute.
const WINDOW_MS: i64 = 86_400_000;
/// Codes of quality that a row may hold.
const QUALITIES: std::ops::Range<u8> = 0..6;

/// One month.
pub(super) struct Month<'a> {
    pub(super) tsdb: &'a Tsdb,
    pub(super) equipment: &'a [Equipment],
    pub(super) range: TimeRange,
}

impl Month<'_> {
    /// Writes the finest rows that are left of the month; `None` when its samples are kept or
    /// there is nothing.
    pub(super) fn write(
        &self,
        calendar: &Calendar,
        part: &dyn Fn(&str) -> Result<Part>,
    ) -> Result<Option<Listed>> {
        let (level, step_ms) = match self.tsdb.finest_kept(self.range.from)? {
            Some(Level::Minute) => (Level::Minute, 60_000),
            Some(Level::Quarter) => (Level::Quarter, 15 * 60_000),
            Some(Level::Hour) => (Level::Hour, 3_600_000),
            Some(Level::Raw) | None => return Ok(None),
        };
        let date = calendar.date(self.range.from);
        let month = date.get(..7).unwrap_or(&date);
        let name = format!("rows-{}-{month}.csv.gz", level.name());
        let mut file: Option<Part> = None;
        let mut line = Vec::new();
        for one in self.equipment {
            let series = self.tsdb.series_of(one.id);
            if series.is_empty() {
                continue;
            }
            let mut from = self.range.from;
            while from < self.range.to {
                let to = from.plus_ms(WINDOW_MS).min(self.range.to);
                let range = TimeRange { from, to };
                for bucket in self.buckets(&series, range, step_ms, calendar)?.iter() {
                    for ((_, info), row) in series.iter().zip(bucket.columns) {
                        let Some(row) = row else { continue };
                        let file = match &mut file {
                            Some(file) => file,
                            none => {
                                let mut new = part(&name)?;
                                new.line(HEAD.as_bytes()).map_err(refused)?;
                                none.insert(new)
                            }
                        };
                        line.clear();
                        push_row(&mut line, bucket.start, info, row);
                        file.line(&line).map_err(refused)?;
                    }
                }
                from = to;
            }
        }
        file.map(Part::finish).transpose().map_err(refused)
    }

    fn buckets(
        &self,
        series: &[(SeriesId, SeriesInfo)],
        range: TimeRange,
        step_ms: i64,
        calendar: &Calendar,
    ) -> Result<Buckets> {
        self.tsdb.buckets(&Query {
            series: series.iter().map(|(id, _)| *id).collect(),
            range,
            resolution: Resolution::Buckets(BucketSize::Fixed(step_ms)),
            calendar: calendar.clone(),
        })
    }
}

fn push_row(line: &mut Vec<u8>, start: Timestamp, info: &SeriesInfo, row: &Summary) {
    let phase = match info.key.phase {
        Phase::Total => "total",
        Phase::L1 => "L1",
        Phase::L2 => "L2",
        Phase::L3 => "L3",
    };
    let head = format!(
        "{start},{},{},{phase},{}",
        info.key.equipment,
        info.key.metric,
        cell(info.unit.as_str())
    );
    line.extend_from_slice(head.as_bytes());
    let counts = info.key.metric.kind() == MetricKind::Counter;
    let measured = row.count > 0 || row.covered_ms > 0;
    let figures = [
        measured.then_some(row.min),
        measured.then_some(row.max),
        (row.covered_ms > 0).then(|| row.mean()),
        measured.then_some(row.last),
        counts.then_some(row.delta),
    ];
    for figure in figures {
        line.push(b',');
        if let Some(value) = figure {
            push_decimal(line, value);
        }
    }
    let held = |code: &u8| row.qualities & (1 << code) != 0;
    let names: Vec<String> = QUALITIES
        .filter(held)
        .filter_map(Quality::from_code)
        .map(|quality| format!("{quality:?}").to_lowercase())
        .collect();
    let tail = format!(",{},{},{}", row.covered_ms, row.count, names.join("+"));
    line.extend_from_slice(tail.as_bytes());
}

/// A unit of somebody's own, safe in a table: quoted, and no formula.
fn cell(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "°%³²/µ·".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("\"'{}\"", text.replace('"', "\"\""))
}

fn refused(cause: std::io::Error) -> Error {
    Error::unavailable(
        "The export cannot be written. Check the room and the rights of its directory.",
    )
    .because(cause)
}

//! SQLite as a careful programmer would use it: one wide table, WAL, every commit on disk, and
//! tables of quarters, hours and days that are kept by hand.

use crate::fleet::Said;
use crate::generator::METRICS;
use crate::questions::{CONSUMPTION, DAY_MS, Form, HOUR_MS, QUARTER_MS, Question, Rows};
use rusqlite::{Connection, Statement, params};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The rolled-up tables and the length of their buckets, ms.
const ROLLED: [(&str, i64); 3] = [("quarter", QUARTER_MS), ("hour", HOUR_MS), ("day", DAY_MS)];

pub(crate) struct Sqlite {
    connection: Connection,
    place: PathBuf,
    /// Those of [`ROLLED`] that are longer than the beat.
    rolled: &'static [(&'static str, i64)],
}

/// A text for each metric, with commas between.
fn each(text: impl Fn(&str) -> String) -> String {
    let texts: Vec<_> = METRICS.iter().map(|spec| text(spec.metric)).collect();
    texts.join(", ")
}

impl Sqlite {
    /// A new file for readings on this beat.
    pub(crate) fn open(place: &Path, interval_ms: i64) -> Self {
        let finer = ROLLED.iter().filter(|(_, length)| *length < interval_ms);
        let rolled = &ROLLED[finer.count()..];
        let connection = Connection::open(place.join("bench.sqlite")).unwrap();
        let mut schema = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
             CREATE TABLE tick (meter INTEGER, ts INTEGER, {}, PRIMARY KEY (meter, ts)) WITHOUT ROWID;",
            each(|name| format!("{name} REAL"))
        );
        for (table, _) in rolled {
            let columns = each(|name| format!("sum_{name} REAL, min_{name} REAL, max_{name} REAL"));
            let _ = write!(
                schema,
                "CREATE TABLE {table} (meter INTEGER, start INTEGER, count INTEGER, {columns}, energy REAL,
                 PRIMARY KEY (meter, start)) WITHOUT ROWID;"
            );
        }
        connection.execute_batch(&schema).unwrap();
        Self {
            connection,
            place: place.to_owned(),
            rolled,
        }
    }

    /// Stores ticks in one transaction, on disk when this returns; also rolls up the quarter, of
    /// so many meters, that these ticks closed.
    pub(crate) fn append(&self, said: &[Said], closed: Option<(i64, u32)>) {
        self.connection.execute_batch("BEGIN").unwrap();
        let marks = vec!["?"; METRICS.len() + 2].join(", ");
        let mut insert = self.prepare(&format!("INSERT INTO tick VALUES ({marks})"));
        for said in said {
            insert.raw_bind_parameter(1, said.meter).unwrap();
            insert.raw_bind_parameter(2, said.tick.at_ms).unwrap();
            for (at, value) in (3..).zip(said.tick.values) {
                insert.raw_bind_parameter(at, value).unwrap();
            }
            insert.raw_execute().unwrap();
        }
        if let Some((start, meters)) = closed {
            self.roll_up(meters, (start, start + QUARTER_MS));
        }
        self.connection.execute_batch("COMMIT").unwrap();
    }

    fn prepare(&self, text: &str) -> Statement<'_> {
        self.connection.prepare(text).unwrap()
    }

    /// Fills the rolled-up tables for a span.
    pub(crate) fn roll_up(&self, meters: u32, (from, to): (i64, i64)) {
        let sums = each(|name| format!("SUM({name}), MIN({name}), MAX({name})"));
        let reading = |at: &str| {
            format!(
                "(SELECT consumption FROM tick WHERE meter = ?1 AND ts <= {at} ORDER BY ts DESC LIMIT 1)"
            )
        };
        let mut finest = self.prepare(&format!(
            "INSERT OR REPLACE INTO {} SELECT ?1, ?2, COUNT(*), {sums},
             {} - IFNULL({}, MIN(consumption)) FROM tick WHERE meter = ?1 AND ts >= ?2 AND ts < ?3",
            self.rolled[0].0,
            reading("?3"),
            reading("?2"),
        ));
        let again = each(|name| format!("SUM(sum_{name}), MIN(min_{name}), MAX(max_{name})"));
        let next = |(pair, _): (&[(&str, i64)], usize)| {
            let (fine, coarse) = (pair[0].0, pair[1].0);
            self.prepare(&format!(
                "INSERT OR REPLACE INTO {coarse} SELECT ?1, ?2, SUM(count), {again}, SUM(energy)
                 FROM {fine} WHERE meter = ?1 AND start >= ?2 AND start < ?3"
            ))
        };
        let mut coarser: Vec<_> = self.rolled.windows(2).zip(0..).map(next).collect();
        for meter in 0..meters {
            let mut start = from;
            while start < to {
                let end = start + self.rolled[0].1;
                finest.execute(params![meter, start, end]).unwrap();
                for (statement, (_, length)) in coarser.iter_mut().zip(&self.rolled[1..]) {
                    if end % length == 0 {
                        statement
                            .execute(params![meter, end - length, end])
                            .unwrap();
                    }
                }
                start = end;
            }
        }
    }

    /// Rolls up all of a loaded set.
    pub(crate) fn roll_up_all(&self, meters: u32, range: (i64, i64)) {
        self.connection.execute_batch("BEGIN").unwrap();
        self.roll_up(meters, range);
        self.connection.execute_batch("COMMIT").unwrap();
    }

    /// Bytes on disk, with the log emptied into the file.
    pub(crate) fn bytes(&self) -> u64 {
        let _: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .unwrap();
        crate::measure::allocated(&self.place, &["-shm", "-wal"])
    }

    /// A statement that answers a question of this form; `raw` leaves the rolled-up tables alone.
    /// Its last column says whether anything was measured.
    pub(crate) fn prepared(&self, question: &Question, raw: bool) -> Asked<'_> {
        let values = |value: &dyn Fn(&str) -> String| {
            let names = question
                .metrics
                .iter()
                .map(|metric| METRICS[*metric].metric);
            names.map(value).collect::<Vec<_>>().join(", ")
        };
        let text = match question.form {
            Form::Buckets(step) | Form::FromRaw(step) if raw => format!(
                "SELECT ts - ts % {step} AS at, {}, COUNT(*) FROM tick
                 WHERE meter = ?1 AND ts >= ?2 AND ts < ?3 GROUP BY at",
                values(&|name| format!("AVG({name})"))
            ),
            Form::Buckets(step) | Form::FromRaw(step) => format!(
                "SELECT start, {}, count FROM {}
                 WHERE meter = ?1 AND start >= ?2 AND start < ?3 ORDER BY start",
                values(&|name| match name {
                    _ if name == METRICS[CONSUMPTION].metric => "IFNULL(energy, 0)".to_owned(),
                    name => format!("IFNULL(sum_{name} / count, 0)"),
                }),
                ROLLED.iter().find(|(_, length)| *length == step).unwrap().0,
            ),
            Form::Raw | Form::Last => format!(
                "SELECT ts, {}, 1 FROM tick WHERE meter = ?1 AND ts >= ?2 AND ts < ?3 ORDER BY ts {}",
                values(&str::to_owned),
                if question.form == Form::Last {
                    "DESC LIMIT 1"
                } else {
                    ""
                },
            ),
        };
        Asked {
            statement: self.prepare(&text),
            question: question.clone(),
        }
    }

    /// Writes every tick of a meter as a line of CSV; how many.
    pub(crate) fn export(
        &self,
        meter: u32,
        range: (i64, i64),
        out: &mut dyn std::io::Write,
    ) -> u64 {
        let names = each(str::to_owned);
        let mut statement = self.prepare(&format!(
            "SELECT ts, {names} FROM tick WHERE meter = ? AND ts >= ? AND ts < ? ORDER BY ts"
        ));
        let mut rows = statement.query(params![meter, range.0, range.1]).unwrap();
        let mut count = 0;
        while let Some(row) = rows.next().unwrap() {
            let values = (1..=METRICS.len()).map(|column| row.get(column).unwrap());
            crate::export::write_line(out, row.get(0).unwrap(), values);
            count += 1;
        }
        count
    }
}

/// A question that was made ready.
pub(crate) struct Asked<'a> {
    statement: Statement<'a>,
    question: Question,
}

impl Asked<'_> {
    /// The answer. Several meters are asked one by one, each along its key, and added up here.
    pub(crate) fn ask(&mut self) -> Rows {
        let (from, to) = self.question.range;
        let columns = self.question.metrics.len();
        let adds_up = self.question.meters.len() > 1 && self.question.form != Form::Last;
        let mut sums: BTreeMap<i64, (Vec<f64>, bool)> = BTreeMap::new();
        let mut all = Rows::new();
        for meter in &self.question.meters {
            let values = params![meter, from, to];
            let mut rows = self.statement.query(values).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let at = row.get(0).unwrap();
                let values = (1..=columns).map(|column| row.get::<_, f64>(column).unwrap());
                let measured = row.get::<_, i64>(columns + 1).unwrap() > 0;
                if adds_up {
                    let (sum, any) = sums
                        .entry(at)
                        .or_insert_with(|| (vec![0.0; columns], false));
                    *any |= measured;
                    sum.iter_mut()
                        .zip(values)
                        .for_each(|(sum, value)| *sum += value);
                } else if measured {
                    all.push((at, values.collect()));
                }
            }
        }
        let measured = sums.into_iter().filter(|(_, (_, any))| *any);
        all.extend(measured.map(|(at, (sum, _))| (at, sum)));
        all
    }
}

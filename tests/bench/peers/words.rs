//! The questions in the words of each peer.

use super::server::Program;
use crate::generator::METRICS;
use crate::questions::{CONSUMPTION, Form, HOUR_MS, Question};
use serde_json::Value;

/// A path and its parameters.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: &'static str,
    pub(crate) values: Vec<(&'static str, String)>,
}

fn influx_request(text: String) -> Request {
    let values = vec![
        ("db", "bench".to_owned()),
        ("epoch", "ms".to_owned()),
        ("q", text),
    ];
    Request {
        path: "/query",
        values,
    }
}

/// A text for each asked metric, with commas between.
fn each(question: &Question, text: impl Fn(usize, &str) -> String) -> String {
    let names = question.metrics.iter();
    let texts: Vec<_> = names
        .map(|metric| text(*metric, METRICS[*metric].metric))
        .collect();
    texts.join(", ")
}

/// A counter is folded to its greatest reading: the difference is for the client to take.
const fn folded_by(metric: usize) -> &'static str {
    if metric == CONSUMPTION { "max" } else { "mean" }
}

fn span(question: &Question) -> String {
    let (from, to) = question.range;
    let meter = match question.meters[..] {
        [meter] => format!(" AND meter = '{meter}'"),
        _ => String::new(),
    };
    format!("time >= {from}ms AND time < {to}ms{meter}")
}

/// To InfluxDB, from the raw readings.
pub(crate) fn influx(question: &Question) -> Request {
    let span = span(question);
    let several = question.meters.len() > 1;
    influx_request(match question.form {
        Form::Buckets(step) | Form::FromRaw(step) => {
            let folds = each(question, |metric, name| {
                format!("{}({name}) AS {name}", folded_by(metric))
            });
            let inner = format!("SELECT {folds} FROM plant WHERE {span} GROUP BY time({step}ms)");
            if several {
                let sums = each(question, |_, name| format!("sum({name})"));
                format!(
                    "SELECT {sums} FROM ({inner}, meter) WHERE {span} GROUP BY time({step}ms) fill(none)"
                )
            } else {
                inner + " fill(none)"
            }
        }
        Form::Raw => format!(
            "SELECT {} FROM plant WHERE {span}",
            each(question, |_, name| name.to_owned())
        ),
        Form::Last => "SELECT last(*) FROM plant GROUP BY meter".to_owned(),
    })
}

/// What fills the hourly table of InfluxDB.
pub(crate) fn influx_roll_up((from, to): (i64, i64)) -> Vec<String> {
    let folds: Vec<_> = METRICS
        .iter()
        .enumerate()
        .map(|(metric, spec)| {
            format!(
                "{}({name}) AS {name}",
                folded_by(metric),
                name = spec.metric
            )
        })
        .collect();
    let folds = folds.join(", ");
    // A day at a time, as a continuous query would.
    let day = |start: i64| {
        format!(
            "SELECT {folds} INTO hourly FROM plant WHERE time >= {start}ms AND time < {}ms \
             GROUP BY time(1h), meter fill(none)",
            start + 24 * HOUR_MS
        )
    };
    (0..(to - from) / (24 * HOUR_MS))
        .map(|n| day(from + n * 24 * HOUR_MS))
        .collect()
}

/// To the hourly table of InfluxDB; nothing where it cannot answer.
pub(crate) fn influx_rolled(question: &Question) -> Option<Request> {
    if question.form != Form::Buckets(HOUR_MS) {
        return None;
    }
    let span = span(question);
    Some(influx_request(if question.meters.len() > 1 {
        let sums = each(question, |_, name| format!("sum({name})"));
        format!("SELECT {sums} FROM hourly WHERE {span} GROUP BY time(1h) fill(none)")
    } else {
        format!(
            "SELECT {} FROM hourly WHERE {span}",
            each(question, |_, name| name.to_owned())
        )
    }))
}

/// To VictoriaMetrics; `cached` lets it use its cache of answers.
pub(crate) fn victoria(question: &Question, cached: bool) -> Request {
    let (from, to) = question.range;
    let seconds = |ms: i64| format!("{:.3}", ms as f64 / 1e3);
    let only = match question.meters[..] {
        [meter] => format!("{{meter=\"{meter}\"}}"),
        _ => String::new(),
    };
    let mut values = Vec::new();
    let (path, text) = match question.form {
        Form::Buckets(step) | Form::FromRaw(step) => {
            let fold = |metric: usize, name: &str| {
                let by = if metric == CONSUMPTION { "max" } else { "avg" };
                let fold = format!("{by}_over_time(plant_{name}{only}[{step}ms])");
                let all = if question.meters.len() > 1 {
                    format!("sum({fold})")
                } else {
                    fold
                };
                format!("alias({all}, \"{name}\")")
            };
            // A window ends with its instant: a millisecond before the next bucket it is the bucket.
            values.push(("start", seconds(from + step - 1)));
            values.push(("end", seconds(to - 1)));
            values.push(("step", format!("{step}ms")));
            (
                "/api/v1/query_range",
                format!("union({})", each(question, fold)),
            )
        }
        Form::Raw => {
            values.push(("time", seconds(to - 1)));
            let window = to - from;
            let of = |_: usize, name: &str| format!("plant_{name}{only}[{window}ms]");
            ("/api/v1/query", each(question, of))
        }
        Form::Last => {
            values.push(("time", seconds(to - 1)));
            let text = "last_over_time({__name__=~\"plant_.*\"}[15m]) keep_metric_names";
            ("/api/v1/query", text.to_owned())
        }
    };
    values.push(("query", text));
    if !cached {
        values.push(("nocache", "1".to_owned()));
    }
    Request { path, values }
}

/// As [`victoria`], with its cache, where it has one.
pub(crate) fn victoria_cached(question: &Question) -> Option<Request> {
    let has = matches!(question.form, Form::Buckets(_) | Form::FromRaw(_));
    has.then(|| victoria(question, true))
}

/// How many rows an answer has, and the sum of its powers.
pub(crate) fn power(program: Program, text: &str) -> (usize, f64) {
    let answer: Value = serde_json::from_str(text).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let number = |value: &Value| match value {
        Value::String(text) => text.parse().unwrap(),
        other => other.as_f64().unwrap(),
    };
    let rows: Vec<f64> = match program {
        Program::Influx => {
            let series = list(&answer["results"][0]["series"]);
            // `last(*)` names its columns by the alphabet.
            let column = |series: &Value| {
                let names = list(&series["columns"]);
                names
                    .iter()
                    .position(|name| name == "last_power")
                    .unwrap_or(1)
            };
            let of = |series: &Value| {
                let column = column(series);
                list(&series["values"])
                    .into_iter()
                    .map(move |row| number(&row[column]))
                    .collect::<Vec<_>>()
            };
            series.iter().flat_map(of).collect()
        }
        Program::Victoria => {
            let series = list(&answer["data"]["result"]);
            let is = |series: &&Value| {
                let name = series["metric"]["__name__"].as_str().unwrap_or_default();
                name == "power" || name == "plant_power"
            };
            let of = |series: &Value| {
                let mut rows = list(&series["values"]);
                rows.extend(series.get("value").cloned());
                rows.into_iter()
                    .map(|row| number(&row[1]))
                    .collect::<Vec<_>>()
            };
            series.iter().filter(is).flat_map(of).collect()
        }
    };
    (rows.len(), rows.iter().sum())
}

/// Two answers that differ would compare nothing.
pub(crate) fn same(question: &str, what: &str, expected: f64, found: f64) {
    assert!(
        (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
        "{question}: {what} says {found}, the store {expected}"
    );
}

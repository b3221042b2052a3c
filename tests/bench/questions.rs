//! What every store is asked, in a form that all of them understand, and whether they agree.

use crate::generator::METRICS;
use std::collections::BTreeSet;

/// Columns of a tick.
pub(crate) const POWER: usize = 0;
pub(crate) const POWER_FACTOR: usize = 3;
pub(crate) const VOLTAGE: usize = 4;
pub(crate) const CURRENT: usize = 5;
pub(crate) const CONSUMPTION: usize = 7;
pub(crate) const TEMPERATURE: usize = 9;

/// Lengths, ms.
pub(crate) const QUARTER_MS: i64 = 900_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// Where every set begins, ms since 1970: a Monday at midnight, UTC.
pub(crate) const START_MS: i64 = 1_772_409_600_000;

/// What is asked.
#[derive(Clone)]
pub(crate) struct Question {
    /// Its name in the table.
    pub(crate) name: String,
    /// Which meters; the answer is their sum when there are several.
    pub(crate) meters: Vec<u32>,
    /// Which columns of a tick: a counter is answered by its energy, anything else by its mean.
    pub(crate) metrics: Vec<usize>,
    /// From, to, ms.
    pub(crate) range: (i64, i64),
    /// In which form.
    pub(crate) form: Form,
}

/// In which form an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// By bucket of so many ms, from whatever the store keeps for it.
    Buckets(i64),
    /// By bucket of so many ms, from the raw readings.
    FromRaw(i64),
    /// Every tick.
    Raw,
    /// The last value of all.
    Last,
}

/// Time, ms, and a value for each metric.
pub(crate) type Rows = Vec<(i64, Vec<f64>)>;

impl Question {
    fn new(name: &str, meters: Vec<u32>, metrics: &[usize], range: (i64, i64), form: Form) -> Self {
        Self {
            name: name.to_owned(),
            meters,
            metrics: metrics.to_vec(),
            range,
            form,
        }
    }
}

/// Q1 to Q5 on a set of `days` at 5 s.
pub(crate) fn of_days(days: i64, meters: u32) -> Vec<Question> {
    let all = (START_MS, START_MS + days * DAY_MS);
    let day = (all.1 - 2 * DAY_MS, all.1 - DAY_MS);
    let hour = (day.0 + 9 * HOUR_MS, day.0 + 10 * HOUR_MS);
    let five = [POWER, POWER_FACTOR, VOLTAGE, CURRENT, TEMPERATURE];
    let both = [POWER, CONSUMPTION];
    let every: Vec<usize> = (0..METRICS.len()).collect();
    let (one, fleet) = (vec![meters / 2], (0..meters).collect::<Vec<_>>());
    let (hourly, quarterly) = (Form::Buckets(HOUR_MS), Form::Buckets(QUARTER_MS));
    let (q1, q2) = (format!("Q1 {days} d x 1 h"), format!("Q2 {days} d x 1 h"));
    vec![
        Question::new(&q1, one.clone(), &both, all, hourly),
        Question::new(
            &(q1 + ", from raw"),
            one.clone(),
            &[POWER],
            all,
            Form::FromRaw(HOUR_MS),
        ),
        Question::new(&(q2 + ", sum of all"), fleet.clone(), &both, all, hourly),
        Question::new(
            "Q3 24 h x 15 min, 5 metrics",
            one.clone(),
            &five,
            day,
            quarterly,
        ),
        Question::new(
            "Q4 last of all series (HTTP: by meter)",
            fleet,
            &every,
            all,
            Form::Last,
        ),
        Question::new("Q5 raw hour", one, &[POWER], hour, Form::Raw),
    ]
}

/// Q6 on a set of `days` at 1 h.
pub(crate) fn of_months(days: i64, meters: u32) -> Question {
    let all = (START_MS, START_MS + days * DAY_MS);
    let both = [POWER, CONSUMPTION];
    let name = format!("Q6 {days} d x 1 d");
    Question::new(&name, vec![meters / 2], &both, all, Form::Buckets(DAY_MS))
}

/// Where a meter was silent: its energy is spread over the silence by one store and booked at its
/// end by the other. Both must have the same in all.
#[derive(Default)]
pub(crate) struct Silence {
    /// Starts of the rows that it touches.
    pub(crate) rows: BTreeSet<i64>,
    /// Energy of all rows, those in which nothing was measured too, kWh.
    pub(crate) energy: f64,
}

/// Says where two answers differ; two that differ would compare nothing.
pub(crate) fn difference(
    question: &Question,
    (ours, silence): (&Rows, &Silence),
    theirs: &Rows,
) -> Option<String> {
    if ours.len() != theirs.len() {
        return Some(format!("{} rows against {}", ours.len(), theirs.len()));
    }
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
    let energy = (question.metrics.iter()).position(|metric| *metric == CONSUMPTION);
    let apart = ours.iter().zip(theirs).find_map(|(ours, theirs)| {
        let elsewhere = |n: usize| energy == Some(n) && silence.rows.contains(&ours.0);
        let pairs = ours.1.iter().zip(&theirs.1).enumerate();
        let mut pairs = pairs.filter(|(n, _)| !elsewhere(*n));
        let same = ours.0 == theirs.0
            && ours.1.len() == theirs.1.len()
            && pairs.all(|(_, (a, b))| near(*a, *b));
        (!same).then(|| format!("{ours:?} against {theirs:?}"))
    });
    let total = || {
        let column = energy.filter(|_| matches!(question.form, Form::Buckets(_)))?;
        let theirs: f64 = theirs.iter().map(|(_, row)| row[column]).sum();
        let ours = silence.energy;
        (!near(ours, theirs)).then(|| format!("{ours} kWh in all against {theirs}"))
    };
    apart.or_else(total)
}

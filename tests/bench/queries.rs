//! Questions to history: compared first, then timed.

use crate::fixture::Set;
use crate::measure::{Process, Times};
use crate::questions::{Form, Question, Rows, difference};
use crate::report::{Table, figure, ratio};
use crate::served::{Served, sums};
use std::time::{Duration, Instant};

/// Most runs of a question, and how long they may take together.
const RUNS: usize = 200;
const RUNS_MIN: usize = 5;
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs often enough to say something.
pub(crate) fn repeat(mut run: impl FnMut()) -> Times {
    run();
    let (mut times, cpu, began) = (Times::default(), Process::own().cpu(), Instant::now());
    for done in 0..RUNS {
        if done >= RUNS_MIN && began.elapsed() > PATIENCE {
            break;
        }
        let began = Instant::now();
        run();
        times.note(began);
    }
    times.cpu_s = Process::own().cpu().since(cpu);
    times
}

/// As [`repeat`], over HTTP; the CPU is that of the server.
pub(crate) async fn repeat_http<F: Future<Output = ()>>(
    server: Process,
    run: impl Fn() -> F,
) -> Times {
    run().await;
    let (mut times, cpu, began) = (Times::default(), server.cpu(), Instant::now());
    for done in 0..RUNS {
        if done >= RUNS_MIN && began.elapsed() > PATIENCE {
            break;
        }
        let began = Instant::now();
        run().await;
        times.note(began);
    }
    times.cpu_s = server.cpu().since(cpu);
    times
}

/// p50, p99 and CPU, ms.
pub(crate) fn cells(times: &Times) -> String {
    let (middle, worst) = (times.share_ms(0.5), times.share_ms(0.99));
    format!(
        "{} / {} / {}",
        figure(middle),
        figure(worst),
        figure(times.cpu_ms())
    )
}

/// One question, answered and timed.
struct Answered {
    question: Question,
    rows: Rows,
    ours: Times,
    http: Option<Times>,
    kept: Option<Times>,
    raw: Option<Times>,
}

fn in_process(set: &Set, question: &Question) -> Answered {
    let (bucketed, from_raw) = match question.form {
        Form::Buckets(_) => (true, false),
        Form::FromRaw(_) => (false, true),
        Form::Raw | Form::Last => (true, false),
    };
    let rows = set.ours().ask(question);
    let silence = set.ours().silence(question);
    let against = |theirs: Rows| {
        if let Some(difference) = difference(question, (&rows, &silence), &theirs) {
            panic!("{}: the answers differ: {difference}", question.name);
        }
    };
    let timed = |raw: bool| {
        let mut asked = set.sqlite.prepared(question, raw);
        against(asked.ask());
        repeat(|| {
            asked.ask();
        })
    };
    let kept = bucketed.then(|| timed(false));
    let raw = from_raw.then(|| timed(true));
    let ours = repeat(|| {
        set.ours().ask(question);
    });
    Answered {
        question: question.clone(),
        rows,
        ours,
        http: None,
        kept,
        raw,
    }
}

async fn over_http(served: &Served, answered: &mut Answered) {
    let paths = served.paths(&answered.question);
    if paths.is_empty() {
        return;
    }
    let text = served.ask(&paths).await;
    if answered.question.form != Form::Last {
        let found = sums(&text, &answered.question);
        for (column, found) in found.iter().enumerate() {
            let rows = answered.rows.iter().map(|(_, row)| row[column]);
            let expected: f64 = rows.sum();
            assert!(
                (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
                "{}: {found} over HTTP, {expected} from the store",
                answered.question.name
            );
        }
    }
    let ask = async || {
        served.ask(&paths).await;
    };
    answered.http = Some(repeat_http(served.process(), ask).await);
}

/// Answers all questions of a set; the appliance that serves them at the end is told of.
pub(crate) async fn run(set: &mut Set, questions: &[Question]) {
    let mut all: Vec<_> = questions
        .iter()
        .map(|question| in_process(set, question))
        .collect();
    let end = set.range().1;
    let data = set.release();
    let served = Served::start(&data, end).await;
    let fresh = served.process().resident();
    for answered in &mut all {
        over_http(&served, answered).await;
    }
    print(&all);
    println!(
        "  resident memory of the appliance: {} MB after the start, {} MB after these questions",
        fresh / 1_000_000,
        served.process().resident() / 1_000_000
    );
    served.stop();
}

fn print(all: &[Answered]) {
    let head = [
        "",
        "rows",
        "indusmind",
        "SQLite",
        "ratio",
        "indusmind, HTTP",
    ];
    let title = "questions: p50 / p99 / CPU per question, ms, warm (SQLite: its own rolled-up \
                 tables, except from raw; HTTP: with login, the CPU is the server's; ratio of p50)";
    let mut table = Table::new(title, &head);
    for answered in all {
        let theirs = answered.kept.as_ref().or(answered.raw.as_ref());
        let dash = || "-".to_owned();
        let middle = |times: &Times| times.share_ms(0.5);
        table.line([
            answered.question.name.clone(),
            answered.rows.len().to_string(),
            cells(&answered.ours),
            theirs.map_or_else(dash, cells),
            theirs.map_or_else(dash, |theirs| ratio(middle(theirs), middle(&answered.ours))),
            answered.http.as_ref().map_or_else(dash, cells),
        ]);
    }
    table.print();
}

//! The questions to all of them: compared first, then timed, in one table.

use super::server::Server;
use super::words::{self, Request};
use crate::fixture::Set;
use crate::measure::Times;
use crate::queries::{cells, repeat, repeat_http};
use crate::questions::{Form, Question};
use crate::report::{Table, ratio};
use crate::served::{Served, sums};

/// A question and what our store says.
pub(crate) struct Prepared {
    question: Question,
    rows: usize,
    /// Of the first column, which is the power.
    sum: f64,
    /// Our time in process, for what our API does not offer.
    in_process: Option<Times>,
}

/// Asks our store while it is open here.
pub(crate) fn prepare(set: &Set, question: &Question) -> Prepared {
    let rows = set.ours().ask(question);
    let from_raw = matches!(question.form, Form::FromRaw(_));
    let in_process = from_raw.then(|| {
        repeat(|| {
            set.ours().ask(question);
        })
    });
    Prepared {
        question: question.clone(),
        rows: rows.len(),
        sum: rows.iter().map(|(_, row)| row[0]).sum(),
        in_process,
    }
}

/// Prints what everybody needs.
pub(crate) async fn run(served: &Served, all: &[Prepared], (influx, victoria): (&Server, &Server)) {
    let head = [
        "",
        "indusmind",
        "InfluxDB",
        "",
        "its hourly table",
        "",
        "VictoriaMetrics",
        "",
        "its answer cache",
        "",
    ];
    let title = "questions over HTTP: p50 / p99 / CPU of the server per question, ms, warm \
                 (from raw: ours in process; x: p50 by ours)";
    let mut table = Table::new(title, &head);
    for prepared in all {
        let question = &prepared.question;
        let over_http = over_http(served, prepared).await;
        let ours = over_http.as_ref().or(prepared.in_process.as_ref());
        let ours = ours.expect("one of both ways");
        let mut line = vec![question.name.clone(), cells(ours)];
        let mut theirs = |times: Option<Times>| match times {
            None => line.extend(["-".to_owned(), String::new()]),
            Some(times) => {
                line.push(cells(&times));
                line.push(ratio(times.share_ms(0.5), ours.share_ms(0.5)));
            }
        };
        let request = words::influx(question);
        theirs(Some(of_peer(influx, &request, Some(prepared)).await));
        let rolled = words::influx_rolled(question);
        theirs(maybe(influx, rolled.as_ref(), Some(prepared)).await);
        let request = words::victoria(question, false);
        theirs(Some(of_peer(victoria, &request, Some(prepared)).await));
        // The cache of answers moves a range to whole steps: its rows are not these.
        let cached = words::victoria_cached(question);
        theirs(maybe(victoria, cached.as_ref(), None).await);
        table.line(line);
    }
    table.print();
}

async fn over_http(served: &Served, prepared: &Prepared) -> Option<Times> {
    let paths = served.paths(&prepared.question);
    if paths.is_empty() {
        return None;
    }
    let text = served.ask(&paths).await;
    if prepared.question.form != Form::Last {
        let found = sums(&text, &prepared.question)[0];
        words::same(&prepared.question.name, "our API", prepared.sum, found);
    }
    let ask = async || {
        served.ask(&paths).await;
    };
    Some(repeat_http(served.process(), ask).await)
}

async fn maybe(
    server: &Server,
    request: Option<&Request>,
    prepared: Option<&Prepared>,
) -> Option<Times> {
    Some(of_peer(server, request?, prepared).await)
}

async fn of_peer(server: &Server, request: &Request, prepared: Option<&Prepared>) -> Times {
    let text = server.get(request).await;
    if let Some(prepared) = prepared {
        let (rows, sum) = words::power(server.program, &text);
        let (name, who) = (&prepared.question.name, server.program.name());
        assert_eq!(rows, prepared.rows, "{name}: rows of {who}");
        words::same(name, who, prepared.sum, sum);
    }
    let ask = async || {
        server.get(request).await;
    };
    repeat_http(server.process(), ask).await
}

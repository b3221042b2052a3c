//! The greatest demand windows of a period, and what made them.

use super::document::{
    Block, Cell, Chart, Column, Figure, Form, Limit, Precision, Section, Series, Table,
};
use super::format::quantity;
use super::template::Work;
use crate::base::time::BucketSize;
use crate::base::{Result, Timestamp};
use crate::energy::tariff::Rules;
use crate::energy::{Follows, Peak, Share, Window};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use std::collections::BTreeMap;

/// How many peaks are listed, and how many loads of each.
const PEAKS: usize = 10;
const LOADS: usize = 3;

/// Makes the section.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let w = work.words;
    let (supply, rules) = (work.supply(), work.last_rules());
    let title = w.of("section.peaks");
    work.progress.expect(3);
    let until = (work.range, work.sources.clock.now());
    let windows = supply.windows(until, &rules)?;
    work.progress.step(1)?;
    if windows.is_empty() {
        return Ok(vec![work.nothing(title)]);
    }
    let found = supply.peaks(&work.tree, windows.clone(), &rules, PEAKS)?;
    work.progress.step(1)?;
    let (_, share) = work.coverage(&supply.weights, BucketSize::Day)?;
    work.progress.step(1)?;
    let ordered = ordered(&windows, &rules);
    let blocks = vec![
        figures(work, &windows, &ordered),
        Block::Chart(chart(work, &windows, one_limit(&windows, &ordered))),
        Block::Table(table(work, &found, &rules)),
    ];
    Ok(vec![Section {
        title: title.to_owned(),
        blocks,
        source: source(work, &windows, &rules),
        coverage: share,
    }])
}

/// What the windows are, what said when they ended, and how many of them are estimated.
fn source(work: &Work<'_>, windows: &[Window], rules: &Rules) -> String {
    let w = work.words;
    let minutes = rules.window_minutes.to_string();
    let mut said = vec![w.with("source.windows", &[("minutes", &minutes)])];
    let count = |of: Follows| {
        let count = windows.iter().filter(|window| window.follows == of).count();
        count.to_string()
    };
    if windows
        .iter()
        .any(|window| window.follows != Follows::Clock)
    {
        let told = [
            ("pulse", &*count(Follows::Pulse)),
            ("held", &*count(Follows::Held)),
            ("clock", &*count(Follows::Clock)),
        ];
        said.push(w.with("source.windows_told", &told));
    }
    let estimated = windows.iter().filter(|window| window.estimated).count();
    if estimated > 0 {
        let count = estimated.to_string();
        said.push(w.with("source.windows_estimated", &[("count", &count)]));
    }
    w.list(&said)
}

/// What was ordered for a period of the tariff, and how its windows kept to it.
struct Ordered {
    period: String,
    kw: Decimal,
    windows: usize,
    over: usize,
}

/// The ordered powers of the periods that were met: a window is held against that of its own period.
fn ordered(windows: &[Window], rules: &Rules) -> Vec<Ordered> {
    let periods = rules.periods.iter().enumerate();
    let of = periods.filter_map(|(place, period)| {
        let kw = rules.contracted_kw(&period.id)?;
        let own = || windows.iter().filter(|window| window.period == place);
        Some(Ordered {
            period: period.name.clone(),
            kw,
            windows: own().count(),
            over: own().filter(|window| window.kw > kw).count(),
        })
    });
    of.filter(|ordered| ordered.windows > 0).collect()
}

/// The one power that was ordered for every window; nothing where it changes with the period.
fn one_limit(windows: &[Window], ordered: &[Ordered]) -> Option<Decimal> {
    let kw = ordered.first()?.kw;
    let met: usize = ordered.iter().map(|of| of.windows).sum();
    let same = ordered.iter().all(|of| of.kw == kw) && met == windows.len();
    same.then_some(kw)
}

/// The greatest window, the first of equal ones: the table and the API name the same.
pub(super) fn greatest(windows: &[Window]) -> Option<&Window> {
    windows.iter().rev().max_by_key(|window| window.kw)
}

/// When a window began, and whether it is estimated.
pub(super) fn when(work: &Work<'_>, window: &Window) -> String {
    let at = work.dates().show(window.start, Precision::Minute);
    match window.estimated {
        true => work.words.list(&[&*at, work.words.of("peaks.estimated")]),
        false => at,
    }
}

fn figures(work: &Work<'_>, windows: &[Window], ordered: &[Ordered]) -> Block {
    let w = work.words;
    let highest = greatest(windows);
    let sum: Decimal = windows.iter().map(|window| window.kw).sum();
    let count = Decimal::from(windows.len().max(1));
    let mean = sum / count;
    let figure = |name: &str, value, unit: &str, remark| Figure {
        name: w.of(name).to_owned(),
        value,
        unit: unit.to_owned(),
        decimals: 1,
        remark,
    };
    let at = highest.map(|window| when(work, window));
    let kw = highest.map(|window| window.kw);
    let factor = kw.and_then(|kw| mean.checked_div(kw));
    let mut figures = vec![
        figure("peaks.highest", kw, "kW", at),
        figure("peaks.mean", Some(mean), "kW", None),
        figure(
            "peaks.load_factor",
            factor.map(|factor| factor * Decimal::ONE_HUNDRED),
            "%",
            Some(w.of("peaks.load_factor_means").to_owned()),
        ),
    ];
    let remark = |over: usize| Some(w.with("peaks.over", &[("count", &over.to_string())]));
    if let Some(limit) = one_limit(windows, ordered) {
        let over = ordered.iter().map(|of| of.over).sum();
        figures.push(figure("peaks.contracted", Some(limit), "kW", remark(over)));
    } else {
        figures.extend(ordered.iter().map(|of| Figure {
            name: format!("{} · {}", w.of("peaks.contracted"), of.period),
            ..figure("peaks.contracted", Some(of.kw), "kW", remark(of.over))
        }));
    }
    Block::Figures { figures }
}

fn chart(work: &Work<'_>, windows: &[Window], contracted: Option<Decimal>) -> Chart {
    let w = work.words;
    let mut highest: BTreeMap<Timestamp, Decimal> = BTreeMap::new();
    for window in windows {
        let start = work.calendar.bucket_start(window.start, work.size());
        let most = highest.entry(start).or_insert(window.kw);
        *most = window.kw.max(*most);
    }
    let starts = work.starts(work.size());
    let limit = contracted.map(|value| Limit {
        name: w.of("peaks.contracted").to_owned(),
        value,
    });
    Chart {
        title: w.of("peaks.chart").to_owned(),
        form: Form::Bars,
        unit: "kW".to_owned(),
        decimals: 1,
        labels: starts.iter().map(|at| work.label(*at)).collect(),
        series: vec![Series {
            name: w.of("peaks.highest").to_owned(),
            values: starts.iter().map(|at| highest.get(at).copied()).collect(),
        }],
        limit,
    }
}

fn table(work: &Work<'_>, found: &[Peak], rules: &Rules) -> Table {
    let w = work.words;
    // A tariff of one period, or a flat price, has no periods to tell apart.
    let periods = rules.periods.len() > 1;
    let mut columns = vec![
        Column::time(w.of("column.window").to_owned(), Precision::Minute),
        Column::number(w.of("column.power").to_owned(), "kW", 1),
    ];
    if periods {
        columns.push(Column::text(w.of("column.period").to_owned()));
    }
    columns.push(Column::text(w.of("column.loads").to_owned()));
    let mut table = Table::new(w.of("peaks.table").to_owned(), columns);
    for peak in found {
        let period = rules.periods.get(peak.window.period);
        let mut loads: Vec<String> = peak
            .shares
            .iter()
            .filter(|share| share.kw.is_some())
            .take(LOADS)
            .map(|share| load(work, share))
            .collect();
        let mut cells = vec![Cell::Time(peak.window.start), Cell::Number(peak.window.kw)];
        if peak.window.estimated {
            loads.push(w.of("peaks.estimated").to_owned());
        }
        if periods {
            let name = period.map(|period| period.name.clone());
            cells.push(Cell::Text(name.unwrap_or_default()));
        }
        cells.push(Cell::Text(loads.join(" · ")));
        table.push(cells);
    }
    table
}

fn load(work: &Work<'_>, share: &Share) -> String {
    let name = match &share.part {
        Some(part) => work.name_of(part),
        None => work.words.of("places.rest").to_owned(),
    };
    let kw = share.kw.and_then(Decimal::from_f64);
    let kw = quantity(kw, "kW", 1, work.words.language);
    format!("{name} \u{2066}{kw}\u{2069}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(contracted: &serde_json::Value) -> Rules {
        serde_json::from_value(serde_json::json!({
            "currency": "TND", "decimals": 3,
            "periods": [{ "id": "day", "name": "Day", "tiers": [{ "price": "0.4" }] },
                        { "id": "night", "name": "Night", "tiers": [{ "price": "0.2" }] }],
            "calendar": [{ "from": "07:00", "to": "19:00", "period": "day" },
                         { "from": "00:00", "to": "24:00", "period": "night" }],
            "contracted": contracted,
        }))
        .unwrap()
    }

    fn windows(list: &[(usize, i64)]) -> Vec<Window> {
        let window = |(n, (period, kw)): (usize, &(usize, i64))| Window {
            start: Timestamp::from_ms(i64::try_from(n).unwrap() * 900_000),
            end: Timestamp::from_ms(i64::try_from(n + 1).unwrap() * 900_000),
            follows: Follows::Clock,
            period: *period,
            kw: Decimal::from(*kw),
            estimated: false,
        };
        list.iter().enumerate().map(window).collect()
    }

    #[test]
    fn a_window_is_held_against_what_was_ordered_for_its_own_period() {
        let windows = windows(&[(0, 390), (0, 410), (1, 290), (1, 310), (1, 395)]);
        let told = |contracted: serde_json::Value| {
            let ordered = ordered(&windows, &rules(&contracted));
            let limit = one_limit(&windows, &ordered);
            let over: Vec<_> = ordered.iter().map(|of| (of.kw, of.over)).collect();
            (over, limit)
        };
        let kw = Decimal::from;
        let both = serde_json::json!([{ "period": "day", "kw": "400" }, { "period": "night", "kw": "300" }]);
        assert_eq!(told(both), (vec![(kw(400), 1), (kw(300), 2)], None));
        // Nothing is ordered for the night, so nothing of it is too much, and no line stands for it.
        let day = serde_json::json!([{ "period": "day", "kw": "400" }]);
        assert_eq!(told(day), (vec![(kw(400), 1)], None));
        let all = serde_json::json!([{ "kw": "300" }]);
        let over = vec![(kw(300), 2), (kw(300), 2)];
        assert_eq!(told(all), (over, Some(kw(300))));
        assert_eq!(told(serde_json::json!([])), (vec![], None));
    }
}

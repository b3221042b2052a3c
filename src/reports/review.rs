//! What management looks at once a year (ISO 50001:2018, 9.3): the energy balance, the indicators
//! beside their baselines, what was planned and what came of it, and how much of it was measured.

use super::document::{Block, Cell, Column, Precision, Section, Table};
use super::template::{Work, number_cell, percent, percent_cell};
use super::{data_quality, energy, review_indicator, review_plan};
use crate::base::Result;
use crate::energy::enpi::cusum::Direction;
use crate::energy::enpi::{Baseline, Enpi, Evaluation};

/// An indicator with its periods, and the baseline beside which they stand.
pub(super) struct Judged {
    pub(super) enpi: Enpi,
    pub(super) baseline: Option<Baseline>,
    pub(super) evaluation: Evaluation,
}

/// Makes the sections.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let (w, enpis, site) = (work.words, &work.sources.enpis, &work.site);
    let mut sections = energy::overview(work)?;
    let all = enpis.all(&site.key)?;
    work.progress.expect(all.len());
    let mut judged = Vec::with_capacity(all.len());
    for enpi in all {
        let baseline = match enpi.baseline {
            0 => None,
            version => Some(enpis.baseline(&site.key, enpi.id, version)?),
        };
        let evaluation = enpis.evaluate(site, enpi.id, work.range, None)?;
        work.progress.step(1)?;
        judged.push(Judged {
            enpi,
            baseline,
            evaluation,
        });
    }
    sections.push(summary(work, &judged));
    sections.extend(
        judged
            .iter()
            .map(|one| review_indicator::section(work, one)),
    );
    sections.extend(review_plan::build(work, &judged)?);
    sections.extend(data_quality::build(work)?);
    sections.push(Section {
        title: w.of("section.review_more").to_owned(),
        blocks: vec![Block::Text {
            text: w.of("review.more").to_owned(),
        }],
        source: w.of("source.review_more").to_owned(),
        coverage: None,
    });
    Ok(sections)
}

/// All indicators, a line each.
fn summary(work: &Work<'_>, judged: &[Judged]) -> Section {
    let w = work.words;
    let energy = |name: &str| Column::number(w.of(name).to_owned(), "kWh", 1);
    let columns = vec![
        Column::text(w.of("review.indicator").to_owned()),
        Column::text(w.of("review.baseline").to_owned()),
        energy("review.expected"),
        energy("review.measured"),
        energy("review.saved"),
        Column::number(w.of("review.saved_share").to_owned(), "%", 1),
        Column::text(w.of("review.trend").to_owned()),
    ];
    let mut table = Table::new(w.of("review.indicators").to_owned(), columns);
    for one in judged {
        let savings = one.evaluation.savings.as_ref();
        table.push(vec![
            Cell::text(&one.enpi.name),
            Cell::Text(baseline_of(work, one)),
            number_cell(savings.map(|of| of.expected_kwh)),
            number_cell(savings.map_or_else(|| measured(one), |of| Some(of.measured_kwh))),
            number_cell(savings.map(|of| of.saved_kwh)),
            percent_cell(savings.and_then(|of| of.saved_fraction)),
            Cell::Text(trend(work, &one.evaluation)),
        ]);
    }
    let blocks = match judged {
        [] => vec![Block::Note {
            text: w.of("review.no_indicator").to_owned(),
        }],
        _ => vec![Block::Table(table)],
    };
    let shares: Vec<f64> = judged.iter().filter_map(coverage).collect();
    #[allow(clippy::cast_precision_loss)] // indicators
    let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    Section {
        title: w.of("section.indicators").to_owned(),
        blocks,
        source: w.of("source.indicators").to_owned(),
        coverage: (!shares.is_empty()).then(|| percent(mean)).flatten(),
    }
}

/// Which baseline, of which period.
fn baseline_of(work: &Work<'_>, one: &Judged) -> String {
    let w = work.words;
    one.baseline.as_ref().map_or_else(
        || w.of("review.no_baseline").to_owned(),
        |baseline| {
            let days = work.dates().period(baseline.from, baseline.to);
            let version = baseline.version.to_string();
            w.with("review.version", &[("version", &version), ("days", &days)])
        },
    )
}

fn trend(work: &Work<'_>, evaluation: &Evaluation) -> String {
    let w = work.words;
    let Some(drift) = &evaluation.drift else {
        return w.of("review.steady").to_owned();
    };
    let key = match drift.direction {
        Direction::More => "review.drift_more",
        Direction::Less => "review.drift_less",
    };
    let since = work.dates().show(drift.since, Precision::Day);
    w.with(key, &[("since", &since)])
}

/// The energy of the periods that count, of an indicator without a baseline, kWh.
pub(super) fn measured(one: &Judged) -> Option<f64> {
    let counting = one.evaluation.points.iter();
    let counting = counting.filter(|point| point.left_out.is_none());
    counting
        .filter_map(|point| point.observed.energy_kwh)
        .reduce(|sum, kwh| sum + kwh)
}

/// How much of the periods was measured, 0 to 1.
pub(super) fn coverage(one: &Judged) -> Option<f64> {
    let (mut covered, mut days) = (0.0, 0.0);
    for point in &one.evaluation.points {
        covered += point.observed.coverage * point.observed.days();
        days += point.observed.days();
    }
    (days > 0.0).then(|| covered / days)
}

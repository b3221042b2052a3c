//! The pages of cold cells in reports: of a month the evidence for the auditor, of a day its hours.

use super::cell::Cell as ColdCell;
use super::days::Day;
use super::evidence::Evidence;
use super::excursion::Excursion;
use super::paper_tables as tables;
use super::service::Coldchain;
use crate::alerts::Alert;
use crate::auth::Reach;
use crate::base::time::BucketSize;
use crate::base::{CellId, Result, Timestamp};
use crate::reports::{
    Block, Chart, ColdAsk, ColdPages, Dates, Figure, Form, Section, Series, Subject, Words,
    quantity,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use std::sync::Arc;

const HOUR_MS: i64 = 3_600_000;
/// Months that one report looks back over: more would be read by nobody.
const MONTHS_MAX: usize = 12;

/// What the pages are written with.
#[derive(Clone, Copy)]
pub(super) struct Pen<'a> {
    pub(super) words: &'a Words,
    pub(super) dates: Dates<'a>,
}

/// An excursion, and the alert by which people heard of it.
pub(super) struct Told {
    pub(super) excursion: Excursion,
    pub(super) alert: Option<Alert>,
}

/// A number of a thermometer.
pub(super) fn decimal(value: Option<f64>) -> Option<Decimal> {
    value.and_then(Decimal::from_f64)
}

/// Seconds as minutes.
pub(super) fn minutes(seconds: i64) -> Decimal {
    Decimal::from(seconds) / Decimal::from(60)
}

impl ColdPages for Coldchain {
    fn site_of(&self, reach: &Reach, about: Subject) -> Result<String> {
        match (about.cell, about.customer) {
            (Some(cell), _) => Ok(self.cell(reach, cell)?.site.clone()),
            (None, Some(customer)) => Ok(self.customer(reach, customer)?.site),
            (None, None) => Ok(String::new()),
        }
    }

    fn sections(&self, ask: &ColdAsk<'_>) -> Result<Vec<Section>> {
        let reach = Reach::one(ask.site);
        let cells: Vec<Arc<ColdCell>> = match ask.cell {
            Some(cell) => vec![self.cell(&reach, cell)?],
            None => self.cells(&reach, false),
        };
        ask.progress.expect(cells.len());
        let mut sections = Vec::with_capacity(cells.len());
        for cell in cells {
            if ask.daily {
                sections.push(self.day_of(ask, &cell)?);
            } else {
                for month in months_of(ask) {
                    sections.push(self.month_of(ask, &reach, cell.id, &month)?);
                }
            }
            ask.progress.step(1)?;
        }
        Ok(sections)
    }
}

/// The months that a period touches, `2026-10`.
fn months_of(ask: &ColdAsk<'_>) -> Vec<String> {
    let mut months = Vec::new();
    let mut at = ask.calendar.bucket_start(ask.range.from, BucketSize::Month);
    while at < ask.range.to && months.len() < MONTHS_MAX {
        months.push(ask.calendar.date(at).chars().take(7).collect());
        at = ask.calendar.next_bucket(at, BucketSize::Month);
    }
    months
}

impl Coldchain {
    /// The alerts of excursions, where they are still known.
    fn told(&self, site: &str, excursions: Vec<Excursion>) -> Result<Vec<Told>> {
        let mut told = Vec::with_capacity(excursions.len());
        for excursion in excursions {
            let alert = match excursion.alert_id {
                // One that was let go of meanwhile is not there any more.
                Some(id) if self.ground.alerts.site_of(id)?.is_some() => {
                    Some(self.ground.alerts.get(site, id)?.0)
                }
                _ => None,
            };
            told.push(Told { excursion, alert });
        }
        Ok(told)
    }

    /// The evidence of a month.
    fn month_of(
        &self,
        ask: &ColdAsk<'_>,
        reach: &Reach,
        cell: CellId,
        month: &str,
    ) -> Result<Section> {
        let pen = Pen {
            words: ask.words,
            dates: ask.dates,
        };
        let until = ask.range.to.min(self.now());
        let evidence = self.evidence_until(reach, cell, month, until)?;
        let told = self.told(ask.site, evidence.excursions.clone())?;
        let mut blocks = vec![
            pen.about(
                &evidence.cell,
                &evidence.customer_name,
                &evidence.location_name,
            ),
            pen.figures_of_month(&evidence, &told),
            Block::Chart(pen.days_drawn(&evidence.cell, &evidence.days)),
            Block::Table(tables::days(pen, &evidence.days)),
        ];
        blocks.extend(tables::excursions(pen, &told, Some(evidence.coverage)));
        blocks.extend(tables::gaps(pen, &evidence.gaps, evidence.more_gaps));
        blocks.extend(tables::calibrations(pen, &evidence.calibrations));
        blocks.push(pen.chain(&evidence));
        let heading = pen.heading(&evidence.cell, evidence.from);
        Ok(pen.section(heading, blocks, Some(evidence.coverage)))
    }

    /// A day, hour by hour.
    fn day_of(&self, ask: &ColdAsk<'_>, cell: &ColdCell) -> Result<Section> {
        let pen = Pen {
            words: ask.words,
            dates: ask.dates,
        };
        let reach = Reach::one(ask.site);
        let known_to = ask.range.to.min(self.now());
        let label = ask.calendar.date(ask.range.from);
        let (days, gaps) = self.days(cell, (ask.range.from, known_to), &label)?;
        let mut excursions = self.excursions_within(cell.id, ask.range)?;
        excursions.reverse();
        let told = self.told(ask.site, excursions)?;
        let customer = self.customer(&reach, cell.customer_id)?;
        let location = self.location(&reach, cell.said.location_id)?;
        let mut blocks = vec![
            pen.about(cell, &customer.name, &location.name),
            pen.figures_of_days(&days, &told),
            Block::Chart(self.hours_drawn(pen, cell, ask)?),
        ];
        if days.len() > 1 {
            blocks.push(Block::Table(tables::days(pen, &days)));
        }
        let measured: i64 = days.iter().map(|day| day.measured_s).sum();
        let coverage = share(measured, days.iter().map(|day| day.passed_s).sum());
        blocks.extend(tables::excursions(pen, &told, coverage));
        blocks.extend(tables::gaps(pen, &gaps, false));
        let period = pen.dates.period(ask.range.from, ask.range.to);
        let heading = format!("{} · {period}", cell.said.name);
        Ok(pen.section(heading, blocks, coverage))
    }

    /// The curve of a period by hours, with its limits.
    fn hours_drawn(&self, pen: Pen<'_>, cell: &ColdCell, ask: &ColdAsk<'_>) -> Result<Chart> {
        let curve = self.curve(cell, ask.range)?;
        let mut labels = Vec::new();
        let mut lines: [Vec<Option<Decimal>>; 3] = Default::default();
        let mut at = ask.range.from;
        while at < ask.range.to {
            let end = at.plus_ms(HOUR_MS);
            let within =
                |point: &&super::curve::Point| point.timestamp >= at && point.timestamp < end;
            let points: Vec<_> = curve.series.iter().filter(within).collect();
            let most = points.iter().filter_map(|point| point.max);
            let least = points.iter().filter_map(|point| point.min);
            let means: Vec<f64> = points.iter().filter_map(|point| point.mean).collect();
            #[allow(clippy::cast_precision_loss)] // points of an hour
            let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
            lines[0].push(decimal(most.max_by(f64::total_cmp)));
            lines[1].push(decimal((!means.is_empty()).then_some(mean)));
            lines[2].push(decimal(least.min_by(f64::total_cmp)));
            labels.push(pen.dates.clock(at));
            at = end;
        }
        Ok(pen.chart("cold.by_hour", labels, lines, cell))
    }
}

/// A share of seconds, 0 to 1.
#[allow(clippy::cast_precision_loss)] // seconds of a month
fn share(part_s: i64, whole_s: i64) -> Option<f64> {
    (whole_s > 0).then(|| (part_s as f64 / whole_s as f64).min(1.0))
}

impl Pen<'_> {
    pub(super) fn word(self, key: &str) -> String {
        self.words.of(key).to_owned()
    }

    fn heading(self, cell: &ColdCell, month: Timestamp) -> String {
        let month = self.dates.show(month, crate::reports::Precision::Month);
        format!("{} · {month}", cell.said.name)
    }

    fn section(self, title: String, blocks: Vec<Block>, coverage: Option<f64>) -> Section {
        Section {
            title,
            blocks,
            source: self.word("source.cold"),
            coverage: decimal(coverage.map(|share| share * 100.0)),
        }
    }

    /// Whose it is, what lies in it, and within which limits.
    fn about(self, cell: &ColdCell, customer: &str, location: &str) -> Block {
        let celsius = |value: Option<f64>| match decimal(value).map(|value| value.normalize()) {
            Some(value) => {
                let digits = value.scale().min(2);
                let text = quantity(Some(value), "°C", digits, self.words.language);
                // In Arabic, too, the degree stays behind its number.
                format!("\u{2066}{text}\u{2069}")
            }
            None => self.word("cold.no_limit"),
        };
        let product = cell.said.product.as_deref().unwrap_or("–");
        let parts = [
            ("customer", customer.to_owned()),
            ("location", location.to_owned()),
            ("product", product.to_owned()),
            ("set", celsius(Some(cell.said.set_point_c))),
            ("min", celsius(cell.said.min_c)),
            ("max", celsius(cell.said.max_c)),
        ];
        let parts: Vec<(&str, &str)> = parts.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let text = self.words.with("cold.about", &parts);
        Block::Text { text }
    }

    fn figures_of_month(self, evidence: &Evidence, told: &[Told]) -> Block {
        let beyond = evidence.days.iter().map(|day| day.beyond_s).sum();
        let openings = evidence
            .days
            .iter()
            .map(|day| i64::from(day.openings))
            .sum();
        let (min, max) = (evidence.min_c, evidence.max_c);
        let figures = (min, max, evidence.mean_kinetic_c);
        self.figures(figures, Some(evidence.coverage), (beyond, openings), told)
    }

    fn figures_of_days(self, days: &[Day], told: &[Told]) -> Block {
        let least = days
            .iter()
            .filter_map(|day| day.min_c)
            .min_by(f64::total_cmp);
        let most = days
            .iter()
            .filter_map(|day| day.max_c)
            .max_by(f64::total_cmp);
        let kinetic = super::days::month_kinetic_c(days);
        let measured = days.iter().map(|day| day.measured_s).sum();
        let coverage = share(measured, days.iter().map(|day| day.passed_s).sum());
        let beyond = days.iter().map(|day| day.beyond_s).sum();
        let openings = days.iter().map(|day| i64::from(day.openings)).sum();
        self.figures((least, most, kinetic), coverage, (beyond, openings), told)
    }

    fn figures(
        self,
        (min, max, kinetic): (Option<f64>, Option<f64>, Option<f64>),
        coverage: Option<f64>,
        (beyond_s, openings): (i64, i64),
        told: &[Told],
    ) -> Block {
        let figure = |key: &str, value, unit: &str, decimals| Figure {
            name: self.word(key),
            value,
            unit: unit.to_owned(),
            decimals,
            remark: None,
        };
        // Where nothing was measured, none is not known to be none.
        let known = coverage.is_some_and(|share| share > 0.0) || !told.is_empty();
        let count = |count: i64| known.then(|| Decimal::from(count));
        let open = told.iter().filter(|one| !one.excursion.withdrawn).count();
        let open = i64::try_from(open).unwrap_or(i64::MAX);
        let share = decimal(coverage.map(|share| share * 100.0));
        Block::Figures {
            figures: vec![
                figure("cold.warmest", decimal(max), "°C", 2),
                figure("cold.coldest", decimal(min), "°C", 2),
                figure("cold.kinetic", decimal(kinetic), "°C", 2),
                figure("cold.measured", share, "%", 1),
                figure("cold.excursions", count(open), "", 0),
                figure("cold.beyond", known.then(|| minutes(beyond_s)), "min", 0),
                figure("cold.openings", count(openings), "", 0),
            ],
        }
    }

    /// The days of a month as a curve with its limits.
    fn days_drawn(self, cell: &ColdCell, days: &[Day]) -> Chart {
        let line = |of: fn(&Day) -> Option<f64>| days.iter().map(|day| decimal(of(day))).collect();
        let lines = [
            line(|day| day.max_c),
            line(|day| day.mean_c),
            line(|day| day.min_c),
        ];
        let number = |day: &Day| {
            let last = day.date.rsplit('-').next().unwrap_or_default();
            last.trim_start_matches('0').to_owned()
        };
        self.chart(
            "cold.by_day",
            days.iter().map(number).collect(),
            lines,
            cell,
        )
    }

    /// Warmest, mean and coldest, and the limits as straight lines.
    fn chart(
        self,
        title: &str,
        labels: Vec<String>,
        [most, mean, least]: [Vec<Option<Decimal>>; 3],
        cell: &ColdCell,
    ) -> Chart {
        let places = labels.len();
        let line = |key: &str, values| Series {
            name: self.word(key),
            values,
        };
        let straight = |key: &str, limit: Option<f64>| {
            let limit = decimal(limit)?;
            Some(line(key, vec![Some(limit); places]))
        };
        let mut series = vec![
            line("cold.warmest", most),
            line("cold.mean", mean),
            line("cold.coldest", least),
        ];
        series.extend(straight("cold.upper", cell.said.max_c));
        series.extend(straight("cold.lower", cell.said.min_c));
        Chart {
            title: self.word(title),
            form: Form::Lines,
            unit: "°C".to_owned(),
            decimals: 2,
            labels,
            series,
            limit: None,
        }
    }

    /// By what a later change shows: the last link of the chain, and the seal.
    fn chain(self, evidence: &Evidence) -> Block {
        let text = match &evidence.seal {
            None => self
                .words
                .with("cold.chain_open", &[("hash", &evidence.hash)]),
            Some(seal) => {
                let at = self
                    .dates
                    .show(seal.sealed_at, crate::reports::Precision::Minute);
                let parts = [
                    ("hash", evidence.hash.as_str()),
                    ("seal", seal.hash.as_str()),
                    ("by", seal.by.as_str()),
                    ("at", at.as_str()),
                ];
                match seal.holds {
                    true => self.words.with("cold.chain_sealed", &parts),
                    false => {
                        let days = self.words.list(&seal.changed_days);
                        let parts = [&parts[..], &[("days", days.as_str())]].concat();
                        self.words.with("cold.chain_broken", &parts)
                    }
                }
            }
        };
        match evidence.seal.as_ref().is_some_and(|seal| !seal.holds) {
            true => Block::Note { text },
            false => Block::Text { text },
        }
    }
}

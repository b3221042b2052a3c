//! The reports that there are, and what each is made from.

use super::cold::{self, ColdPages};
use super::document::{Block, Cell, Document, Precision, Section};
use super::format::Dates;
use super::progress::{Progress, Stage};
use super::words::Words;
use super::{alert_quality, cost_centres, data_quality, energy, peaks, power_quality, review};
use crate::alerts::Alerts;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{CellId, Clock, EquipmentId, Error, Metric, Result, TimeRange, Timestamp};
use crate::energy::enpi::Enpis;
use crate::energy::tariff::Rules;
use crate::energy::tree::{Part, Tree, Weights};
use crate::energy::{SiteHistory, Supply, Tariffs, Trees};
use crate::equipment::Registry;
use crate::notify::Language;
use crate::site::{Site, Sites};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Up to here hours are shown, and days; longer periods are shown by months.
const HOURS_UP_TO_MS: i64 = 3 * DAY_MS;
const DAYS_UP_TO_MS: i64 = 93 * DAY_MS;

/// The period that a report is usually of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportSpan)]
pub enum Span {
    /// A day.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
    /// Twelve months.
    Year,
}

impl Span {
    const fn size(self) -> BucketSize {
        match self {
            Self::Day => BucketSize::Day,
            Self::Week => BucketSize::Week,
            Self::Month | Self::Year => BucketSize::Month,
        }
    }

    /// The last one that is over at an instant; a year is the last twelve months that are over.
    #[must_use]
    pub fn last(self, now: Timestamp, calendar: &Calendar) -> TimeRange {
        let to = calendar.bucket_start(now, self.size());
        let many = if self == Self::Year { 12 } else { 1 };
        let before = |at: Timestamp, _| calendar.bucket_start(at.minus_ms(1), self.size());
        let from = (0..many).fold(to, before);
        TimeRange { from, to }
    }
}

/// What makes the sections of a report.
type Build = fn(&Work<'_>) -> Result<Vec<Section>>;

/// A kind of report.
#[derive(Clone, Copy)]
pub struct Template {
    /// Its name in requests.
    pub id: &'static str,
    /// The period that it is usually of.
    pub span: Span,
    build: Build,
}

/// Every report that there is.
pub const TEMPLATES: &[Template] = &[
    Template::new("daily_energy", Span::Day, energy::build),
    Template::new("weekly_energy", Span::Week, energy::build),
    Template::new("monthly_energy", Span::Month, energy::build),
    Template::new("cost_centres", Span::Month, cost_centres::build),
    Template::new("peaks", Span::Month, peaks::build),
    Template::new("iso50001", Span::Year, review::build),
    Template::new("power_quality", Span::Week, power_quality::build),
    Template::new("alert_quality", Span::Month, alert_quality::build),
    Template::new("data_quality", Span::Month, data_quality::build),
    Template::new("cold_day", Span::Day, cold::build),
    Template::new("cold_month", Span::Month, cold::build),
];

impl Template {
    const fn new(id: &'static str, span: Span, build: Build) -> Self {
        Self { id, span, build }
    }

    /// The template of this name.
    ///
    /// # Errors
    /// When there is none; the sentence lists them.
    pub fn named(id: &str) -> Result<&'static Self> {
        let found = TEMPLATES.iter().find(|template| template.id == id);
        found.ok_or_else(|| {
            let names: Vec<_> = TEMPLATES.iter().map(|template| template.id).collect();
            Error::invalid("template", format!("Use one of {}.", names.join(", ")))
        })
    }
}

/// From what a report is made: with the same readings it is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportRecipe)]
pub struct Recipe {
    /// The kind of report.
    pub template: String,
    /// Key of the site.
    pub site: String,
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// The language.
    pub language: Language,
    /// The cold cell that it is about; all of the site when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellId>,
}

/// The rooms that figures come from.
pub struct Sources {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Sites.
    pub sites: Arc<Sites>,
    /// Equipment.
    pub registry: Arc<Registry>,
    /// History.
    pub history: SiteHistory,
    /// Meter trees.
    pub trees: Arc<Trees>,
    /// Tariffs.
    pub tariffs: Arc<Tariffs>,
    /// Indicators, baselines and the plan.
    pub enpis: Arc<Enpis>,
    /// Alerts.
    pub alerts: Arc<Alerts>,
    /// Cold cells.
    pub cold: Arc<dyn ColdPages>,
}

impl Sources {
    /// Makes the report of a recipe. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When the site or the template is gone, the file cannot be read, or it was cancelled.
    pub fn document(&self, recipe: &Recipe, progress: &Progress) -> Result<Document> {
        let site = self.sites.by_key(&recipe.site);
        let site = site.ok_or_else(|| Error::not_found("site", &recipe.site))?;
        let template = Template::named(&recipe.template)?;
        let words = Words::of_language(recipe.language);
        let work = Work {
            sources: self,
            tree: self.trees.of(&site),
            calendar: site.calendar(),
            range: TimeRange::new(recipe.from, recipe.to)?,
            words: &words,
            progress,
            site,
            cell: recipe.cell,
            span: template.span,
        };
        progress.begin(Stage::Read, 0);
        let sections = (template.build)(&work)?;
        let document = Document {
            title: words.of(&format!("title.{}", template.id)).to_owned(),
            site: work.site.name.clone(),
            from: work.range.from,
            to: work.range.to,
            time_zone: work.site.time_zone.clone(),
            language: recipe.language,
            sections,
        };
        Ok(document.settled())
    }
}

/// What the builder of a report works with.
pub(super) struct Work<'a> {
    pub(super) sources: &'a Sources,
    pub(super) site: Site,
    pub(super) tree: Tree,
    pub(super) calendar: Calendar,
    pub(super) range: TimeRange,
    pub(super) words: &'a Words,
    pub(super) progress: &'a Progress,
    pub(super) cell: Option<CellId>,
    pub(super) span: Span,
}

impl Work<'_> {
    /// What the site takes in.
    pub(super) fn supply(&self) -> Supply {
        self.supply_by(self.tree.supply())
    }

    /// What meters take together, each with its factor.
    pub(super) fn supply_by(&self, weights: Weights) -> Supply {
        let (history, tariffs) = (&self.sources.history, &self.sources.tariffs);
        Supply::of(&self.site, weights, history, tariffs)
    }

    /// The rules of a day: those of the tariff in use, else the flat price of the site.
    pub(super) fn rules_on(&self, date: &str) -> Option<(u32, Rules)> {
        let version = self.sources.tariffs.in_force(&self.site.key, date);
        let version = version.map(|(_, version)| (version.number, version.rules));
        let flat = || {
            let price = self.site.price_per_kwh?;
            Some((0, Rules::flat(&self.site.currency, price)))
        };
        version.or_else(flat)
    }

    /// The word for a source of figures with a cost: of the tariff in use, or of the flat price where no
    /// tariff holds on any day.
    pub(super) fn priced(&self, key: &str) -> String {
        let mut day = self.range.from;
        while day < self.range.to {
            let date = self.calendar.date(day);
            let tariff = self.sources.tariffs.in_force(&self.site.key, &date);
            if tariff.is_some() {
                return self.words.of(key).to_owned();
            }
            day = self.calendar.next_bucket(day, BucketSize::Day);
        }
        self.words.of(&format!("{key}_flat")).to_owned()
    }

    /// The rules on the last day of the period; a price of nothing where none hold.
    pub(super) fn last_rules(&self) -> Rules {
        let date = self.calendar.date(self.range.to.minus_ms(1));
        let found = self.rules_on(&date).map(|(_, rules)| rules);
        found.unwrap_or_else(|| Rules::flat(&self.site.currency, Decimal::ZERO))
    }

    /// The one currency of the period; `None` where there is no price, or there are two.
    pub(super) fn currency(&self) -> Option<(String, u32)> {
        let (mut found, mut day): (Option<(String, u32)>, _) = (None, self.range.from);
        while day < self.range.to {
            if let Some((_, rules)) = self.rules_on(&self.calendar.date(day)) {
                let held = (rules.currency, rules.decimals);
                if found.as_ref().is_some_and(|known| known.0 != held.0) {
                    return None;
                }
                found.get_or_insert(held);
            }
            day = self.calendar.next_bucket(day, BucketSize::Day);
        }
        found
    }

    /// How finely the period is shown.
    pub(super) fn size(&self) -> BucketSize {
        match self.range.length_ms() {
            length if length <= HOURS_UP_TO_MS => BucketSize::Fixed(HOUR_MS),
            length if length <= DAYS_UP_TO_MS => BucketSize::Day,
            _ => BucketSize::Month,
        }
    }

    /// How an instant of that is shown in tables.
    pub(super) fn precision(&self) -> Precision {
        match self.size() {
            BucketSize::Fixed(_) => Precision::Minute,
            BucketSize::Month => Precision::Month,
            _ => Precision::Day,
        }
    }

    /// The same on the axis of a chart: shorter.
    pub(super) fn label(&self, at: Timestamp) -> String {
        let dates = self.dates();
        match self.size() {
            BucketSize::Fixed(_) => dates.clock(at),
            BucketSize::Month => dates.show(at, Precision::Month),
            _ => {
                let shown = dates.show(at, Precision::Day);
                let mut parts = shown.rsplitn(2, ' ').skip(1);
                parts.next().unwrap_or_default().to_owned()
            }
        }
    }

    pub(super) fn dates(&self) -> Dates<'_> {
        Dates {
            calendar: &self.calendar,
            words: self.words,
        }
    }

    /// The starts of the buckets of the period.
    pub(super) fn starts(&self, size: BucketSize) -> Vec<Timestamp> {
        let mut starts = Vec::new();
        let mut at = self.calendar.bucket_start(self.range.from, size);
        while at < self.range.to {
            starts.push(at);
            at = self.calendar.next_bucket(at, size);
        }
        starts
    }

    /// How much of each bucket was measured, over these meters, 0 to 1; and of all.
    pub(super) fn coverage(
        &self,
        weights: &Weights,
        size: BucketSize,
    ) -> Result<(BTreeMap<Timestamp, f64>, Option<Decimal>)> {
        let mut by_start: BTreeMap<Timestamp, f64> = BTreeMap::new();
        let (mut covered_ms, mut all_ms) = (0.0, 0.0);
        let meters: Vec<EquipmentId> = weights.keys().copied().collect();
        #[allow(clippy::cast_precision_loss)] // meters of a site, ms of some years
        let count = meters.len().max(1) as f64;
        for meter in meters {
            self.progress.step(0)?;
            let metric = Metric::CONSUMPTION;
            let history = &self.sources.history;
            for (cell, length_ms) in
                history.cells(meter, &metric, self.range, size, &self.calendar)?
            {
                // Of a bucket that is not over, only what has passed.
                let end = cell.start.plus_ms(length_ms).min(self.range.to);
                #[allow(clippy::cast_precision_loss)] // ms of some years
                let (whole, length) = (length_ms as f64, end.since_ms(cell.start).max(1) as f64);
                let covered = (cell.coverage * whole).min(length);
                *by_start.entry(cell.start).or_default() += covered / length / count;
                covered_ms += covered;
                all_ms += length;
            }
        }
        let share = (all_ms > 0.0).then(|| percent(covered_ms / all_ms));
        Ok((by_start, share.flatten()))
    }

    /// The name of something in the tree.
    pub(super) fn name_of(&self, part: &Part) -> String {
        match part {
            Part::Meter(id) => {
                let found = self.sources.registry.get(*id);
                found.map_or_else(|_| id.to_string(), |equipment| equipment.name)
            }
            Part::Virtual(id) => {
                let meter = self.tree.virtual_meter(id);
                meter.map_or(id, |meter| &meter.name).clone()
            }
            Part::Node(id) => self.tree.node(id).map_or(id, |node| &node.name).clone(),
        }
    }

    /// A section that says that nothing is known.
    pub(super) fn nothing(&self, title: &str) -> Section {
        let text = self.words.of("nothing.measured").to_owned();
        Section {
            title: title.to_owned(),
            blocks: vec![Block::Note { text }],
            source: self.words.of("source.meters").to_owned(),
            coverage: None,
        }
    }
}

/// A share, 0 to 1, as percent.
pub(super) fn percent(share: f64) -> Option<Decimal> {
    Decimal::from_f64(share * 100.0)
}

/// A share as a cell of percent.
pub(super) fn percent_cell(share: Option<f64>) -> Cell {
    Cell::number(share.and_then(percent))
}

/// A measured number as a decimal; nothing of what is none.
pub(super) fn decimal(value: f64) -> Option<Decimal> {
    Decimal::from_f64(value)
}

/// A measured number as a cell.
pub(super) fn number_cell(value: Option<f64>) -> Cell {
    Cell::number(value.and_then(decimal))
}

/// Milliwatt-hours as exact kWh.
pub(super) fn kwh(mwh: i64) -> Decimal {
    Decimal::new(mwh, 6)
}

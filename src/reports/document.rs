//! *pure* — a report before it is a file. Every writer shows these figures and no others: numbers
//! are rounded once, here, to the decimals that are shown.

use crate::base::Timestamp;
use crate::notify::Language;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportDocument)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Name of the site.
    pub site: String,
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// Time zone of the site: days and hours are those of its clock.
    pub time_zone: String,
    /// The language of its words.
    pub language: Language,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of a report, with where its figures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportSection)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What it holds.
    pub blocks: Vec<Block>,
    /// What the figures were made from.
    pub source: String,
    /// How much of the period was measured, percent; `null` where that says nothing.
    #[schema(value_type = Option<String>)]
    pub coverage: Option<Decimal>,
}

/// A piece of a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ReportBlock)]
pub enum Block {
    /// A paragraph.
    Text {
        /// What it says.
        text: String,
    },
    /// What a reader must know before he trusts the figures.
    Note {
        /// What it says.
        text: String,
    },
    /// The figures that matter most.
    Figures {
        /// Four in a row.
        figures: Vec<Figure>,
    },
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportFigure)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much; `null` when it is not known.
    #[schema(value_type = Option<String>)]
    pub value: Option<Decimal>,
    /// Its unit.
    pub unit: String,
    /// Digits behind the point.
    pub decimals: u32,
    /// What to read beside it.
    pub remark: Option<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportTable)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportColumn)]
pub struct Column {
    /// Its head.
    pub name: String,
    /// What stands in it.
    pub holds: Holds,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportColumnHolds)]
pub enum Holds {
    /// Words.
    Text,
    /// Numbers.
    Number {
        /// Their unit; empty for counts.
        unit: String,
        /// Digits behind the point.
        decimals: u32,
    },
    /// Instants.
    Time {
        /// How finely they are shown.
        precision: Precision,
    },
}

/// How finely an instant is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportPrecision)]
pub enum Precision {
    /// Month and year.
    Month,
    /// The date.
    Day,
    /// Date, hour and minute.
    Minute,
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportRow)]
pub struct Row {
    /// How far it lies inside others; 0 for the outermost.
    pub depth: u8,
    /// Whether it is a sum or a head of others.
    pub strong: bool,
    /// A cell for each column.
    #[schema(value_type = Vec<CellShape>)]
    pub cells: Vec<Cell>,
}

/// A cell, as it is documented.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportCell)]
#[allow(dead_code)] // the API document names it; nobody makes one
pub enum CellShape {
    /// Nothing is known.
    Empty,
    /// Words.
    Text(String),
    /// A number in the unit of its column, as a decimal string.
    Number(String),
    /// An instant.
    Time(Timestamp),
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Nothing is known.
    Empty,
    /// Words.
    Text(String),
    /// A number in the unit of its column.
    Number(Decimal),
    /// An instant.
    Time(Timestamp),
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportChartForm)]
pub enum Form {
    /// A bar for each label and series, beside each other.
    Bars,
    /// A bar for each label, its series on top of each other.
    Stacked,
    /// A line for each series.
    Lines,
    /// A bar from left to right for each label, with its value.
    Ranked,
    /// A field for each label and series, the darker the more.
    Heat,
}

/// A chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportChart)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// How it is drawn.
    pub form: Form,
    /// The unit of its values.
    pub unit: String,
    /// Digits behind the point.
    pub decimals: u32,
    /// What each place on the axis is.
    pub labels: Vec<String>,
    /// What is drawn.
    pub series: Vec<Series>,
    /// A line across, with what it means.
    pub limit: Option<Limit>,
}

/// The values of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportSeries)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// A value for each label; `null` is a gap.
    #[schema(value_type = Vec<Option<String>>)]
    pub values: Vec<Option<Decimal>>,
}

/// A line across a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportLimit)]
pub struct Limit {
    /// What it means.
    pub name: String,
    /// Where it lies.
    #[schema(value_type = String)]
    pub value: Decimal,
}

/// A number with exactly so many digits behind the point; halves go away from zero.
#[must_use]
pub fn rounded(value: Decimal, decimals: u32) -> Decimal {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    let mut value = value.round_dp_with_strategy(decimals, strategy);
    value.rescale(decimals);
    if value.is_zero() {
        value.set_sign_positive(true);
    }
    value
}

impl Document {
    /// The same report with every number rounded to what is shown of it.
    #[must_use]
    pub fn settled(mut self) -> Self {
        for section in &mut self.sections {
            section.coverage = section.coverage.map(|share| rounded(share, 1));
            section.blocks.iter_mut().for_each(settle);
        }
        self
    }
}

fn settle(block: &mut Block) {
    match block {
        Block::Text { .. } | Block::Note { .. } => {}
        Block::Figures { figures } => {
            for figure in figures {
                figure.value = figure.value.map(|value| rounded(value, figure.decimals));
            }
        }
        Block::Table(table) => {
            for row in &mut table.rows {
                for (cell, column) in row.cells.iter_mut().zip(&table.columns) {
                    if let (Cell::Number(value), Holds::Number { decimals, .. }) =
                        (cell, &column.holds)
                    {
                        *value = rounded(*value, *decimals);
                    }
                }
            }
        }
        Block::Chart(chart) => {
            let decimals = chart.decimals;
            for series in &mut chart.series {
                for value in series.values.iter_mut().flatten() {
                    *value = rounded(*value, decimals);
                }
            }
            if let Some(limit) = &mut chart.limit {
                limit.value = rounded(limit.value, decimals);
            }
        }
    }
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub const fn new(title: String, columns: Vec<Column>) -> Self {
        Self {
            title,
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a plain row.
    pub fn push(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row {
            cells,
            ..Row::default()
        });
    }

    /// Adds a row that is a sum or a head.
    pub fn push_strong(&mut self, depth: u8, cells: Vec<Cell>) {
        self.rows.push(Row {
            depth,
            strong: true,
            cells,
        });
    }
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn text(name: String) -> Self {
        let holds = Holds::Text;
        Self { name, holds }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(name: String, unit: &str, decimals: u32) -> Self {
        let unit = unit.to_owned();
        let holds = Holds::Number { unit, decimals };
        Self { name, holds }
    }

    /// A column of instants.
    #[must_use]
    pub const fn time(name: String, precision: Precision) -> Self {
        let holds = Holds::Time { precision };
        Self { name, holds }
    }
}

impl Cell {
    /// A number, or nothing.
    #[must_use]
    pub fn number(value: Option<Decimal>) -> Self {
        value.map_or(Self::Empty, Self::Number)
    }

    /// Words.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Chart {
    /// The values of a chart as a table: what a program reads of it.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut columns = vec![Column::text(String::new())];
        let of = |series: &Series| Column::number(series.name.clone(), &self.unit, self.decimals);
        columns.extend(self.series.iter().map(of));
        let mut table = Table::new(self.title.clone(), columns);
        for (at, label) in self.labels.iter().enumerate() {
            let mut cells = vec![Cell::text(label)];
            let value = |series: &Series| series.values.get(at).copied().flatten();
            cells.extend(self.series.iter().map(|series| Cell::number(value(series))));
            table.push(cells);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_digits_that_are_shown_and_no_minus_zero() {
        let round = |text: &str| rounded(text.parse().unwrap(), 1).to_string();
        assert_eq!(round("1.25"), "1.3");
        assert_eq!(round("-1.25"), "-1.3");
        assert_eq!(round("-0.04"), "0.0");
        assert_eq!(round("7"), "7.0");
    }
}

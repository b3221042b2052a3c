//! *pure* — the twin of a supplier's bill: each of its lines beside the computed one, and why they
//! differ.

use super::bill::{Bill, BillLine};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A line as the supplier's bill has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedLine {
    /// Its name; that of the tariff finds its twin.
    pub name: String,
    /// How much, if the bill says so.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub quantity: Option<Decimal>,
    /// Price of one, if the bill says so.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub price: Option<Decimal>,
    /// The amount.
    #[schema(value_type = String)]
    pub amount: Decimal,
}

/// What became of the comparison of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BillVerdict)]
pub enum Verdict {
    /// The same to the last digit.
    Same,
    /// Within one of the last digit: it was rounded in another way.
    Rounding,
    /// The price is another than the tariff's.
    Price,
    /// The quantity is another than the meters'.
    Quantity,
    /// Quantity and price are the same or not said, the amount is not.
    Amount,
    /// The tariff has no such line.
    NotInTariff,
    /// The bill has no such line.
    NotOnBill,
}

/// A line beside its twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TwinLine {
    /// As the bill has it.
    pub typed: Option<TypedLine>,
    /// As it was computed.
    pub computed: Option<BillLine>,
    /// How much more the bill asks.
    #[schema(value_type = String)]
    pub difference: Decimal,
    /// What it is.
    pub verdict: Verdict,
    /// In a sentence.
    pub explanation: String,
}

/// A bill beside its twin.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BillTwin {
    /// The lines: those of the bill in its order, then those that it has not.
    pub lines: Vec<TwinLine>,
    /// Sum of the typed lines.
    #[schema(value_type = String)]
    pub typed_total: Decimal,
    /// How much more the bill asks in all: the sum of the differences.
    #[schema(value_type = String)]
    pub difference: Decimal,
    /// The computed bill.
    pub computed: Bill,
}

/// How a line finds its twin: by its name with the version, by the name alone, by an amount that no
/// other line has.
const WAYS: [Option<bool>; 3] = [Some(true), Some(false), None];

/// Compares a typed bill with the computed one. A line finds its twin by its name, in any language
/// where no tariff names it, else by an amount that no other line has.
#[must_use]
pub fn twin(computed: Bill, typed: Vec<TypedLine>) -> BillTwin {
    let mut free: Vec<Option<&BillLine>> = computed.lines.iter().map(Some).collect();
    let mut found: Vec<Option<BillLine>> = vec![None; typed.len()];
    for by_name in WAYS {
        for (at, line) in typed.iter().enumerate() {
            if found[at].is_some() {
                continue;
            }
            let is = |other: &BillLine| match by_name {
                Some(with_version) => other.label.is_meant(&line.name, with_version),
                None => other.amount == line.amount,
            };
            let mut fits = (0..free.len()).filter(|n| free[*n].is_some_and(is));
            let (first, second) = (fits.next(), fits.next());
            if let Some(place) = first.filter(|_| by_name.is_some() || second.is_none()) {
                found[at] = free[place].take().cloned();
            }
        }
    }
    let typed_total = typed.iter().map(|line| line.amount).sum();
    let digit = Decimal::new(1, computed.decimals);
    let mut lines: Vec<TwinLine> = typed
        .into_iter()
        .zip(found)
        .map(|(typed, computed)| beside(typed, computed, digit))
        .collect();
    let missing = free
        .into_iter()
        .flatten()
        .filter(|line| !line.amount.is_zero());
    lines.extend(missing.map(|line| TwinLine {
        typed: None,
        difference: -line.amount,
        verdict: Verdict::NotOnBill,
        explanation: format!(
            "The tariff asks {} for this; the bill does not.",
            line.amount
        ),
        computed: Some(line.clone()),
    }));
    BillTwin {
        difference: lines.iter().map(|line| line.difference).sum(),
        lines,
        typed_total,
        computed,
    }
}

fn beside(typed: TypedLine, computed: Option<BillLine>, digit: Decimal) -> TwinLine {
    let Some(line) = computed else {
        return TwinLine {
            difference: typed.amount,
            verdict: Verdict::NotInTariff,
            explanation: "The tariff has no line of this name or amount: enter it there, or ask \
                          the supplier what it is."
                .to_owned(),
            typed: Some(typed),
            computed: None,
        };
    };
    let difference = typed.amount - line.amount;
    let other_price = typed.price.filter(|price| *price != line.price);
    let other_quantity = typed.quantity.filter(|quantity| *quantity != line.quantity);
    let (verdict, explanation) = if difference.is_zero() {
        (Verdict::Same, "The same to the last digit.".to_owned())
    } else if let Some(price) = other_price {
        let said = format!(
            "The bill asks {price} for one, the tariff {}: is a newer version missing?",
            line.price
        );
        (Verdict::Price, said)
    } else if let Some(quantity) = other_quantity {
        (Verdict::Quantity, differs(quantity, &line))
    } else if difference.abs() <= digit {
        let said = "One of the last digit: the supplier rounds in another way.";
        (Verdict::Rounding, said.to_owned())
    } else {
        let said = format!(
            "Computed are {} × {}. Enter quantity and price of the bill to see which differs; where \
             they are the same, its amount is not their product: check what was typed.",
            line.quantity, line.price
        );
        (Verdict::Amount, said)
    };
    TwinLine {
        typed: Some(typed),
        computed: Some(line),
        difference,
        verdict,
        explanation,
    }
}

fn differs(quantity: Decimal, line: &BillLine) -> String {
    let more = quantity - line.quantity;
    let percent = (!line.quantity.is_zero()).then(|| {
        let share = more * Decimal::ONE_HUNDRED / line.quantity;
        format!(" ({:+} %)", share.round_dp(2).normalize())
    });
    format!(
        "The bill counts {quantity} {}, the meters {}: {more:+}{}. Compare the dates of the \
         reading, the ratio of the transformers and the clock of the supplier's meter.",
        line.unit,
        line.quantity,
        percent.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::super::bill_label::Label;
    use super::super::tariff::Group;
    use super::*;
    use crate::base::Timestamp;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn line(name: &str, quantity: &str, price: &str, amount: &str) -> BillLine {
        BillLine {
            group: Group::Energy,
            name: name.to_owned(),
            label: Label::named(name.to_owned(), None),
            period: None,
            quantity: decimal(quantity),
            unit: "kWh".to_owned(),
            price: decimal(price),
            part: None,
            amount: decimal(amount),
            explanation: String::new(),
            reasons: Vec::new(),
        }
    }

    fn typed(name: &str, quantity: Option<&str>, amount: &str) -> TypedLine {
        TypedLine {
            name: name.to_owned(),
            quantity: quantity.map(decimal),
            price: None,
            amount: decimal(amount),
        }
    }

    #[test]
    fn each_line_is_reproduced_or_explained() {
        let lines = vec![
            line("Jour", "1000", "0.123", "123.000"),
            line("Pointe hiver", "100", "0.185", "18.500"),
            line("Nuit", "500", "0.094", "47.000"),
            line("Redevance", "330", "4", "1320.000"),
            line("TVA", "1508.5", "18", "271.530"),
        ];
        let bill = Bill {
            from: Timestamp::from_ms(0),
            to: Timestamp::from_ms(1),
            time_zone: "UTC".to_owned(),
            currency: "TND".to_owned(),
            decimals: 3,
            total: lines.iter().map(|l| l.amount).sum(),
            lines,
            kwh: 1_600.0,
            peak: None,
            coverage: 1.0,
            notes: Vec::new(),
        };
        let on_paper = vec![
            typed("JOUR", None, "123.000"),
            typed("Pointe (hiver)", Some("110"), "20.350"),
            typed("nuit", None, "47.001"),
            typed("Prime fixe", None, "1320.000"),
            typed("Frais divers", None, "2.000"),
        ];
        let twin = twin(bill, on_paper);
        let verdicts: Vec<_> = twin.lines.iter().map(|l| l.verdict).collect();
        assert_eq!(
            verdicts,
            [
                Verdict::Same,
                Verdict::Quantity,
                Verdict::Rounding,
                Verdict::Same,
                Verdict::NotInTariff,
                Verdict::NotOnBill,
            ]
        );
        assert!(
            twin.lines[1].explanation.contains("+10 (+10 %)"),
            "{}",
            twin.lines[1].explanation
        );
        // What differs in all is what the lines differ by.
        let computed = twin.computed.total;
        assert_eq!(twin.difference, twin.typed_total - computed);
        assert_eq!(twin.difference, decimal("-267.679"));
    }
}

//! *pure* — the figures of a meter tree from those of its meters: sums, differences, what is left.
//!
//! Amounts are whole numbers (mWh, mW), so that parts add up to the last digit. What is left of a
//! place is its incoming meters minus all that is measured behind them; it is never clamped: one
//! below zero says that a meter is wrong or hangs at the wrong place. What is not known of a part
//! is not known of the whole.

use super::tree::{Node, Part, Tree};
use crate::base::EquipmentId;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;

/// An amount that was measured, or computed from such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    /// How much, in the smallest unit.
    pub value: i64,
    /// How much of the time was measured, 0 to 1: the least of its parts.
    pub coverage: f64,
}

impl Amount {
    /// Nothing, of which all is known.
    pub const NOTHING: Self = Self {
        value: 0,
        coverage: 1.0,
    };

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            value: self.value.saturating_add(other.value),
            coverage: self.coverage.min(other.coverage),
        }
    }

    /// What is left of it.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            value: self.value.saturating_sub(other.value),
            coverage: self.coverage.min(other.coverage),
        }
    }

    fn times(self, factor: Decimal) -> Self {
        let product = Decimal::from(self.value).checked_mul(factor);
        let rounded = product
            .map(|p| p.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven))
            .and_then(|p| p.to_i64());
        let most = if factor.is_sign_negative() == (self.value < 0) {
            i64::MAX
        } else {
            i64::MIN
        };
        Self {
            value: rounded.unwrap_or(most),
            ..self
        }
    }
}

/// The figures of a place.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeFigures {
    /// All that goes into it.
    pub total: Option<Amount>,
    /// What is left when all that is measured behind its incoming meters is taken away; `None`
    /// without incoming meters, or when something is not known.
    pub rest: Option<Amount>,
    /// What is used in the place itself: its consumers and what is left.
    pub own: Option<Amount>,
    /// What is used in it and in the places that lie in it.
    pub place: Option<Amount>,
}

/// All figures of a tree.
#[derive(Clone, Debug)]
pub struct Figures<'t> {
    tree: &'t Tree,
    meters: BTreeMap<EquipmentId, Amount>,
    known: BTreeMap<Part, Option<Amount>>,
    /// By id of the place.
    pub nodes: BTreeMap<String, NodeFigures>,
}

impl<'t> Figures<'t> {
    /// The figures of a checked tree from the amounts of its meters.
    #[must_use]
    pub fn of(tree: &'t Tree, meters: BTreeMap<EquipmentId, Amount>) -> Self {
        let mut figures = Self {
            tree,
            meters,
            known: BTreeMap::new(),
            nodes: BTreeMap::new(),
        };
        for node in &tree.nodes {
            let total = figures.amount(&Part::Node(node.id.clone()));
            let consumers = figures.sum(&node.consumers);
            let metered = !node.incoming.is_empty();
            let fed = figures.fed(node);
            let measured = consumers.zip(fed).map(|(a, b)| a.plus(b));
            let rest = total.zip(measured).map(|(all, part)| all.minus(part));
            let rest = rest.filter(|_| metered);
            let own = match metered {
                true => consumers.zip(rest).map(|(a, b)| a.plus(b)),
                false => consumers,
            };
            let shown = NodeFigures {
                total,
                rest,
                own,
                place: None,
            };
            figures.nodes.insert(node.id.clone(), shown);
        }
        let root = tree.root().map(|root| root.id.clone());
        if let Some(root) = root {
            figures.add_up_places(&root);
        }
        figures
    }

    /// The amount of a meter, a formula or all that goes into a place.
    pub fn amount(&mut self, part: &Part) -> Option<Amount> {
        if let Part::Meter(id) = part {
            return self.meters.get(id).copied();
        }
        if let Some(known) = self.known.get(part) {
            return *known;
        }
        let tree = self.tree;
        let amount = match part {
            Part::Meter(_) => None,
            Part::Virtual(id) => tree.virtual_meter(id).and_then(|meter| {
                meter.terms.iter().try_fold(Amount::NOTHING, |sum, term| {
                    Some(sum.plus(self.amount(&term.of)?.times(term.factor)))
                })
            }),
            Part::Node(id) => tree.node(id).and_then(|node| {
                if !node.incoming.is_empty() {
                    return self.sum(&node.incoming);
                }
                let consumers = self.sum(&node.consumers)?;
                Some(consumers.plus(self.fed(node)?))
            }),
        };
        self.known.insert(part.clone(), amount);
        amount
    }

    fn sum(&mut self, parts: &[Part]) -> Option<Amount> {
        parts.iter().try_fold(Amount::NOTHING, |sum, part| {
            Some(sum.plus(self.amount(part)?))
        })
    }

    /// What goes on to the places that take their energy from this one.
    fn fed(&mut self, node: &Node) -> Option<Amount> {
        let tree = self.tree;
        tree.fed_by(&node.id)
            .try_fold(Amount::NOTHING, |sum, child| {
                Some(sum.plus(self.amount(&Part::Node(child.id.clone()))?))
            })
    }

    fn add_up_places(&mut self, id: &str) -> Option<Amount> {
        let mut sum = self.nodes.get(id)?.own;
        for child in self.tree.inside(id) {
            let inner = self.add_up_places(&child.id);
            sum = sum.zip(inner).map(|(a, b)| a.plus(b));
        }
        self.nodes.get_mut(id)?.place = sum;
        sum
    }
}

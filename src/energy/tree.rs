//! *pure* — the meter tree of a site: where energy comes in, where it goes, who measures it.
//!
//! A node is a place: the site, an area, a line, a machine. Its incoming meters measure all that
//! comes into it; its consumers measure one thing in it each. A node gets its energy from the place
//! it lies in, or from the one that `fed_from` names. So each flow of energy has one owner.

use crate::base::EquipmentId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most places of a tree: a plant of a thousand meters has a few hundred.
pub const NODES_MAX: usize = 500;
/// Most virtual meters of a tree.
pub const VIRTUAL_METERS_MAX: usize = 200;
/// Most meters that hang at one place, and most terms of one formula.
pub const PARTS_MAX: usize = 500;

/// The unit of what hangs in the tree.
pub const ENERGY_UNIT: &str = "kWh";

/// Meters, each with the factor by which it counts.
pub type Weights = BTreeMap<EquipmentId, Decimal>;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The whole plant: the root, and nothing else is.
    Site,
    /// A hall, a building.
    Area,
    /// A production line, a distribution board.
    Line,
    /// One machine.
    Machine,
}

/// What measures, or what a formula is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The energy of a meter.
    Meter(EquipmentId),
    /// A virtual meter, by its id.
    Virtual(String),
    /// All that goes into a place, by its id. In formulas only.
    Node(String),
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its id in this tree: 1 to 40 characters of a-z, 0-9, - and _.
    #[schema(example = "hall-1")]
    pub id: String,
    /// Its name.
    #[schema(example = "Hall 1")]
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// The place it lies in; `null` for the site.
    #[serde(default)]
    pub parent: Option<String>,
    /// Where its energy comes from, when that is not the place it lies in.
    #[serde(default)]
    pub fed_from: Option<String>,
    /// Meters that measure together all that comes into it. Without any, what goes in is the sum
    /// of what is measured inside, and nothing is unaccounted for.
    #[serde(default)]
    pub incoming: Vec<Part>,
    /// Meters of one thing in it each.
    #[serde(default)]
    pub consumers: Vec<Part>,
}

impl Node {
    /// The place whose energy it takes.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.fed_from.as_deref().or(self.parent.as_deref())
    }
}

/// A meter that is computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VirtualMeter {
    /// Its id in this tree: 1 to 40 characters of a-z, 0-9, - and _.
    #[schema(example = "both-transformers")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The unit of what it shows; only one of kWh may hang at a place.
    #[serde(default = "energy_unit")]
    #[schema(example = "kWh")]
    pub unit: String,
    /// What it adds up.
    pub terms: Vec<Term>,
}

fn energy_unit() -> String {
    ENERGY_UNIT.to_owned()
}

/// A term of a formula: a factor times the energy of something, kWh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The factor; -1 subtracts.
    #[schema(value_type = String, example = "-1")]
    pub factor: Decimal,
    /// Of what.
    pub of: Part,
}

/// The tree of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The places; one of them is the site.
    pub nodes: Vec<Node>,
    /// The computed meters.
    #[serde(default)]
    pub virtual_meters: Vec<VirtualMeter>,
}

impl Tree {
    /// The tree of a site that has none yet: every meter that counts in its total hangs at it.
    #[must_use]
    pub fn flat(site_name: &str, counted: &[EquipmentId]) -> Self {
        let site = Node {
            id: "site".to_owned(),
            name: site_name.to_owned(),
            kind: NodeKind::Site,
            parent: None,
            fed_from: None,
            incoming: Vec::new(),
            consumers: counted.iter().copied().map(Part::Meter).collect(),
        };
        Self {
            nodes: vec![site],
            virtual_meters: Vec::new(),
        }
    }

    /// The place that is the site.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.parent.is_none())
    }

    /// The place of this id.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The virtual meter of this id.
    #[must_use]
    pub fn virtual_meter(&self, id: &str) -> Option<&VirtualMeter> {
        self.virtual_meters.iter().find(|meter| meter.id == id)
    }

    /// The places that take their energy from this one.
    pub fn fed_by<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Node> {
        let of = move |node: &&Node| node.source() == Some(id);
        self.nodes.iter().filter(of)
    }

    /// The places that lie in this one.
    pub fn inside<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Node> {
        let of = move |node: &&Node| node.parent.as_deref() == Some(id);
        self.nodes.iter().filter(of)
    }

    /// Every meter that anything of the tree is made of, each once.
    #[must_use]
    pub fn meters(&self) -> Vec<EquipmentId> {
        let hung = self
            .nodes
            .iter()
            .flat_map(|n| n.incoming.iter().chain(&n.consumers));
        let terms = self.virtual_meters.iter().flat_map(|v| &v.terms);
        let mut meters: Vec<_> = hung
            .chain(terms.map(|term| &term.of))
            .filter_map(|part| match part {
                Part::Meter(id) => Some(*id),
                Part::Virtual(_) | Part::Node(_) => None,
            })
            .collect();
        meters.sort_unstable();
        meters.dedup();
        meters
    }

    /// What something is in terms of meters: each with its factor. Everything in a tree is a sum
    /// of meters times factors. Empty for what is not there, and where factors multiply to more
    /// than a decimal holds, which a checked tree does not.
    #[must_use]
    pub fn weights(&self, part: &Part) -> Weights {
        let mut known = BTreeMap::new();
        let mut weights = self.weigh(part, &mut known).unwrap_or_default();
        weights.retain(|_, factor| !factor.is_zero());
        weights
    }

    /// The weights of a part; each is computed once, because formulas share parts.
    pub(super) fn weigh(
        &self,
        part: &Part,
        known: &mut BTreeMap<Part, Weights>,
    ) -> Option<Weights> {
        if let Some(weights) = known.get(part) {
            return Some(weights.clone());
        }
        let mut sum = Weights::new();
        for (factor, inner) in self.made_of(part) {
            if let Part::Meter(id) = inner {
                add(&mut sum, id, factor)?;
                continue;
            }
            for (id, weight) in self.weigh(&inner, known)? {
                add(&mut sum, id, weight.checked_mul(factor)?)?;
            }
        }
        if let Part::Meter(id) = part {
            sum.insert(*id, Decimal::ONE);
        }
        known.insert(part.clone(), sum.clone());
        Some(sum)
    }

    /// What the figure of something is the sum of, each part with its factor.
    pub(super) fn made_of(&self, part: &Part) -> Vec<(Decimal, Part)> {
        let plain = |part: &Part| (Decimal::ONE, part.clone());
        match part {
            Part::Meter(_) => Vec::new(),
            Part::Virtual(id) => {
                let terms = self.virtual_meter(id).map_or(&[][..], |v| &v.terms);
                let of = |term: &Term| (term.factor, term.of.clone());
                terms.iter().map(of).collect()
            }
            Part::Node(id) => match self.node(id) {
                Some(node) if !node.incoming.is_empty() => {
                    node.incoming.iter().map(plain).collect()
                }
                Some(node) => {
                    let fed = self.fed_by(id).map(|child| Part::Node(child.id.clone()));
                    let fed = fed.map(|part| (Decimal::ONE, part));
                    node.consumers.iter().map(plain).chain(fed).collect()
                }
                None => Vec::new(),
            },
        }
    }

    /// What the site takes in, in terms of meters.
    #[must_use]
    pub fn supply(&self) -> Weights {
        let root = self.root().map(|root| Part::Node(root.id.clone()));
        root.map(|root| self.weights(&root)).unwrap_or_default()
    }

    /// The meters whose sum is the supply; `None` when it is more than a sum of meters.
    #[must_use]
    pub fn supply_meters(&self) -> Option<Vec<EquipmentId>> {
        let supply = self.supply();
        let plain = supply.values().all(|factor| *factor == Decimal::ONE);
        plain.then(|| supply.into_keys().collect())
    }
}

fn add(sum: &mut Weights, id: EquipmentId, factor: Decimal) -> Option<()> {
    let place = sum.entry(id).or_default();
    *place = place.checked_add(factor)?;
    Some(())
}

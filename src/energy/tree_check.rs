//! *pure* — what a meter tree must keep: one root, no circle, every flow with one owner.

use super::tree::{ENERGY_UNIT, NODES_MAX, Node, NodeKind, PARTS_MAX, Part, Tree};
use super::tree::{VIRTUAL_METERS_MAX, VirtualMeter};
use crate::base::error::Checks;
use crate::base::{EquipmentId, Result};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Largest factor of a formula, and most digits behind the point of one.
const FACTOR_MAX: i64 = 1_000_000;
const FACTOR_DIGITS: u32 = 9;

impl Tree {
    /// Checks the tree against itself and against the meters there are.
    ///
    /// # Errors
    /// Every refused place, such as `nodes[3].consumers[0]`.
    pub fn check(&self, exists: &dyn Fn(EquipmentId) -> bool) -> Result<()> {
        let mut checks = Checks::default();
        let many = self.nodes.len();
        checks.require(
            (1..=NODES_MAX).contains(&many),
            "nodes",
            "1 to 500 places; one of them is the site.",
        );
        checks.require(
            self.virtual_meters.len() <= VIRTUAL_METERS_MAX,
            "virtual_meters",
            "At most 200 virtual meters.",
        );
        // What follows walks the lists: not for one that is too long.
        checks.finish()?;
        let mut checks = Checks::default();
        self.check_nodes(&mut checks);
        self.check_virtual_meters(&mut checks, exists);
        self.check_owners(&mut checks, exists);
        checks.finish()?;
        // Circles are looked for where every name means something.
        let mut checks = Checks::default();
        self.check_circles(&mut checks);
        checks.finish()
    }

    fn check_nodes(&self, checks: &mut Checks) {
        let roots = self.nodes.iter().filter(|n| n.parent.is_none()).count();
        checks.require(
            roots == 1,
            "nodes",
            "Exactly one place has no parent: the site.",
        );
        for (at, node) in self.nodes.iter().enumerate() {
            let path = |field: &str| format!("nodes[{at}].{field}");
            check_name(checks, &path(""), (&node.id, &node.name));
            let earlier = self.nodes[..at].iter().any(|other| other.id == node.id);
            checks.require(!earlier, &path("id"), "Another place has this id.");
            let is_root = node.parent.is_none();
            let kind_fits = is_root == (node.kind == NodeKind::Site);
            let sentence = "The place without a parent is the site, and no other is.";
            checks.require(kind_fits, &path("kind"), sentence);
            for (field, other) in [("parent", &node.parent), ("fed_from", &node.fed_from)] {
                if let Some(other) = other.as_deref().filter(|id| self.node(id).is_none()) {
                    checks.refuse(&path(field), format!("There is no place {other}."));
                }
            }
            checks.require(
                !is_root || node.fed_from.is_none(),
                &path("fed_from"),
                "The site is fed by its incoming meters.",
            );
            let parts = node.incoming.len().max(node.consumers.len());
            checks.require(
                parts <= PARTS_MAX,
                &path("consumers"),
                "At most 500 meters at a place.",
            );
        }
    }

    fn check_virtual_meters(&self, checks: &mut Checks, exists: &dyn Fn(EquipmentId) -> bool) {
        for (at, meter) in self.virtual_meters.iter().enumerate() {
            let path = |field: &str| format!("virtual_meters[{at}].{field}");
            check_name(checks, &path(""), (&meter.id, &meter.name));
            let earlier = self.virtual_meters[..at].iter().any(|v| v.id == meter.id);
            checks.require(!earlier, &path("id"), "Another virtual meter has this id.");
            let unit_fits = (1..=16).contains(&meter.unit.chars().count());
            checks.require(unit_fits, &path("unit"), "A unit of 1 to 16 characters.");
            checks.require(
                (1..=PARTS_MAX).contains(&meter.terms.len()),
                &path("terms"),
                "A formula of 1 to 500 terms.",
            );
            for (n, term) in meter.terms.iter().enumerate() {
                let factor = term.factor;
                let fits = !factor.is_zero()
                    && factor.abs() <= Decimal::from(FACTOR_MAX)
                    && factor.scale() <= FACTOR_DIGITS;
                checks.require(
                    fits,
                    &path(&format!("terms[{n}].factor")),
                    "A factor up to 1000000 with at most 9 digits behind the point, and not 0.",
                );
                self.check_part(checks, &path(&format!("terms[{n}].of")), &term.of, exists);
            }
        }
    }

    fn check_part(
        &self,
        checks: &mut Checks,
        path: &str,
        part: &Part,
        exists: &dyn Fn(EquipmentId) -> bool,
    ) {
        match part {
            Part::Meter(id) if !exists(*id) => {
                checks.refuse(path, format!("There is no meter {id} at this site."));
            }
            Part::Virtual(id) if self.virtual_meter(id).is_none() => {
                checks.refuse(path, format!("There is no virtual meter {id}."));
            }
            Part::Node(id) if self.node(id).is_none() => {
                checks.refuse(path, format!("There is no place {id}."));
            }
            _ => {}
        }
    }

    /// Each meter hangs at one place, once.
    fn check_owners(&self, checks: &mut Checks, exists: &dyn Fn(EquipmentId) -> bool) {
        let mut owners: BTreeMap<&Part, String> = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for (field, parts) in [("incoming", &node.incoming), ("consumers", &node.consumers)] {
                for (n, part) in parts.iter().enumerate() {
                    let path = format!("nodes[{at}].{field}[{n}]");
                    self.check_part(checks, &path, part, exists);
                    let sentence = match part {
                        Part::Node(_) => Some("A place cannot hang at a place; name its parent."),
                        Part::Virtual(id) => {
                            let energy = |v: &VirtualMeter| v.unit == ENERGY_UNIT;
                            let fits = self.virtual_meter(id).is_none_or(energy);
                            (!fits).then_some("Only a virtual meter of kWh hangs at a place.")
                        }
                        Part::Meter(_) => None,
                    };
                    if let Some(sentence) = sentence {
                        checks.refuse(&path, sentence);
                    }
                    if let Some(owner) = owners.get(part) {
                        let sentence = format!(
                            "It hangs at {owner} already: energy that is counted twice is no \
                             balance. Take it away at one of them."
                        );
                        checks.refuse(&path, sentence);
                    } else {
                        owners.insert(part, format!("{} ({field})", node.name));
                    }
                }
            }
        }
    }

    fn check_circles(&self, checks: &mut Checks) {
        type Next<'a> = &'a dyn Fn(&Node) -> Option<&str>;
        let links: [(&str, Next<'_>); 2] = [
            ("parent", &|node| node.parent.as_deref()),
            ("fed_from", &|node| node.source()),
        ];
        for (field, next) in links {
            for (at, node) in self.nodes.iter().enumerate() {
                if let Some(circle) = self.circle(node, next) {
                    let sentence = format!("That is a circle: {circle}.");
                    checks.refuse(&format!("nodes[{at}].{field}"), sentence);
                    return;
                }
            }
        }
        let mut done = Vec::new();
        for (at, meter) in self.virtual_meters.iter().enumerate() {
            let mut trail = Vec::new();
            let part = Part::Virtual(meter.id.clone());
            if let Some(circle) = self.formula_circle(&part, &mut trail, &mut done) {
                let sentence = format!("The formula contains itself: {circle}.");
                checks.refuse(&format!("virtual_meters[{at}].terms"), sentence);
                return;
            }
        }
        self.check_weights(checks);
    }

    /// Formulas of formulas: what their factors multiply to is still a number to reckon with.
    fn check_weights(&self, checks: &mut Checks) {
        let mut known = BTreeMap::new();
        for (at, meter) in self.virtual_meters.iter().enumerate() {
            let weights = self.weigh(&Part::Virtual(meter.id.clone()), &mut known);
            let small = |weight: &Decimal| weight.abs() <= Decimal::from(FACTOR_MAX);
            let fits = weights.is_some_and(|weights| weights.values().all(small));
            let sentence = "Its factors multiply to more than 1000000 for one of its meters.";
            checks.require(fits, &format!("virtual_meters[{at}].terms"), sentence);
            if !fits {
                return;
            }
        }
    }

    /// The names along a circle that begins and ends at this place.
    fn circle<'a>(
        &'a self,
        start: &'a Node,
        next: &dyn Fn(&'a Node) -> Option<&'a str>,
    ) -> Option<String> {
        let mut names = vec![start.name.as_str()];
        let mut here = start;
        for _ in 0..self.nodes.len() {
            here = self.node(next(here)?)?;
            names.push(&here.name);
            if here.id == start.id {
                return Some(names.join(" → "));
            }
        }
        None
    }

    /// The names along a circle of formulas.
    fn formula_circle(
        &self,
        part: &Part,
        trail: &mut Vec<Part>,
        done: &mut Vec<Part>,
    ) -> Option<String> {
        if done.contains(part) {
            return None;
        }
        if let Some(from) = trail.iter().position(|passed| passed == part) {
            let names = trail[from..].iter().chain([part]).map(|p| self.name_of(p));
            return Some(names.collect::<Vec<_>>().join(" → "));
        }
        trail.push(part.clone());
        for (_, inner) in self.made_of(part) {
            if let Some(circle) = self.formula_circle(&inner, trail, done) {
                return Some(circle);
            }
        }
        trail.pop();
        done.push(part.clone());
        None
    }

    fn name_of(&self, part: &Part) -> String {
        match part {
            Part::Meter(id) => id.to_string(),
            Part::Virtual(id) => self.virtual_meter(id).map_or(id, |v| &v.name).clone(),
            Part::Node(id) => self.node(id).map_or(id, |n| &n.name).clone(),
        }
    }
}

fn check_name(checks: &mut Checks, path: &str, (id, name): (&str, &str)) {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    checks.require(
        (1..=40).contains(&id.len()) && id.bytes().all(is_word),
        &format!("{path}id"),
        "1 to 40 characters of a-z, 0-9, - and _.",
    );
    let fits = (1..=120).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    checks.require(
        fits,
        &format!("{path}name"),
        "A name of 1 to 120 characters.",
    );
}

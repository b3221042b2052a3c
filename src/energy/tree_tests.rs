//! Trees by hand and by chance: what adds up, what is refused, and where.

use super::tree::{Node, NodeKind, Part, Term, Tree, VirtualMeter};
use super::tree_figures::{Amount, Figures};
use crate::base::EquipmentId;
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

fn node(id: &str, parent: Option<&str>) -> Node {
    let kind = match parent {
        None => NodeKind::Site,
        Some(_) => NodeKind::Area,
    };
    Node {
        id: id.to_owned(),
        name: id.to_uppercase(),
        kind,
        parent: parent.map(str::to_owned),
        fed_from: None,
        incoming: Vec::new(),
        consumers: Vec::new(),
    }
}

fn meters<const N: usize>() -> [EquipmentId; N] {
    std::array::from_fn(|_| EquipmentId::new())
}

fn amounts(list: &[(EquipmentId, i64)]) -> BTreeMap<EquipmentId, Amount> {
    let amount = |value| Amount {
        value,
        coverage: 1.0,
    };
    list.iter().map(|(id, n)| (*id, amount(*n))).collect()
}

fn formula(id: &str, terms: &[(i64, Part)]) -> VirtualMeter {
    let term = |(factor, of): &(i64, Part)| Term {
        factor: Decimal::from(*factor),
        of: of.clone(),
    };
    VirtualMeter {
        id: id.to_owned(),
        name: id.to_uppercase(),
        unit: "kWh".to_owned(),
        terms: terms.iter().map(term).collect(),
    }
}

fn refused(tree: &Tree) -> Vec<(String, String)> {
    let error = tree.check(&|_| true).unwrap_err();
    let field = |f: crate::base::FieldError| (f.path, f.message);
    error.fields.into_iter().map(field).collect()
}

/// A site with two transformers, a hall with a meter of its own and one without.
fn plant([t1, t2, hall, press, oven, light]: [EquipmentId; 6]) -> Tree {
    let mut site = node("site", None);
    site.incoming = vec![Part::Meter(t1), Part::Meter(t2)];
    site.consumers = vec![Part::Meter(light)];
    let mut one = node("hall-1", Some("site"));
    one.incoming = vec![Part::Meter(hall)];
    one.consumers = vec![Part::Meter(press)];
    let mut two = node("hall-2", Some("site"));
    two.consumers = vec![Part::Meter(oven)];
    Tree {
        nodes: vec![site, one, two],
        virtual_meters: vec![formula(
            "both",
            &[(1, Part::Meter(t1)), (1, Part::Meter(t2))],
        )],
    }
}

#[test]
fn a_balance_adds_up_and_what_is_left_is_shown_as_it_is() {
    let all = meters::<6>();
    let [t1, t2, hall, press, oven, light] = all;
    let tree = plant(all);
    tree.check(&|_| true).unwrap();
    let read = [
        (t1, 600),
        (t2, 401),
        (hall, 500),
        (press, 520),
        (oven, 300),
        (light, 100),
    ];
    let figures = Figures::of(&tree, amounts(&read));
    let of = |id: &str| figures.nodes[id].clone();
    let value = |amount: Option<Amount>| amount.map(|a| a.value);
    assert_eq!(value(of("site").total), Some(1001));
    assert_eq!(value(of("site").rest), Some(1001 - 100 - 500 - 300));
    // The press says more than the meter of its hall: not hidden.
    assert_eq!(value(of("hall-1").rest), Some(-20));
    assert_eq!(
        (value(of("hall-2").total), value(of("hall-2").rest)),
        (Some(300), None)
    );
    assert_eq!(value(of("site").place), Some(1001));
    assert_eq!(value(of("hall-1").place), Some(500));
}

#[test]
fn what_is_not_known_of_a_part_is_not_known_of_the_whole() {
    let all = meters::<6>();
    let [t1, t2, hall, press, _, light] = all;
    let tree = plant(all);
    let read = [(t1, 600), (t2, 401), (hall, 500), (press, 20), (light, 100)];
    let mut figures = Figures::of(&tree, amounts(&read));
    assert_eq!(figures.nodes["hall-2"].total, None);
    assert_eq!(figures.nodes["site"].rest, None);
    assert_eq!(figures.nodes["site"].total.map(|a| a.value), Some(1001));
    assert_eq!(figures.nodes["hall-1"].rest.map(|a| a.value), Some(480));
    let both = figures.amount(&Part::Virtual("both".to_owned()));
    assert_eq!(both.map(|a| a.value), Some(1001));
}

#[test]
fn a_place_may_take_its_energy_from_another_than_it_lies_in() {
    let all = meters::<6>();
    let mut tree = plant(all);
    tree.nodes[2].fed_from = Some("hall-1".to_owned());
    tree.check(&|_| true).unwrap();
    let [t1, t2, hall, press, oven, light] = all;
    let read = [
        (t1, 500),
        (t2, 0),
        (hall, 350),
        (press, 100),
        (oven, 200),
        (light, 30),
    ];
    let figures = Figures::of(&tree, amounts(&read));
    let value = |amount: Option<Amount>| amount.map(|a| a.value);
    assert_eq!(value(figures.nodes["hall-1"].rest), Some(50));
    assert_eq!(value(figures.nodes["site"].rest), Some(120));
    assert_eq!(value(figures.nodes["hall-1"].place), Some(150));
    assert_eq!(value(figures.nodes["hall-2"].place), Some(200));
    assert_eq!(value(figures.nodes["site"].place), Some(500));
}

#[test]
fn circles_are_refused_with_their_place() {
    let mut tree = plant(meters());
    tree.nodes[1].parent = Some("hall-2".to_owned());
    tree.nodes[2].parent = Some("hall-1".to_owned());
    let fields = refused(&tree);
    assert_eq!(fields[0].0, "nodes[1].parent");
    assert!(
        fields[0].1.contains("HALL-1 → HALL-2 → HALL-1"),
        "{fields:?}"
    );

    let mut tree = plant(meters());
    tree.nodes[1].fed_from = Some("hall-2".to_owned());
    tree.nodes[2].fed_from = Some("hall-1".to_owned());
    assert_eq!(refused(&tree)[0].0, "nodes[1].fed_from");

    let mut tree = plant(meters());
    let (a, b) = (Part::Virtual("a".to_owned()), Part::Virtual("b".to_owned()));
    tree.virtual_meters = vec![formula("a", &[(1, b)]), formula("b", &[(1, a)])];
    let fields = refused(&tree);
    assert_eq!(fields[0].0, "virtual_meters[0].terms");
    assert!(fields[0].1.contains("A → B → A"), "{fields:?}");

    // Through a place: what goes into the hall is the formula that is made of the hall.
    let mut tree = plant(meters());
    let hall = Part::Node("hall-2".to_owned());
    tree.virtual_meters = vec![formula("a", &[(2, hall)])];
    tree.nodes[2].incoming = vec![Part::Virtual("a".to_owned())];
    assert_eq!(refused(&tree)[0].0, "virtual_meters[0].terms");
}

#[test]
fn formulas_of_formulas_stay_within_reason() {
    let mut tree = plant(meters());
    for n in 0..60 {
        let before = match n {
            0 => Part::Node("site".to_owned()),
            n => Part::Virtual(format!("v{}", n - 1)),
        };
        let doubled = formula(&format!("v{n}"), &[(1, before.clone()), (1, before)]);
        tree.virtual_meters.push(doubled);
    }
    // The first is the sum of the transformers; 2^20 is the first above a million.
    assert_eq!(refused(&tree)[0].0, "virtual_meters[20].terms");
    tree.virtual_meters.truncate(20);
    tree.check(&|_| true).unwrap();
}

#[test]
fn energy_has_one_owner() {
    let all = meters::<6>();
    let mut tree = plant(all);
    tree.nodes[2].consumers.push(Part::Meter(all[3]));
    let fields = refused(&tree);
    assert_eq!(fields[0].0, "nodes[2].consumers[1]");
    assert!(fields[0].1.contains("HALL-1"), "{fields:?}");
}

#[test]
fn every_slip_is_named_at_once() {
    let stranger = EquipmentId::new();
    let mut tree = plant(meters());
    tree.nodes[1].name = String::new();
    tree.nodes[2].parent = Some("nowhere".to_owned());
    tree.nodes[2].consumers = vec![Part::Meter(stranger), Part::Node("site".to_owned())];
    tree.virtual_meters[0].terms[0].factor = Decimal::ZERO;
    tree.virtual_meters[0].unit = "kg".to_owned();
    tree.nodes[0]
        .incoming
        .push(Part::Virtual("both".to_owned()));
    let error = tree.check(&|id| id != stranger).unwrap_err();
    let paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
    for path in [
        "nodes[1].name",
        "nodes[2].parent",
        "nodes[2].consumers[0]",
        "nodes[2].consumers[1]",
        "virtual_meters[0].terms[0].factor",
        "nodes[0].incoming[2]",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
}

/// A random tree: the parent and the source of each place are earlier ones.
fn any_tree() -> impl Strategy<Value = (Tree, BTreeMap<EquipmentId, Amount>)> {
    let place = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..3_usize,
        0..4_usize,
    );
    let places = prop::collection::vec(place, 1..12);
    let values = prop::collection::vec(-1_000_000_000_i64..1_000_000_000_000, 80);
    (places, values).prop_map(|(places, values)| {
        let mut values = values.into_iter();
        let mut read = BTreeMap::new();
        let mut tree = Tree {
            nodes: Vec::new(),
            virtual_meters: Vec::new(),
        };
        for (n, (parent, source, incoming, consumers)) in places.into_iter().enumerate() {
            let before =
                |index: prop::sample::Index| (n > 0).then(|| format!("n{}", index.index(n)));
            let mut place = node(&format!("n{n}"), before(parent).as_deref());
            place.fed_from = before(source);
            let mut hang = |count: usize| -> Vec<Part> {
                let meter = |_| {
                    let id = EquipmentId::new();
                    let value = values.next().unwrap_or(7);
                    read.insert(
                        id,
                        Amount {
                            value,
                            coverage: 1.0,
                        },
                    );
                    Part::Meter(id)
                };
                (0..count).map(meter).collect()
            };
            place.incoming = hang(incoming);
            place.consumers = hang(consumers);
            tree.nodes.push(place);
        }
        (tree, read)
    })
}

proptest! {
    #[test]
    fn parts_sum_to_the_whole((tree, read) in any_tree()) {
        tree.check(&|_| true).unwrap();
        let mut figures = Figures::of(&tree, read.clone());
        let total = figures.nodes["n0"].total.unwrap().value;
        let consumers = tree.nodes.iter().flat_map(|n| &n.consumers);
        let used: i64 = consumers.map(|part| figures.amount(part).unwrap().value).sum();
        let left: i64 = figures.nodes.values().filter_map(|n| n.rest).map(|r| r.value).sum();
        prop_assert_eq!(total, used + left);
        let own: i64 = figures.nodes.values().map(|n| n.own.unwrap().value).sum();
        prop_assert_eq!(total, own);
        prop_assert_eq!(figures.nodes["n0"].place.unwrap().value, total);
        // And the tree says itself which meters that is.
        let supply = tree.supply();
        let weighed: Decimal = supply.iter().map(|(id, f)| Decimal::from(read[id].value) * f).sum();
        prop_assert_eq!(weighed, Decimal::from(total));
    }
}

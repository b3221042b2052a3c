//! Golden bills, worked out by hand from the published rules, and what holds for every tariff.

use super::bill::{Bill, BillLine, Segment, lines};
use super::bill_lines::Past;
use super::cost::Pricing;
use super::metered::{Metered, SupplyCell, kwh};
use super::tariff::{Group, Rules};
use super::tariff_clock::Local;
use super::tariff_examples::tariff_examples;
use crate::base::Timestamp;
use crate::base::time::{BucketSize, Calendar};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

pub(super) fn example(country: &str) -> (Rules, Calendar) {
    let all = tariff_examples().unwrap();
    let found = all.into_iter().find(|example| example.country == country);
    let example = found.unwrap();
    (example.rules, Calendar::new(&example.time_zone).unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The cells of the month of an instant under a load, kW on the clock of the site.
pub(super) fn month(
    rules: &Rules,
    calendar: &Calendar,
    of: &str,
    load: &dyn Fn(Local) -> i64,
) -> Vec<SupplyCell> {
    let mut cells = Vec::new();
    let from = calendar.bucket_start(at(of), BucketSize::Month);
    let to = calendar.next_bucket(from, BucketSize::Month);
    let minutes = i64::from(rules.cell_minutes());
    let mut start = from;
    while start < to {
        // To the nearest milliwatt-hour, as meters are read.
        let mwh = (load(Local::of(start, calendar)) * 1_000_000 * minutes + 30) / 60;
        cells.push(SupplyCell {
            start,
            import_mwh: Some(mwh),
            coverage: 1.0,
            ..SupplyCell::default()
        });
        start = start.plus_ms(minutes * 60_000);
    }
    cells
}

pub(super) fn billed(
    rules: &Rules,
    calendar: &Calendar,
    cells: &[SupplyCell],
    past: Vec<Past>,
) -> Vec<BillLine> {
    let segment = Segment {
        rules,
        metered: Metered::of(rules, cells, calendar),
        days: (30, 30),
        past,
        version: None,
    };
    lines(&segment)
}

fn shown(lines: &[BillLine]) -> Vec<(&str, String, String)> {
    let line = |l: &'_ BillLine| (l.quantity.to_string(), l.amount.to_string());
    let all = lines.iter().map(|l| {
        let (quantity, amount) = line(l);
        (l.name.as_str(), quantity, amount)
    });
    all.collect()
}

pub(super) fn expect(lines: &[BillLine], golden: &[(&str, &str, &str)], total: &str) {
    let found = shown(lines);
    let found: Vec<_> = found
        .iter()
        .map(|(n, q, a)| (*n, q.as_str(), a.as_str()))
        .collect();
    assert_eq!(found, golden);
    let sum: Decimal = lines.iter().map(|line| line.amount).sum();
    assert_eq!(sum.to_string(), total);
}

/// January 2013 has 27 working days and 4 Sundays: 297 h of day, 81 h of peak, 366 h of night.
#[test]
fn a_bill_of_the_steg_to_the_millime() {
    let (rules, calendar) = example("TN");
    let load = |local: Local| match (local.weekday, local.minute / 60) {
        (0..=5, 7..18) => 240,
        (0..=5, 18..21) => 420,
        _ => 100,
    };
    let cells = month(&rules, &calendar, "2013-01-15", &load);
    let lines = billed(&rules, &calendar, &cells, Vec::new());
    expect(
        &lines,
        &[
            ("Jour", "71280", "8767.440"),
            ("Pointe hiver", "34020", "6293.700"),
            ("Nuit", "36600", "3440.400"),
            // 300 × 0.4 + 300 × 0.3 + 400 × 0.2 + 400 × 0.1
            ("Redevance de puissance", "330", "1320.000"),
            // 420 × 0.4 + 300 × 0.3 + 240 × 0.2 + 400 × 0.1 = 346
            ("Dépassement", "16", "230.400"),
            ("Surtaxe municipale", "141900", "709.500"),
            ("Contribution RTT", "1", "3.500"),
            // 18 % of 18501.540 + 1550.400
            ("TVA", "20051.940", "3609.349"),
        ],
        "24374.289",
    );
}

/// October 2025 has 27 working days, three Sundays of 24 h and one of 25 h: 432 h and 313 h.
#[test]
fn a_bill_of_the_turpe_to_the_cent_across_the_clock_change() {
    let (rules, calendar) = example("FR");
    let load = |local: Local| match (local.weekday, local.minute / 60) {
        _ if local.day == 15 && (720..730).contains(&local.minute) => 330,
        _ if local.day == 15 && (730..740).contains(&local.minute) => 340,
        (0..=5, 6..22) => 280,
        _ => 150,
    };
    let cells = month(&rules, &calendar, "2025-10-15", &load);
    assert_eq!(cells.len(), 745 * 6);
    let lines = billed(&rules, &calendar, &cells, Vec::new());
    expect(
        &lines,
        &[
            // 432 h × 280 kW, and 50/6 and 60/6 kWh more.
            ("HPB", "120978", "1113.00"),
            ("HCB", "46950", "319.26"),
            ("Composante de gestion", "1", "36.31"),
            ("Composante de comptage", "1", "31.37"),
            ("Puissance souscrite, Pointe", "200", "588.83"),
            ("Puissance souscrite, HPH", "0", "0.00"),
            ("Puissance souscrite, HCH", "50", "84.96"),
            ("Puissance souscrite, HPB", "50", "59.71"),
            ("Puissance souscrite, HCB", "0", "0.00"),
            // √(30² + 40²) kW at 0.04 × 14.33 €
            ("Dépassement, HPB", "50", "28.66"),
            ("TVA", "2262.10", "452.42"),
        ],
        "2714.52",
    );
}

/// November 2025 has 721 h in Alabama and 20 weekdays with three hours of peak each.
#[test]
fn a_bill_with_a_ratchet_to_the_cent_across_the_clock_change() {
    let (rules, calendar) = example("US");
    let cells = month(&rules, &calendar, "2025-11-15", &|_| 40);
    assert_eq!(cells.len(), 721 * 4);
    let past = |month: u32, kw: i64| Past {
        month,
        peaks: vec![Some(Decimal::from(kw)), Some(Decimal::from(kw + 50))],
    };
    let past = vec![past(10, 60), past(9, 70), past(8, 95)];
    let lines = billed(&rules, &calendar, &cells, past);
    expect(
        &lines,
        &[
            ("On peak", "2400", "253.46"),
            ("Off peak", "26440", "2792.25"),
            ("Base charge", "1", "14.50"),
            ("Natural disaster reserve", "1", "1.08"),
            // 90 % of 95 kW, and what was off peak does not count.
            ("Demand on peak", "86", "688.00"),
        ],
        "3749.29",
    );
    assert!(
        lines[4].explanation.contains("90 %"),
        "{}",
        lines[4].explanation
    );
}

/// A small tariff to which a rule is added.
fn simple(more: &serde_json::Value) -> Rules {
    let mut rules = json!({
        "currency": "EUR", "decimals": 2,
        "periods": [{ "id": "all", "name": "All", "tiers": [
            { "up_to_kwh": "1000", "price": "0.10" }, { "price": "0.20" } ] }],
        "calendar": [{ "from": "00:00", "to": "24:00", "period": "all" }],
        "contracted": [{ "kw": "100" }],
    });
    rules
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let rules: Rules = serde_json::from_value(rules).unwrap();
    rules.check().unwrap();
    rules
}

fn named<'a>(lines: &'a [BillLine], name: &str) -> &'a BillLine {
    lines.iter().find(|line| line.name == name).unwrap()
}

#[test]
fn tiers_bands_reactive_energy_export_and_taxes_on_taxes() {
    let calendar = Calendar::utc();
    let rules = simple(&json!({
        "charges": [{ "kind": "demand", "name": "Power", "price": "5", "per": "month",
            "bands": { "low_percent": "85", "high_percent": "105", "excess_factor": "2" } }],
        "reactive": { "kind": "above", "ratio": "0.4", "price": "0.02" },
        "export_price": "0.05",
        "taxes": [{ "name": "A", "percent": "10", "on": ["energy"] },
                  { "name": "B", "percent": "20", "on": ["energy", "tax"] }],
    }));
    let mut cells = month(&rules, &calendar, "2026-06-10", &|local| match local.day {
        1 => 110,
        _ => 0,
    });
    cells[0].export_mwh = 10_000_000;
    for cell in &mut cells {
        cell.reactive = cell.import_mwh.map(|mwh| mwh / 2);
    }
    let lines = billed(&rules, &calendar, &cells, Vec::new());
    // 24 h of 110 kW are 2640 kWh.
    let energy: Vec<_> = lines.iter().filter(|l| l.group == Group::Energy).collect();
    assert_eq!(energy[0].amount.to_string(), "100.00");
    assert_eq!(
        (energy[1].quantity.to_string(), energy[1].amount.to_string()),
        ("1640".into(), "328.00".into())
    );
    // 110 kW are 5 above 105 % of 100, and count twice more.
    assert_eq!(named(&lines, "Power").quantity.to_string(), "120");
    // 1320 kvarh, of which 1056 are free.
    assert_eq!(named(&lines, "Reactive energy").amount.to_string(), "5.28");
    assert_eq!(named(&lines, "Export").amount.to_string(), "-0.50");
    assert_eq!(named(&lines, "A").amount.to_string(), "42.80");
    // 20 % of 428.00 + 42.80
    assert_eq!(named(&lines, "B").amount.to_string(), "94.16");

    let quiet = month(&rules, &calendar, "2026-06-10", &|_| 10);
    let lines = billed(&rules, &calendar, &quiet, Vec::new());
    assert_eq!(named(&lines, "Power").quantity.to_string(), "85");
}

#[test]
fn a_power_factor_is_charged_by_its_hundredths() {
    let calendar = Calendar::utc();
    let rules = simple(&json!({ "reactive": { "kind": "power_factor", "bands": [
        { "from": "1", "to": "0.9", "percent": "-0.5" },
        { "from": "0.8", "to": "0.75", "percent": "0.5" },
        { "from": "0.75", "to": "0", "percent": "1" } ] } }));
    let with = |reactive_of_1000: i64| {
        let mut cells = month(&rules, &calendar, "2026-06-10", &|_| 10);
        for cell in &mut cells {
            cell.reactive = cell.import_mwh.map(|mwh| mwh * reactive_of_1000 / 1_000);
        }
        billed(&rules, &calendar, &cells, Vec::new())
    };
    let percent = |lines: &[BillLine]| {
        let line = lines.iter().find(|line| line.group == Group::Reactive);
        line.map(|line| line.price.to_string())
    };
    // tan φ 1.0202 is cos φ 0.70: five hundredths at 0.5 and five at 1.
    assert_eq!(percent(&with(1_020)).as_deref(), Some("7.5"));
    assert_eq!(percent(&with(620)), None);
    assert_eq!(percent(&with(0)).as_deref(), Some("-5"));
}

#[test]
fn a_window_that_was_not_measured_is_no_peak_and_is_told() {
    let calendar = Calendar::utc();
    let rules = simple(&json!({}));
    let mut cells = month(&rules, &calendar, "2026-06-10", &|_| 10);
    cells[7].import_mwh = None;
    // One meter of several is missing: what the others saw is billed.
    cells[9].partial = true;
    let metered = Metered::of(&rules, &cells, &calendar);
    assert_eq!(metered.missing_windows, 2);
    assert_eq!(metered.windows.len(), cells.len() - 2);
    let all: i64 = cells.iter().filter_map(|cell| cell.import_mwh).sum();
    assert_eq!(metered.total_mwh(), all);
}

#[test]
fn rules_are_refused_with_their_place() {
    let mut rules = example("TN").0;
    rules.calendar.remove(2);
    let error = rules.check().unwrap_err();
    assert!(error.sentence.contains("Hiver, Mon at 18:00"), "{error}");
    let mut rules = example("FR").0;
    rules.calendar[0].from = "09:15".to_owned();
    rules.calendar[1].period = "noon".to_owned();
    rules.contracted.remove(4);
    rules.periods[0].tiers[0].price = Decimal::from(-1);
    let error = rules.check().unwrap_err();
    let paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
    for path in [
        "calendar[0].from",
        "calendar[1].period",
        "periods[0].tiers[0].price",
        "charges[2].prices[4].period",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    for example in tariff_examples().unwrap() {
        example.rules.check().unwrap();
    }
}

const ZONES: [&str; 5] = [
    "Africa/Tunis",
    "Europe/Paris",
    "America/Chicago",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn parts_sum_to_the_whole(
        zone in 0..5_usize,
        country in 0..3_usize,
        month_of_year in 1..=12_u32,
        loads in prop::collection::vec(0..500_i64, 1..40),
        tier in 1..50_000_i64,
    ) {
        let (mut rules, _) = example(["TN", "FR", "US"][country]);
        let price = rules.periods[0].tiers[0].price;
        let more = serde_json::from_value(json!({ "price": price * Decimal::TWO })).unwrap();
        rules.periods[0].tiers[0].up_to_kwh = Some(Decimal::from(tier));
        rules.periods[0].tiers.push(more);
        rules.check().unwrap();
        let calendar = Calendar::new(ZONES[zone]).unwrap();
        let load = |local: Local| {
            let hour = usize::try_from(local.day * 24 + local.minute / 60).unwrap();
            loads[hour % loads.len()]
        };
        let of = format!("2026-{month_of_year:02}-15");
        let cells = month(&rules, &calendar, &of, &load);
        let metered = Metered::of(&rules, &cells, &calendar);
        // No cell is lost between periods, and none is counted twice.
        let all: i64 = cells.iter().filter_map(|cell| cell.import_mwh).sum();
        prop_assert_eq!(metered.total_mwh(), all);
        let whole = calendar.bucket_start(cells[0].start, BucketSize::Month);
        prop_assert_eq!(whole, cells[0].start);
        // Windows hold the same energy.
        let per_hour = Decimal::from(60 / rules.window_minutes);
        let windows: Decimal = metered.windows.iter().map(|w| w.kw / per_hour).sum();
        prop_assert_eq!(windows, kwh(all));
        // The total is the sum of the lines, and of the groups.
        let lines = billed(&rules, &calendar, &cells, Vec::new());
        let digits = lines.iter().all(|line| line.amount.scale() <= rules.decimals);
        prop_assert!(digits);
        // The cost of cells is that of days is that of the month, exactly.
        let mut pricing = Pricing::new(&rules, &calendar);
        let mut days = std::collections::BTreeMap::new();
        let mut by_cell = Decimal::ZERO;
        let mut used = vec![0_i64; rules.periods.len()];
        for cell in &cells {
            let (period, cost) = pricing.price(cell).unwrap();
            by_cell += cost.cost;
            used[period] += cost.mwh;
            *days.entry(calendar.date(cell.start)).or_insert(Decimal::ZERO) += cost.cost;
        }
        prop_assert_eq!(by_cell, days.values().sum::<Decimal>());
        prop_assert_eq!(&used, &metered.import_mwh);
        // And differs from the energy lines of the bill by no more than their rounding.
        let tax = rules.taxes.iter().filter(|t| t.on.contains(&Group::Energy)).map(|t| t.percent).sum::<Decimal>();
        let levy = lines.iter().filter(|l| l.group == Group::Levy && l.unit == "kWh").map(|l| l.amount).sum::<Decimal>();
        let levy_taxed = rules.taxes.iter().any(|t| t.on.contains(&Group::Levy));
        let energy = lines.iter().filter(|l| l.group == Group::Energy).map(|l| l.amount).sum::<Decimal>();
        let with_tax = Decimal::ONE + tax / Decimal::ONE_HUNDRED;
        let levy = if levy_taxed { levy * with_tax } else { levy };
        let by_bill = energy * with_tax + levy;
        prop_assert!((by_bill - by_cell).abs() < Decimal::new(15, 1), "{} and {}", by_bill, by_cell);
    }
}

#[test]
fn a_bill_shows_decimals_as_text() {
    let bill = Bill {
        from: at("2026-01-01"),
        to: at("2026-02-01"),
        time_zone: "UTC".to_owned(),
        currency: "TND".to_owned(),
        decimals: 3,
        lines: Vec::new(),
        total: Decimal::new(24_374_289, 3),
        kwh: 1.5,
        peak: None,
        coverage: 1.0,
        notes: Vec::new(),
    };
    assert_eq!(serde_json::to_value(bill).unwrap()["total"], "24374.289");
}

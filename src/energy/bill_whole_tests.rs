//! Golden bills of the months in which clocks are put forward, worked out by hand from the published
//! rules; and what holds for every tariff that can be written, not only for the examples.

use super::beat_cut::Grid;
use super::bill_tests::{billed, example, expect, month};
use super::metered::{Metered, kwh};
use super::tariff::Rules;
use super::tariff_clock::Local;
use crate::base::time::Calendar;
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

/// In 2008 Tunisia put its clocks forward on Sunday 30 March: 26 working days, four Sundays of 24 h
/// and one of 23 h make 286 h of day, 78 h of peak and 379 h of night.
#[test]
fn a_bill_of_the_steg_to_the_millime_when_clocks_are_put_forward() {
    let (rules, calendar) = example("TN");
    let load = |local: Local| match (local.weekday, local.minute / 60) {
        (0..=5, 7..18) => 240,
        (0..=5, 18..21) => 420,
        _ => 100,
    };
    let cells = month(&rules, &calendar, "2008-03-15", &load);
    assert_eq!(cells.len(), 743 * 4);
    let lines = billed(&rules, &calendar, &cells, Vec::new());
    expect(
        &lines,
        &[
            ("Jour", "68640", "8442.720"),
            ("Pointe hiver", "32760", "6060.600"),
            ("Nuit", "37900", "3562.600"),
            ("Redevance de puissance", "330", "1320.000"),
            ("Dépassement", "16", "230.400"),
            ("Surtaxe municipale", "139300", "696.500"),
            ("Contribution RTT", "1", "3.500"),
            // 18 % of 18065.920 + 1550.400
            ("TVA", "19616.320", "3530.938"),
        ],
        "23847.258",
    );
}

/// March 2026 has 26 working days and 743 h: 416 h and 327 h. The two windows of the overrun are the
/// first ones after the hour that is left out.
#[test]
fn a_bill_of_the_turpe_to_the_cent_when_clocks_are_put_forward() {
    let (rules, calendar) = example("FR");
    let load = |local: Local| match (local.weekday, local.minute / 60) {
        _ if local.day == 29 && (180..190).contains(&local.minute) => 280,
        _ if local.day == 29 && (190..200).contains(&local.minute) => 290,
        (0..=5, 6..22) => 190,
        _ => 150,
    };
    let cells = month(&rules, &calendar, "2026-03-15", &load);
    assert_eq!(cells.len(), 743 * 6);
    let lines = billed(&rules, &calendar, &cells, Vec::new());
    expect(
        &lines,
        &[
            ("HPH", "79040", "1659.84"),
            // 327 h × 150 kW, and 130/6 and 140/6 kWh more.
            ("HCH", "49095", "721.70"),
            ("Composante de gestion", "1", "36.31"),
            ("Composante de comptage", "1", "31.37"),
            ("Puissance souscrite, Pointe", "200", "588.83"),
            ("Puissance souscrite, HPH", "0", "0.00"),
            ("Puissance souscrite, HCH", "50", "84.96"),
            ("Puissance souscrite, HPB", "50", "59.71"),
            ("Puissance souscrite, HCB", "0", "0.00"),
            // √(30² + 40²) kW at 0.04 × 20.39 €
            ("Dépassement, HCH", "50", "40.78"),
            ("TVA", "3223.50", "644.70"),
        ],
        "3868.20",
    );
}

/// March 2026 has 743 h in Alabama and 22 weekdays with three hours of peak each; nothing before it
/// is known.
#[test]
fn a_bill_with_a_ratchet_to_the_cent_when_clocks_are_put_forward() {
    let (rules, calendar) = example("US");
    let cells = month(&rules, &calendar, "2026-03-15", &|_| 40);
    assert_eq!(cells.len(), 743 * 4);
    let lines = billed(&rules, &calendar, &cells, Vec::new());
    expect(
        &lines,
        &[
            ("On peak", "2640", "278.80"),
            ("Off peak", "27080", "2859.84"),
            ("Base charge", "1", "14.50"),
            ("Natural disaster reserve", "1", "1.08"),
            ("Demand on peak", "40", "320.00"),
        ],
        "3474.22",
    );
}

/// Whole kWh, halves away from zero.
fn rounded(mwh: i64) -> Decimal {
    kwh(mwh).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

/// A stretch of the day in half hours, the days from Monday on which it holds, its season, its period.
type AnySlot = (u32, u32, Vec<bool>, usize, usize);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Both days included; the second one goes over the new year.
const SEASONS: [(&str, u32, u32); 2] = [("warm", 415, 1_014), ("cold", 1_015, 414)];

fn clock(half_hours: u32) -> String {
    format!("{:02}:{:02}", half_hours / 2, half_hours % 2 * 30)
}

fn rules(window: u32, periods: usize, slots: &[AnySlot]) -> Rules {
    let season = |(id, from, to): (&str, u32, u32)| {
        let day = |n: u32| format!("{:02}-{:02}", n / 100, n % 100);
        json!({ "id": id, "name": id, "from": day(from), "to": day(to) })
    };
    let period = |n: usize| {
        let (id, price) = (format!("p{n}"), format!("0.{}", n + 1));
        json!({ "id": id, "name": id, "tiers": [{ "price": price }] })
    };
    let slot = |(from, to, days, season, of): &AnySlot| {
        let names = DAYS.iter().zip(days).filter(|(_, holds)| **holds);
        let mut slot = json!({ "from": clock(*from), "to": clock(*to),
            "period": format!("p{}", of % periods),
            "days": names.map(|(day, _)| *day).collect::<Vec<_>>() });
        if let Some((id, ..)) = SEASONS.get(*season) {
            slot["season"] = json!(id);
        }
        slot
    };
    let mut calendar: Vec<Value> = slots.iter().map(slot).collect();
    calendar.push(json!({ "from": "00:00", "to": "24:00", "period": "p0" }));
    let text = json!({ "currency": "EUR", "decimals": 2, "window_minutes": window,
        "seasons": SEASONS.map(season), "periods": (0..periods).map(period).collect::<Vec<_>>(),
        "calendar": calendar, "contracted": [{ "kw": "100" }] });
    let rules: Rules = serde_json::from_value(text).unwrap();
    rules.check().unwrap();
    rules
}

/// The period of a moment, looked up slot by slot as a person would.
fn period_of(local: Local, periods: usize, slots: &[AnySlot]) -> usize {
    let date = local.month * 100 + local.day;
    let fits = |(from, to, days, season, _): &&AnySlot| {
        let now = local.minute / 30;
        let in_time = match from < to {
            true => (*from..*to).contains(&now),
            false => now >= *from || now < *to,
        };
        let on_day = !days.contains(&true) || days[local.weekday];
        let in_season = SEASONS
            .get(*season)
            .is_none_or(|(_, first, last)| match first < last {
                true => (*first..=*last).contains(&date),
                false => date >= *first || date <= *last,
            });
        in_time && on_day && in_season
    };
    slots.iter().find(fits).map_or(0, |slot| slot.4 % periods)
}

const ZONES: [&str; 7] = [
    "Africa/Tunis",
    "Europe/Paris",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
];

fn any_slot() -> impl Strategy<Value = AnySlot> {
    let days = prop::collection::vec(any::<bool>(), 7);
    let slot = (0..48_u32, 1..=48_u32, days, 0..3_usize, 0..5_usize);
    slot.prop_filter("a slot has a length", |(from, to, ..)| from != to)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_sum_to_the_whole_under_any_tariff(
        zone in 0..ZONES.len(),
        (window, periods) in (prop::sample::select(vec![5_u32, 10, 15, 30, 60]), 1..5_usize),
        slots in prop::collection::vec(any_slot(), 0..6),
        (year, month_of_year) in (2024..2028_u32, 1..=12_u32),
        loads in prop::collection::vec(0..500_i64, 1..60),
    ) {
        let rules = rules(window, periods, &slots);
        let calendar = Calendar::new(ZONES[zone]).unwrap();
        let load = |local: Local| {
            let hour = usize::try_from(local.day * 24 + local.minute / 60).unwrap();
            loads[hour % loads.len()]
        };
        let cells = month(&rules, &calendar, &format!("{year}-{month_of_year:02}-15"), &load);
        let metered = Metered::of(&rules, &cells, &calendar);
        let mut by_period = vec![0; periods];
        for cell in &cells {
            let local = Local::of(cell.start, &calendar);
            by_period[period_of(local, periods, &slots)] += cell.import_mwh.unwrap();
        }
        prop_assert_eq!(&metered.import_mwh, &by_period);
        let all: i64 = cells.iter().filter_map(|cell| cell.import_mwh).sum();
        prop_assert_eq!(metered.total_mwh(), all);
        // Half an hour that a clock leaves out or repeats makes one window of an hour that is none.
        let odd = usize::from(ZONES[zone] == "Australia/Lord_Howe" && window == 60);
        prop_assert!(metered.missing_windows <= odd, "{} windows", metered.missing_windows);
        let hours = Decimal::from(window) / Decimal::from(60);
        let windows: Decimal = metered.windows.iter().map(|of| of.kw * hours).sum();
        let off = (windows - kwh(all)).abs();
        match metered.missing_windows {
            0 => prop_assert!(off < Decimal::new(1, 9), "{} of {}", windows, kwh(all)),
            _ => prop_assert!(off <= Decimal::from(1_000)),
        }
        // Each window begins with the clock, and in the period of its beginning.
        let grid = Grid { window_ms: i64::from(window) * 60_000, calendar: &calendar };
        for of in &metered.windows {
            prop_assert_eq!(grid.start_of(of.start, 0), of.start);
            let local = Local::of(of.start, &calendar);
            prop_assert_eq!(of.period, period_of(local, periods, &slots));
        }
        // What a bill asks for energy is that of its periods.
        let lines = billed(&rules, &calendar, &cells, Vec::new());
        let sum: Decimal = lines.iter().map(|line| line.amount).sum();
        let exact: Decimal = (0..periods)
            .map(|n| rounded(by_period[n]) * rules.periods[n].tiers[0].price)
            .sum();
        prop_assert!((sum - exact).abs() <= Decimal::new(5, 2), "{} and {}", sum, exact);
    }
}

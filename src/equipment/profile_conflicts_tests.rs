//! Where public sources disagree about a register, our profile reads a plausible value and the
//! other opinion an absurd one: so it is seen which of the two is built in.

use super::profile::{Profile, Profiles};
use crate::modbus::{DataType, Function, ReadPlan, Register, WordOrder};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A device in memory: the words that the documents say it holds.
#[derive(Default)]
struct Bank(BTreeMap<u16, u16>);

impl Bank {
    fn words(mut self, address: u16, words: &[u16]) -> Self {
        for (offset, word) in (0..).zip(words) {
            self.0.insert(address + offset, *word);
        }
        self
    }

    fn float(self, address: u16, value: f32) -> Self {
        let bits = value.to_bits().to_be_bytes();
        let words = [
            u16::from_be_bytes([bits[0], bits[1]]),
            u16::from_be_bytes([bits[2], bits[3]]),
        ];
        self.words(address, &words)
    }

    /// What a register makes of the words; words that nobody set are zero.
    fn read(&self, register: &Register) -> Option<f64> {
        let word = |address: u32| {
            let address = u16::try_from(address).unwrap();
            self.0.get(&address).copied().unwrap_or(0)
        };
        let words: Vec<u16> = (u32::from(register.address)..register.end())
            .map(word)
            .collect();
        register.decode(&words)
    }
}

fn profile(id: &str) -> Arc<Profile> {
    Profiles::embedded().unwrap().get(id).unwrap()
}

fn register(profile: &Profile, name: &str) -> Register {
    let found = profile.registers.iter().find(|r| r.name() == name);
    found
        .unwrap_or_else(|| panic!("{} lacks {name}", profile.id))
        .clone()
}

/// The register as somebody else has it.
fn other(register: &Register, change: impl FnOnce(&mut Register)) -> Register {
    let mut changed = register.clone();
    change(&mut changed);
    changed
}

fn is_mains(value: Option<f64>) -> bool {
    value.is_some_and(|hertz| (45.0..65.0).contains(&hertz))
}

#[test]
fn schneider_numbers_are_one_above_the_wire() {
    for id in ["schneider-iem3000", "schneider-pm5100", "schneider-pm3200"] {
        let profile = profile(id);
        let bank = Bank::default()
            .float(3027, 230.1)
            .float(3109, 49.98)
            .float(3111, 0.0);
        let frequency = register(&profile, "frequency");
        assert_eq!(bank.read(&frequency), Some(49.98), "{id}");
        let unshifted = other(&frequency, |r| r.address += 1);
        assert!(!is_mains(bank.read(&unshifted)), "{id}");
        let voltage = register(&profile, "voltage_l1");
        assert_eq!(bank.read(&voltage), Some(230.1), "{id}");
        let unshifted = other(&voltage, |r| r.address += 1);
        let absurd = bank.read(&unshifted).unwrap();
        assert!(absurd.abs() < 1.0 || absurd.abs() > 1e6, "{id}: {absurd}");
    }
}

#[test]
fn schneider_power_is_in_kw_and_in_w_behind_the_smartlink() {
    let bank = Bank::default().float(3059, 2.3);
    let kilowatt = register(&profile("schneider-pm5100"), "power");
    assert_eq!(bank.read(&kilowatt), Some(2.3));
    let bank = Bank::default().float(3059, 2_300.0);
    let watt = register(&profile("schneider-acti9-smartlink"), "power");
    assert_eq!(bank.read(&watt), Some(2.3));
    // A recorded value of the factor: a little beyond 1 is nearly 1, leading.
    let factor = register(&profile("schneider-pm5100"), "power_factor");
    let shown = Bank::default().float(3083, 1.001_868_5).read(&factor);
    assert!((shown.unwrap() - 0.998_131_5).abs() < 1e-6);
}

#[test]
fn pac2200_has_its_frequency_at_55() {
    let bank = Bank::default()
        .float(45, 1.8)
        .float(47, 1.9)
        .float(55, 49.98);
    let frequency = register(&profile("siemens-pac2200"), "frequency");
    assert_eq!(bank.read(&frequency), Some(49.98));
    let inside_another = other(&frequency, |r| r.address = 46);
    assert!(!is_mains(bank.read(&inside_another)));
}

#[test]
fn pac_energy_is_a_double() {
    // 12345670 Wh as IEEE 754 double.
    let bank = Bank::default().words(801, &[0x4167, 0x8C28, 0xC000, 0x0000]);
    for id in ["siemens-pac2200", "siemens-pac3200", "siemens-pac4200"] {
        let energy = register(&profile(id), "consumption");
        assert_eq!(bank.read(&energy), Some(12_345.67), "{id}");
        let integer = other(&energy, |r| r.data_type = DataType::Int64);
        assert!(bank.read(&integer).unwrap() > 1e15, "{id}");
    }
}

#[test]
fn em24_din_counts_imported_energy_at_62() {
    // 12345.6 kWh in all, and at 66 a counter that runs beside it.
    let bank = Bank::default()
        .words(62, &[0xE240, 0x0001])
        .words(66, &[0x0000, 0x0000]);
    let energy = register(&profile("carlo-gavazzi-em24-din"), "consumption");
    assert_eq!(bank.read(&energy), Some(12_345.6));
    assert_eq!(bank.read(&other(&energy, |r| r.address = 66)), Some(0.0));
    let big = other(&energy, |r| r.word_order = WordOrder::Big);
    assert!(bank.read(&big).unwrap().abs() > 1e7);
}

#[test]
fn em24_variants_are_told_apart_by_their_frequency() {
    let (din, e1) = (
        profile("carlo-gavazzi-em24-din"),
        profile("carlo-gavazzi-em24-e1"),
    );
    let (at_55, at_51) = (register(&din, "frequency"), register(&e1, "frequency"));
    let is_din = Bank::default().words(51, &[951]).words(55, &[500]);
    assert!(is_mains(is_din.read(&at_55)) && !is_mains(is_din.read(&at_51)));
    let is_e1 = Bank::default().words(51, &[500]).words(55, &[0]);
    assert!(is_mains(is_e1.read(&at_51)) && !is_mains(is_e1.read(&at_55)));
}

#[test]
fn em100_current_is_a_thousandth_of_an_ampere() {
    for id in ["carlo-gavazzi-em100", "carlo-gavazzi-et100"] {
        let profile = profile(id);
        // 230.0 V, 10.000 A, 2300.0 VA.
        let bank = Bank::default()
            .words(0, &[2_300, 0])
            .words(2, &[10_000, 0])
            .words(6, &[23_000, 0]);
        let read = |name: &str| bank.read(&register(&profile, name)).unwrap();
        let (volt, ampere, kva) = (read("voltage"), read("current"), read("apparent_power"));
        assert!((volt * ampere / 1_000.0 - kva).abs() < 0.01 * kva, "{id}");
        let current = register(&profile, "current");
        let hundredfold = bank.read(&other(&current, |r| r.scale = 0.1)).unwrap();
        assert!(volt * hundredfold / 1_000.0 > 50.0 * kva, "{id}");
    }
}

#[test]
fn the_janitza_block_counts_import_first_and_in_wh() {
    // 12.5 MWh drawn, 0.25 MWh given back.
    let bank = Bank::default()
        .float(19_068, 12_500_000.0)
        .float(19_076, 250_000.0)
        .float(19_000, 230.1);
    for id in [
        "janitza-umg96",
        "janitza-b23",
        "janitza-umg806",
        "weidmueller-em525",
    ] {
        let profile = profile(id);
        let energy = register(&profile, "consumption");
        assert_eq!(bank.read(&energy), Some(12_500.0), "{id}");
        let exported = bank.read(&register(&profile, "export_energy"));
        assert_eq!(exported, Some(250.0), "{id}");
        let as_kwh = other(&energy, |r| r.scale = 1.0);
        assert_eq!(bank.read(&as_kwh), Some(12_500_000.0), "{id}");
        // 230.1 and not 0.2301: OpenEMS forgets that its channels want mV.
        let voltage = bank.read(&register(&profile, "voltage_l1"));
        assert_eq!(voltage, Some(230.1), "{id}");
    }
    let slip = register(&profile("weidmueller-em525"), "export_energy");
    assert_eq!(slip.address, 19_076, "190076 does not even exist");
}

#[test]
fn socomec_models_scale_the_frequency_each_in_its_own_way() {
    let milli = ["socomec-countis-e2x"];
    let centi = [
        "socomec-countis-e34",
        "socomec-diris-a14",
        "socomec-diris-a10",
    ];
    for (ids, raw) in [(&milli[..], 49_980_u16), (&centi[..], 4_998)] {
        for id in ids {
            let bank = Bank::default().words(50_526, &[0, raw]);
            let frequency = register(&profile(id), "frequency");
            assert_eq!(bank.read(&frequency), Some(49.98), "{id}");
            let swapped = other(&frequency, |r| {
                r.scale = if raw == 4_998 { 0.001 } else { 0.01 };
            });
            assert!(!is_mains(bank.read(&swapped)), "{id}");
        }
    }
    let partial = register(&profile("socomec-diris-a10"), "consumption");
    assert_eq!((partial.address, partial.extras.resettable), (50_780, true));
    let total = register(&profile("socomec-diris-a14"), "consumption");
    assert_eq!((total.address, total.extras.resettable), (50_946, false));
}

#[test]
fn the_sdm630_is_read_as_its_maker_says() {
    let profile = profile("eastron-sdm630");
    for (name, address) in [
        ("reactive_power", 60),
        ("consumption", 72),
        ("export_energy", 74),
    ] {
        let register = register(&profile, name);
        assert_eq!(register.address, address, "{name}");
        assert_eq!(register.function, Function::Input);
    }
}

#[test]
fn a_true_zero_is_a_zero() {
    for profile in Profiles::embedded().unwrap().list() {
        // SunSpec itself says that a counter of zero is none.
        let sunspec = !profile.sunspec_models.is_empty();
        for register in profile.registers.iter().filter(|_| !sunspec) {
            let zero = vec![0; usize::from(register.data_type.words())];
            let value = register.decode(&zero);
            assert_eq!(value, Some(0.0), "{} {}", profile.id, register.name());
        }
    }
}

#[test]
fn huawei_counts_the_other_way_round() {
    // The device says 5000 W fed into the grid, and counts them at 37119.
    let bank = Bank::default()
        .words(37_113, &[0, 5_000])
        .words(37_119, &[0, 100])
        .words(37_121, &[0, 700]);
    let profile = profile("huawei-sun2000-grid-meter");
    let read = |name: &str| bank.read(&register(&profile, name));
    assert_eq!(read("power"), Some(-5.0));
    assert_eq!(read("export_energy"), Some(1.0));
    assert_eq!(read("consumption"), Some(7.0));
}

#[test]
fn no_profile_asks_for_more_than_an_eighth_when_its_registers_lie_close() {
    let plan = |id: &str| {
        let profile = profile(id);
        let plan = ReadPlan::new(profile.registers.clone(), &profile.limits);
        (plan.requests().len(), plan.registers().len())
    };
    for id in ["eastron-sdm630", "janitza-umg96", "sunspec-meter"] {
        let (requests, registers) = plan(id);
        assert!(
            8 * requests <= registers,
            "{id}: {requests} for {registers}"
        );
    }
}

//! *pure* — what a single read of a device lets one think of its registers.

use super::physics::Quantity;
use super::physics::words::{self, Order, Reading, Told, WordMap};
use super::physics::{Look, slot_of};
use crate::base::Metric;
use crate::modbus::Register;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a value can be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It lies where values of its quantity lie.
    Plausible,
    /// It cannot be true.
    Implausible,
    /// Nothing is known of its quantity, or there is no value.
    Unknown,
}

/// The words of a value taken in one order.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OrderValue {
    /// The order.
    pub order: Order,
    /// The value in it.
    pub value: Option<f64>,
    /// Whether it can be true.
    pub fit: Fit,
}

/// What the read says as a whole, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestCode {
    /// Every value can be true.
    Plausible,
    /// The words make sense the other way round.
    WordOrder,
    /// Every address is one too high.
    AddressTooHigh,
    /// Every address is one too low.
    AddressTooLow,
    /// Power does not fit voltage and current.
    PowerUnit,
    /// Some values cannot be true.
    Values,
    /// Nothing that was read can be judged.
    Unknown,
    /// Some registers were not answered.
    Unanswered,
    /// The device did not answer.
    Silent,
}

/// What the read says as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestVerdict {
    /// For programs.
    pub code: TestCode,
    /// In words, with what to do.
    pub sentence: String,
    /// The registers it is about.
    pub registers: Vec<String>,
}

/// Whether a value of a metric can be true: frequency 45 to 65 Hz (or 16.7, 400), voltage 50 V to
/// 36 kV, power factor -1 to 1, counters not negative.
#[must_use]
pub fn fit(metric: &Metric, value: Option<f64>) -> Fit {
    let Some(value) = value else {
        return Fit::Unknown;
    };
    let size = value.abs();
    let is_zero = size.total_cmp(&0.0).is_eq();
    let likely = match Quantity::of(metric) {
        Some(Quantity::Voltage) => is_zero || (50.0..=36_000.0).contains(&value),
        Some(Quantity::Factor) => size <= 1.0 && (is_zero || size >= 1e-4),
        Some(quantity) => quantity.can_be(value),
        // Of a quantity that nobody described only the absurd is known.
        None if is_zero || (1e-9..=1e12).contains(&size) => return Fit::Unknown,
        None => false,
    };
    if likely {
        Fit::Plausible
    } else {
        Fit::Implausible
    }
}

/// The value of a register in every order that its words can have.
#[must_use]
pub fn orders(register: &Register, words: &[u16]) -> Vec<OrderValue> {
    if register.is_state() {
        // A bit is a bit in any order.
        return Vec::new();
    }
    let one_word = register.data_type.words() == 1;
    let makes_a_difference = |order: &&Order| match order {
        Order::Big | Order::SwappedBytes => true,
        Order::LittleWords | Order::LittleWordsSwappedBytes => !one_word,
    };
    let orders = Order::ALL.iter().filter(makes_a_difference);
    let decode = |order: &Order| {
        let value = order.decode(register, words);
        OrderValue {
            order: *order,
            value,
            fit: fit(&register.metric, value),
        }
    };
    orders.map(decode).collect()
}

/// The order in which the words make sense, when they do not in the one that was chosen and do in
/// exactly one other.
#[must_use]
pub fn likely_order(register: &Register, orders: &[OrderValue]) -> Option<Order> {
    let chosen = Order::of(register);
    let of_chosen = orders.iter().find(|o| o.order == chosen)?;
    if of_chosen.fit != Fit::Implausible {
        return None;
    }
    let other = |o: &&OrderValue| {
        let not_nothing = o.value.is_some_and(|v| v.abs() > 0.0);
        o.order != chosen && o.fit == Fit::Plausible && not_nothing
    };
    let mut fitting = orders.iter().filter(other);
    let found = fitting.next()?.order;
    fitting.next().is_none().then_some(found)
}

/// Whether the words make no sense as they are, so that it is worth to read their neighbours.
#[must_use]
pub fn is_doubtful(registers: &[Register], values: &[Option<f64>]) -> bool {
    let slots: Vec<_> = registers.iter().map(slot_of).collect();
    let odd = |(r, v): (&Register, &Option<f64>)| fit(&r.metric, *v) == Fit::Implausible;
    let contradicts = Look::of(&slots, values).marks().bad > 0;
    let nothing = values.iter().all(Option::is_none);
    contradicts || nothing || registers.iter().zip(values).any(odd)
}

/// The verdict on all values of a device that answered.
#[must_use]
pub fn judge(registers: &[Register], words: &WordMap, values: &[Option<f64>]) -> TestVerdict {
    let slots: Vec<_> = registers.iter().map(slot_of).collect();
    let named = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
        let kept = (0..registers.len()).filter(|n| keep(*n));
        kept.map(|n| registers[n].name()).collect()
    };
    let long = |n: usize| registers[n].data_type.words() > 1;
    let say = |code, sentence: &str, registers| TestVerdict {
        code,
        sentence: sentence.to_owned(),
        registers,
    };
    match words::judge(registers, &slots, words, values) {
        Told::All(reading @ (Reading::OneBelow | Reading::OneAbove)) => {
            return off_by_one(registers, reading);
        }
        Told::All(_) => {
            return say(
                TestCode::WordOrder,
                "The values make sense with their words the other way round. Choose the other \
                 word order.",
                named(&long),
            );
        }
        Told::Some(found) => {
            return say(
                TestCode::WordOrder,
                "These registers make sense with their words the other way round. Choose the \
                 other word order for them.",
                named(&|n| found.contains(&n)),
            );
        }
        Told::Right | Told::Unclear => {}
    }
    let fits: Vec<Fit> = registers
        .iter()
        .zip(values)
        .map(|(register, value)| fit(&register.metric, *value))
        .collect();
    if fits.contains(&Fit::Implausible) {
        return say(
            TestCode::Values,
            "These values cannot be true. Check address, type, scale and unit against the manual.",
            named(&|n| fits[n] == Fit::Implausible),
        );
    }
    if !Look::of(&slots, values).power_fits() {
        return say(
            TestCode::PowerUnit,
            "Power does not fit voltage times current. Check whether the meter gives W or kW, and \
             the transformer ratio.",
            named(&|n| registers[n].metric == Metric::POWER),
        );
    }
    if fits.contains(&Fit::Plausible) {
        say(TestCode::Plausible, "Every value can be true.", Vec::new())
    } else {
        say(
            TestCode::Unknown,
            "The device answers; nothing it shows can be judged. Compare with its display.",
            Vec::new(),
        )
    }
}

fn off_by_one(registers: &[Register], reading: Reading) -> TestVerdict {
    let (code, sentence) = if reading == Reading::OneBelow {
        let sentence = "The values make sense when each register is read one address below: the \
                        numbers of a manual were taken for addresses. Enter each address as one \
                        less.";
        (TestCode::AddressTooHigh, sentence)
    } else {
        let sentence = "The values make sense when each register is read one address above. Enter \
                        each address as one more.";
        (TestCode::AddressTooLow, sentence)
    };
    TestVerdict {
        code,
        sentence: sentence.to_owned(),
        registers: registers.iter().map(Register::name).collect(),
    }
}

/// The verdict on a device that refused every register, when it gives values that can be true one
/// address beside.
#[must_use]
pub fn shifted(registers: &[Register], words: &WordMap) -> Option<TestVerdict> {
    let fits = |reading: &Reading| {
        let known = registers.iter().filter_map(|register| {
            let value = words.value(register, *reading)?;
            Some(fit(&register.metric, Some(value)))
        });
        let known: Vec<Fit> = known.collect();
        known.contains(&Fit::Plausible) && !known.contains(&Fit::Implausible)
    };
    let beside = [Reading::OneBelow, Reading::OneAbove];
    let found = beside.into_iter().find(fits)?;
    Some(off_by_one(registers, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equipment::profile::Profiles;
    use crate::modbus::WordOrder;

    fn sdm630() -> Vec<Register> {
        let profiles = Profiles::embedded().unwrap();
        profiles.get("eastron-sdm630").unwrap().registers.clone()
    }

    /// A meter under load as the wire shows it, from the first word to the last.
    fn wire(registers: &[Register]) -> WordMap {
        let mut words = WordMap::default();
        for register in registers {
            let shown = match register.metric.as_str() {
                "voltage" => 230.1 + f64::from(register.address) / 10.0,
                "current" => 17.3,
                "power" if register.phase.line().is_none() => 10.8,
                "power" => 3.6,
                "apparent_power" => 12.0,
                "reactive_power" => 5.2,
                "power_factor" => 0.9,
                "frequency" => 49.98,
                "consumption" => 81_234.56,
                _ => 2.5,
            };
            let address = u32::from(register.address);
            words.put(register.function, address, &register.encode(shown));
        }
        words
    }

    fn verdict(read_by: &[Register], words: &WordMap) -> TestVerdict {
        let read = |r: &Register| words.value(r, Reading::AsSet);
        let values: Vec<_> = read_by.iter().map(read).collect();
        judge(read_by, words, &values)
    }

    #[test]
    fn one_read_tells_order_address_and_unit() {
        let right = sdm630();
        let words = wire(&right);
        assert_eq!(verdict(&right, &words).code, TestCode::Plausible);
        let changed = |change: fn(&mut Register)| {
            let mut registers = right.clone();
            registers.iter_mut().for_each(change);
            verdict(&registers, &words)
        };
        let order = changed(|r| r.word_order = WordOrder::Little);
        assert_eq!(order.code, TestCode::WordOrder);
        assert_eq!(changed(|r| r.address += 1).code, TestCode::AddressTooHigh);
        let unit = changed(|r| {
            if r.metric == Metric::POWER {
                r.scale *= 1_000.0;
            }
        });
        assert_eq!(unit.code, TestCode::PowerUnit);
        assert_eq!(unit.registers.len(), 4);
        let scale = changed(|r| {
            if r.metric == Metric::FREQUENCY {
                r.scale = 10.0;
            }
        });
        assert_eq!(scale.registers, ["frequency"]);
    }

    #[test]
    fn four_orders_stand_side_by_side_and_the_likely_one_is_named() {
        let mut frequency = sdm630();
        frequency.retain(|r| r.metric == Metric::FREQUENCY);
        let mut register = frequency.remove(0);
        register.word_order = WordOrder::Little;
        // 50.02 Hz as it is sent, most significant word first.
        let words = [0x4248, 0x147B];
        let all = orders(&register, &words);
        let shown: Vec<_> = all.iter().map(|o| (o.order, o.fit)).collect();
        let expected = [
            (Order::Big, Fit::Plausible),
            (Order::LittleWords, Fit::Implausible),
            (Order::SwappedBytes, Fit::Implausible),
            (Order::LittleWordsSwappedBytes, Fit::Implausible),
        ];
        assert_eq!(shown, expected);
        assert_eq!(all[0].value, Some(50.02));
        assert_eq!(likely_order(&register, &all), Some(Order::Big));
        register.word_order = WordOrder::Big;
        let all = orders(&register, &words);
        assert_eq!(likely_order(&register, &all), None);
    }
}

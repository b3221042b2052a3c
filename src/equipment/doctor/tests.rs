//! A device, its neighbours and what was said, and what the doctor makes of it.

use super::*;
use crate::base::{Metric, Phase, Unit};
use crate::equipment::line_report::{LineDevice, line_key};
use crate::equipment::physics::{Code, Finding};
use crate::modbus::journal::{LineStatistics, Tally};
use crate::modbus::{DataType, Decoding, Endpoint, Extras, Function, Limits, Register, WordOrder};

const UNIT: u8 = 3;
const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

/// A device, its line and what was said, as a test changes them.
struct Case {
    line: LineReport,
    id: EquipmentId,
    link: Link,
    last_good_at: Option<Timestamp>,
    exchanges: Vec<Frame>,
    plausibility: Plausibility,
    reads: ReadPlan,
}

fn register(address: u16, metric: Metric) -> Register {
    Register {
        metric,
        phase: Phase::Total,
        unit: Unit::new("kW").unwrap(),
        function: Function::Input,
        address,
        data_type: DataType::Float32,
        scale: 1.0,
        word_order: WordOrder::Big,
        decoding: Decoding::Plain,
        not_available: Vec::new(),
        extras: Extras::default(),
    }
}

impl Case {
    /// A device that is well, with two healthy neighbours; it is asked for 100 and for 3109.
    fn healthy() -> Self {
        let id = EquipmentId::new();
        let well = Link {
            state: LinkState::Connected,
            last_success_at: Some(NOW),
            round_trip_p95_ms: Some(12.0),
            ..Link::default()
        };
        let device = |equipment, unit_id| LineDevice {
            equipment,
            unit_id,
            link: well.clone(),
        };
        let endpoint = Endpoint::tcp("10.0.0.7", 502);
        let line = LineReport {
            key: line_key(&endpoint),
            protocol: (&endpoint).into(),
            place: endpoint.to_string(),
            serial: None,
            state: LineState::Working,
            devices: vec![
                device(id, UNIT),
                device(EquipmentId::new(), 4),
                device(EquipmentId::new(), 5),
            ],
            since: NOW,
            frames: 0,
            frames_bytes: 0,
            statistics: LineStatistics::default(),
            last_hour: Tally::default(),
        };
        let registers = vec![
            register(100, Metric::POWER),
            register(3_109, Metric::TEMPERATURE),
        ];
        let mut case = Self {
            line,
            id,
            link: well,
            last_good_at: Some(NOW.minus_ms(1_000)),
            exchanges: Vec::new(),
            plausibility: Plausibility {
                believed: true,
                ..Plausibility::default()
            },
            reads: ReadPlan::new(registers, &Limits::default()),
        };
        for _ in 0..30 {
            case.say(100, Outcome::Answered, None);
            case.say(3_109, Outcome::Answered, None);
        }
        case
    }

    /// One exchange about the value at this address.
    fn say(&mut self, address: u16, outcome: Outcome, exception: Option<u8>) {
        let [high, low] = address.to_be_bytes();
        let number = u32::try_from(self.exchanges.len()).unwrap();
        self.exchanges.push(Frame {
            number: number.into(),
            at: NOW.minus_ms(60_000 - i64::from(number)),
            unit: UNIT,
            function: 4,
            request: vec![0, 1, 0, 0, 0, 6, UNIT, 4, high, low, 0, 2],
            answer: match outcome {
                Outcome::OtherUnit => vec![0, 1, 0, 0, 0, 7, 9, 4, 4, 0, 0, 0, 0],
                _ => Vec::new(),
            },
            outcome,
            exception,
            round_trip_us: 9_000,
        });
    }

    /// It fails so since NOW - 1 s.
    fn down(mut self, outcome: Outcome, exception: Option<u8>) -> Self {
        for _ in 0..6 {
            self.say(100, outcome, exception);
        }
        self.link.failures = 6;
        self.link.state = LinkState::Waiting;
        self
    }

    fn others_down(mut self) -> Self {
        for device in &mut self.line.devices {
            device.link.failures = 4;
        }
        self.line.state = LineState::Silent;
        self
    }

    fn all(&self) -> Vec<Diagnosis> {
        diagnose(&Symptoms {
            equipment: self.id,
            line: &self.line,
            unit_id: UNIT,
            timeout_ms: 1_000,
            reads: &self.reads,
            link: &self.link,
            last_good_at: self.last_good_at,
            exchanges: &self.exchanges,
            plausibility: &self.plausibility,
        })
    }

    fn ailments(&self) -> Vec<Ailment> {
        self.all().iter().map(|found| found.ailment).collect()
    }

    fn first(&self) -> Diagnosis {
        self.all().remove(0)
    }
}

#[test]
fn a_healthy_device_is_said_to_be_well() {
    let case = Case::healthy();
    assert_eq!(case.ailments(), [Ailment::Fine]);
    assert_eq!(case.first().severity, Severity::Fine);
    // One lost answer in sixty is a coincidence.
    let mut case = Case::healthy();
    case.say(100, Outcome::TimedOut, None);
    case.say(100, Outcome::Answered, None);
    assert_eq!(case.ailments(), [Ailment::Fine]);
}

#[test]
fn silence_is_told_apart_by_who_else_answers() {
    let case = Case::healthy().down(Outcome::TimedOut, None);
    let found = case.first();
    assert_eq!(case.ailments(), [Ailment::DeviceSilent]);
    assert_eq!(found.severity, Severity::Fault);
    assert_eq!(
        found.sentence,
        "Silent since 2027-01-15T08:00:00Z; 2 of 2 others on the bus answer."
    );
    assert!(found.advice.contains("power"), "{}", found.advice);

    let mut never = Case::healthy();
    never.exchanges.clear();
    never.last_good_at = None;
    never.link = Link::default();
    assert_eq!(never.ailments(), [Ailment::NotAskedYet]);
    let never = never.down(Outcome::TimedOut, None);
    assert_eq!(never.ailments(), [Ailment::NeverAnswered]);

    let bus = Case::healthy().down(Outcome::TimedOut, None).others_down();
    assert_eq!(bus.ailments(), [Ailment::BusSilent]);
    assert!(bus.first().advice.contains("gateway"));

    let mut alone = Case::healthy().down(Outcome::Incomplete, None);
    alone.line.devices.truncate(1);
    assert_eq!(alone.ailments(), [Ailment::AloneSilent]);
}

#[test]
fn a_line_that_does_not_open_is_the_first_thing_to_look_at() {
    let mut case = Case::healthy().down(Outcome::TimedOut, None).others_down();
    case.line.state = LineState::Unreachable;
    case.link.last_error = Some("No connection to 10.0.0.7:502: refused.".to_owned());
    assert_eq!(case.ailments(), [Ailment::LineUnreachable]);
    assert!(case.first().sentence.contains("refused"));
    case.line.serial = Some("9600 8E1".to_owned());
    assert_eq!(case.ailments(), [Ailment::PortUnavailable]);
}

#[test]
fn what_an_outage_shows_names_it() {
    let cases = [
        (Outcome::Exception, Some(10), Ailment::GatewayNoPath),
        (Outcome::Exception, Some(11), Ailment::GatewayTargetSilent),
        (Outcome::Exception, Some(4), Ailment::DeviceFailure),
        (Outcome::Exception, Some(6), Ailment::Busy),
        (Outcome::OtherUnit, None, Ailment::OtherUnitAnswers),
        (Outcome::CrcWrong, None, Ailment::Damaged),
        (Outcome::Garbage, None, Ailment::Damaged),
        (Outcome::Extra, None, Ailment::TwoDevices),
        (Outcome::WrongLength, None, Ailment::WrongLength),
        (Outcome::OtherTransaction, None, Ailment::StrangeAnswers),
        (Outcome::OtherFunction, None, Ailment::StrangeAnswers),
        (Outcome::Closed, None, Ailment::ConnectionClosed),
    ];
    for (outcome, exception, expected) in cases {
        let case = Case::healthy().down(outcome, exception);
        assert_eq!(case.ailments(), [expected], "{outcome:?} {exception:?}");
        assert_eq!(case.first().severity, Severity::Fault);
    }
    let refuses = Case::healthy().down(Outcome::Exception, Some(2));
    assert_eq!(refuses.first().facts.registers[0].address, 100);
    let other = Case::healthy().down(Outcome::OtherUnit, None).first();
    assert_eq!(other.facts.answered_by, [9]);
    assert_eq!(other.sentence, "When unit 3 is asked, unit 9 answers.");
}

#[test]
fn registers_that_are_refused_are_named() {
    let mut case = Case::healthy();
    for _ in 0..5 {
        case.say(100, Outcome::Answered, None);
        case.say(3_109, Outcome::Exception, Some(2));
    }
    let found = case.first();
    assert_eq!(case.ailments(), [Ailment::RegistersRefused]);
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(
        found.sentence,
        "It answers, but refuses register 3109 (input, temperature)."
    );
    assert!(
        found
            .advice
            .starts_with("Exception 2: it has no such register.")
    );
    // It was healed: what counts is the newest answer.
    case.say(3_109, Outcome::Answered, None);
    assert_eq!(case.ailments(), [Ailment::Fine]);
    // Questions that are not in the plan are tests or visits.
    case.say(7_000, Outcome::Exception, Some(2));
    assert_eq!(case.ailments(), [Ailment::Fine]);
    case.say(100, Outcome::Exception, Some(1));
    case.say(3_109, Outcome::Exception, Some(1));
    assert_eq!(case.ailments(), [Ailment::RefusesAll]);
}

#[test]
fn registers_to_which_it_says_nothing_are_named() {
    let mut case = Case::healthy();
    case.exchanges.clear();
    for _ in 0..4 {
        case.say(3_109, Outcome::TimedOut, None);
        case.say(100, Outcome::Answered, None);
    }
    assert_eq!(case.ailments(), [Ailment::RegistersIgnored]);
    assert_eq!(case.first().facts.registers[0].address, 3_109);
    assert_eq!(case.first().severity, Severity::Warning);
    // The poll ends there at each beat, so the link fails; the device is not silent all the same.
    case.say(3_109, Outcome::TimedOut, None);
    case.link.failures = 3;
    assert_eq!(case.ailments(), [Ailment::RegistersIgnored]);
    assert_eq!(case.first().severity, Severity::Fault);
}

#[test]
fn shares_are_told_while_it_works() {
    let with = |outcome, times| {
        let mut case = Case::healthy();
        for _ in 0..times {
            case.say(100, outcome, None);
            case.say(100, Outcome::Answered, None);
        }
        case
    };
    let crc = with(Outcome::CrcWrong, 3).first();
    assert_eq!(
        (crc.ailment, crc.severity),
        (Ailment::Damaged, Severity::Warning)
    );
    // 3 of 66.
    assert_eq!(
        (crc.facts.share_percent, crc.facts.times),
        (Some(4.5), Some(3))
    );
    assert!(crc.sentence.contains("4.5 %") && crc.advice.contains("termination"));
    assert_eq!(
        with(Outcome::TimedOut, 2).ailments(),
        [Ailment::AnswersLost]
    );
    assert_eq!(with(Outcome::Extra, 2).ailments(), [Ailment::TwoDevices]);
    assert_eq!(with(Outcome::OtherUnit, 2).first().facts.answered_by, [9]);
    assert_eq!(
        with(Outcome::Closed, 2).ailments(),
        [Ailment::ConnectionClosed]
    );
}

#[test]
fn slow_unasked_and_implausible_come_behind_faults() {
    let mut case = Case::healthy();
    case.link.round_trip_p95_ms = Some(612.34);
    case.line.statistics.unasked = 4;
    case.line.last_hour.strange = 1;
    let finding = Finding::new(
        Code::Stuck,
        "power",
        0,
        "The power stands still.".to_owned(),
    );
    case.plausibility.findings = vec![finding];
    case.plausibility.believed = false;
    assert_eq!(
        case.ailments(),
        [Ailment::Unasked, Ailment::Slow, Ailment::Implausible]
    );
    case.plausibility.believed = true;
    assert_eq!(
        case.all()[2].severity,
        Severity::Info,
        "a person stands for it"
    );
    let case = case.down(Outcome::TimedOut, None);
    assert_eq!(case.first().ailment, Ailment::DeviceSilent);
}

#[test]
fn every_ailment_has_its_words() {
    let json = serde_json::to_value(Ailment::GatewayTargetSilent).unwrap();
    assert_eq!(json, "gateway_target_silent");
    let nothing = not_polled();
    assert_eq!(nothing[0].ailment, Ailment::NotPolled);
    assert!(nothing[0].sentence.ends_with('.') && nothing[0].advice.ends_with('.'));
}

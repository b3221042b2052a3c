//! One live read of a device that is not saved yet, for the form.

use super::asking::Asking;
use super::device_plan::DevicePlan;
use super::physics::words::{Order, WordMap};
use super::poller::Acquisition;
use super::profile::Profiles;
use super::source::ModbusSource;
use super::sunspec::{self, SunSpecDevice};
use super::test_verdict::{self, Fit, OrderValue, TestCode, TestVerdict};
use crate::base::{Metric, Result, Unit};
use crate::modbus::{DataType, Function, LineError, Register, Request};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Where a value sits in the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RegisterPlace {
    /// The table.
    pub function: Function,
    /// Zero-based address on the wire.
    pub address: u16,
    /// How the words are read.
    #[serde(rename = "type")]
    pub data_type: DataType,
}

impl From<&Register> for RegisterPlace {
    fn from(register: &Register) -> Self {
        Self {
            function: register.function,
            address: register.address,
            data_type: register.data_type,
        }
    }
}

/// The longest test: a person is waiting. The read that is under way then is still awaited.
const TEST_MAX: Duration = Duration::from_secs(15);

/// One value of a test read.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestValue {
    /// The quantity.
    pub metric: Metric,
    /// The conductor; nothing for the whole device.
    #[schema(example = "L1")]
    pub phase: Option<&'static str>,
    /// The unit of the value.
    pub unit: Unit,
    /// The value; nothing when the device has none, or did not answer.
    pub value: Option<f64>,
    /// The words as they came from the wire.
    pub raw_words: Vec<u16>,
    /// Where it was read.
    pub register: RegisterPlace,
    /// Whether the value can be true.
    pub fit: Fit,
    /// The same words in every order.
    pub orders: Vec<OrderValue>,
    /// The order that makes sense, when the chosen one does not.
    pub likely_order: Option<Order>,
    /// Why there is no value.
    pub error: Option<String>,
}

/// What a test read brought.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestRead {
    /// Whether every register was answered.
    pub ok: bool,
    /// Every register, in the order of function and address.
    pub values: Vec<TestValue>,
    /// Mean time from question to answer, ms; the first answer includes connecting.
    pub round_trip_ms: Option<f64>,
    /// The first thing that went wrong.
    pub error: Option<String>,
    /// Where the model of a SunSpec profile begins; to be saved with the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_address: Option<u16>,
    /// What the device says of itself, when it had to be searched for its models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sunspec: Option<SunSpecDevice>,
    /// What to think of it.
    pub verdict: TestVerdict,
}

/// Neighbours that are read to find out whether a map is off by one: enough for a verdict, few
/// enough for a slow bus.
const NEIGHBOURS_MAX: usize = 12;

/// Reads every register of the source once, over a connection of its own; on a line that is polled,
/// between two polls. In a SunSpec device the model is searched for when the source does not say
/// where it begins.
///
/// # Errors
/// When a field of the source is not valid, or does not go with what is polled at the same place.
/// What goes wrong on the wire is in the answer.
pub async fn test_read(
    source: &ModbusSource,
    profiles: &Profiles,
    lines: &Acquisition,
) -> Result<TestRead> {
    let Some(models) = sunspec::models_to_find(source, profiles) else {
        let plan = source.check(profiles)?;
        let line = Asking::at(&plan.endpoint, lines)?;
        return Ok(read_all(&plan, line).await);
    };
    let mut placed = source.clone();
    // Any place will do for checking the rest, and for showing what was not read.
    placed.base_address = Some(0);
    let plan = placed.check(profiles)?;
    let mut line = Asking::at(&plan.endpoint, lines)?;
    let found = sunspec::discover(&mut line, plan.unit_id, plan.timeout).await;
    let why = match &found {
        Ok(Some(device)) => match device.first_of(&models) {
            Some(model) => {
                placed.base_address = Some(i64::from(model.address));
                let plan = placed.check(profiles)?;
                let mut read = read_all(&plan, line).await;
                read.base_address = Some(model.address);
                read.sunspec = Some(device.clone());
                return Ok(read);
            }
            None => device.lacks(&models),
        },
        Ok(None) => sunspec::NOT_FOUND.to_owned(),
        Err(error) => error.to_string(),
    };
    let mut probe = Probe::new(&plan, line);
    for request in plan.reads.requests() {
        probe.mark(request, why.clone());
    }
    let mut read = probe.finish();
    read.sunspec = found.ok().flatten();
    Ok(read)
}

/// Reads every register of a plan once.
async fn read_all(plan: &DevicePlan, line: Asking) -> TestRead {
    let mut probe = Probe::new(plan, line);
    let mut waiting: Vec<Request> = plan.reads.requests().iter().rev().cloned().collect();
    let started = Instant::now();
    while let Some(request) = waiting.pop() {
        if started.elapsed() > TEST_MAX {
            probe.give_up(&request);
            continue;
        }
        match probe.ask(&request).await {
            // Ask one by one, so that the person sees which register is refused.
            Some(LineError::Exception(1..=3)) if request.registers.len() > 1 => {
                waiting.extend(plan.reads.split(&request).into_iter().rev());
            }
            Some(error) => {
                probe.note(&request, &error);
                if !error.is_about_the_range() {
                    probe.silent = true;
                    // It does not answer: the other registers would only cost time-outs.
                    waiting.iter().for_each(|rest| probe.note(rest, &error));
                    break;
                }
            }
            None => {}
        }
    }
    if started.elapsed() < TEST_MAX && !probe.silent {
        probe.look_around(started).await;
    }
    probe.finish()
}

/// The running test.
struct Probe<'a> {
    plan: &'a DevicePlan,
    line: Asking,
    values: Vec<TestValue>,
    words: WordMap,
    /// It stopped to answer.
    silent: bool,
    answers: u32,
    elapsed: Duration,
    error: Option<String>,
}

impl<'a> Probe<'a> {
    fn new(plan: &'a DevicePlan, line: Asking) -> Self {
        let unread = |register: &Register| TestValue {
            metric: register.metric.clone(),
            phase: register.phase.line(),
            unit: register.unit.clone(),
            value: None,
            raw_words: Vec::new(),
            register: register.into(),
            fit: Fit::Unknown,
            orders: Vec::new(),
            likely_order: None,
            error: None,
        };
        Self {
            plan,
            line,
            values: plan.reads.registers().iter().map(unread).collect(),
            words: WordMap::default(),
            silent: false,
            answers: 0,
            elapsed: Duration::ZERO,
            error: None,
        }
    }

    /// One read; the error is handed back for the caller to judge.
    async fn ask(&mut self, request: &Request) -> Option<LineError> {
        let (function, address, count) = (request.function, request.address, request.count);
        let asked = Instant::now();
        let (unit_id, timeout) = (self.plan.unit_id, self.plan.timeout);
        let read = self.line.read(unit_id, function, address, count, timeout);
        let words = match read.await {
            Ok(words) => words,
            Err(error) => return Some(error),
        };
        self.answers += 1;
        self.elapsed += asked.elapsed();
        self.words.put(function, u32::from(address), &words);
        for &index in &request.registers {
            let value = &mut self.values[index];
            let raw = self.plan.reads.words_of(request, index, &words);
            let register = &self.plan.reads.registers()[index];
            value.raw_words = raw.unwrap_or_default().to_vec();
            value.value = self.plan.reads.value(request, index, &words);
            value.fit = test_verdict::fit(&register.metric, value.value);
            value.orders = test_verdict::orders(register, &value.raw_words);
            value.likely_order = test_verdict::likely_order(register, &value.orders);
            if value.value.is_none() {
                value.error = Some("The device says that it has no value here.".to_owned());
            }
        }
        None
    }

    fn decoded(&self) -> Vec<Option<f64>> {
        self.values.iter().map(|value| value.value).collect()
    }

    /// Reads the words before and after values that make no sense, for the verdict alone: what the
    /// device refuses here is no fault.
    async fn look_around(&mut self, started: Instant) {
        let plan = self.plan;
        let registers = plan.reads.registers();
        if !test_verdict::is_doubtful(registers, &self.decoded()) {
            return;
        }
        let mut questions: Vec<(Function, u32, u16)> = Vec::new();
        for (register, value) in registers.iter().zip(&self.values).take(NEIGHBOURS_MAX) {
            let (start, words) = (u32::from(register.address), register.data_type.words());
            let before = start.checked_sub(1);
            // Of a register that was refused the whole is asked for, because many meters refuse
            // half a value; of one that answered the one word beyond.
            let (after, count) = match value.raw_words.is_empty() {
                true => (start + 1, words),
                false => (register.end(), 1),
            };
            let around = [before, Some(after)].into_iter().flatten();
            questions.extend(around.map(|address| (register.function, address, count)));
        }
        for (function, from, count) in questions {
            let known = |address| self.words.word(function, address).is_some();
            let all_known = (from..from + u32::from(count)).all(known);
            let address = u16::try_from(from).ok().filter(|_| !all_known);
            let Some(address) = address else { continue };
            if started.elapsed() > TEST_MAX {
                return;
            }
            let read = self
                .line
                .read(plan.unit_id, function, address, count, plan.timeout);
            match read.await {
                Ok(words) => self.words.put(function, from, &words),
                Err(error) if error.is_device_answer() => {}
                Err(_) => return,
            }
        }
    }

    fn verdict(&self) -> TestVerdict {
        let registers = self.plan.reads.registers();
        let unanswered: Vec<String> = self
            .values
            .iter()
            .zip(registers)
            .filter(|(value, _)| value.raw_words.is_empty())
            .map(|(_, register)| register.name())
            .collect();
        let say = |code, sentence: &str, registers| TestVerdict {
            code,
            sentence: sentence.to_owned(),
            registers,
        };
        if self.answers == 0 {
            if let Some(verdict) = test_verdict::shifted(registers, &self.words) {
                return verdict;
            }
            let sentence = self
                .error
                .as_deref()
                .unwrap_or("The device did not answer.");
            return say(TestCode::Silent, sentence, Vec::new());
        }
        let verdict = test_verdict::judge(registers, &self.words, &self.decoded());
        if verdict.code == TestCode::Plausible && !unanswered.is_empty() {
            let sentence = "These registers were not answered; the others can be true. Check \
                            their addresses, or leave them out.";
            return say(TestCode::Unanswered, sentence, unanswered);
        }
        verdict
    }

    /// Writes the error beside every register of the request.
    fn note(&mut self, request: &Request, error: &LineError) {
        self.mark(request, error.to_string());
    }

    /// The test takes too long for the person who waits for it.
    fn give_up(&mut self, request: &Request) {
        let sentence = "Not read: the device answers too slowly for a test.";
        self.mark(request, sentence.to_owned());
    }

    fn mark(&mut self, request: &Request, sentence: String) {
        for &index in &request.registers {
            self.values[index].error = Some(sentence.clone());
        }
        self.error.get_or_insert(sentence);
    }

    fn finish(self) -> TestRead {
        let mean = |answers| self.elapsed.as_secs_f64() * 1e3 / f64::from(answers);
        TestRead {
            verdict: self.verdict(),
            ok: self.error.is_none(),
            round_trip_ms: (self.answers > 0).then(|| mean(self.answers)),
            error: self.error,
            values: self.values,
            base_address: None,
            sunspec: None,
        }
    }
}

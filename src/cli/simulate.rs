//! `indusmind simulate`: a virtual slave with the registers of a profile, for training and for
//! trying a line without a meter. What is typed while it runs makes it misbehave.

use super::{say, stop_on_signal};
use crate::base::{Clock, Error, ErrorKind, Result, SystemClock};
use crate::equipment::profile::Origin;
use crate::equipment::{Profile, ProfileFile, Profiles};
use crate::modbus::Register;
use crate::modbus::simulator::sunspec::SunSpecSlave;
use crate::modbus::simulator::virtual_device::VirtualDevice;
use crate::modbus::simulator::{Fault, Instrument, Listener, Simulator, Wire};
use std::io::BufRead as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The longest delay that can be asked for, ms: twice the longest time-out of a device.
const LATE_MAX_MS: u64 = 60_000;
/// The most slaves of one run.
const UNITS_MAX: usize = 32;

#[derive(clap::Args)]
pub(super) struct SimulateArgs {
    /// Profile whose registers it has, such as eastron-sdm630; without one, all are listed
    profile: Option<String>,
    /// Profile of your own, a TOML file
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    file: Option<PathBuf>,
    /// Say again what was said: a support file with frames, or frames of a line as JSON
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "file", "units", "power_kw"])]
    replay: Option<PathBuf>,
    /// Which line of a support file with several
    #[arg(long, value_name = "KEY", requires = "replay")]
    line: Option<String>,
    /// What it is reached by
    #[arg(long, value_enum, default_value_t = WireArg::Tcp)]
    wire: WireArg,
    /// Address and port of the virtual slave, unless it has a serial port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:1502")]
    listen: SocketAddr,
    /// Unit ids, by comma
    #[arg(long, value_name = "IDS", default_value = "1", value_delimiter = ',')]
    units: Vec<u8>,
    /// What the machine behind it takes at most, kW
    #[arg(long, value_name = "KW", default_value_t = 40.0)]
    power_kw: f64,
}

/// What the virtual slave is reached by.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum WireArg {
    /// Modbus TCP
    Tcp,
    /// RTU frames over TCP, as from a serial server
    RtuOverTcp,
    /// RTU on a serial port: a pseudo-terminal, whose path is printed
    Serial,
}

/// What can be typed, and what it does.
const FAULTS: [(&str, &str); 13] = [
    ("ok", "answer as a meter should"),
    ("silent", "say nothing"),
    ("late MS", "answer after so many milliseconds"),
    (
        "exception N",
        "refuse with this code (2 = no such register)",
    ),
    ("short", "send a word less than asked"),
    ("long", "send a word more than asked"),
    ("close", "close the connection instead of answering"),
    ("transaction", "answer with another transaction number"),
    ("unit", "answer in the name of another unit"),
    ("function", "answer as if the other table had been asked"),
    ("garbage", "send bytes that are no Modbus"),
    ("half", "stop in the middle of the answer"),
    ("twice", "send each answer twice"),
];

pub(super) async fn run(args: SimulateArgs) -> Result<()> {
    if let Some(file) = &args.replay {
        let serial = args.wire == WireArg::Serial;
        return super::replay::run(file, args.line.as_deref(), args.listen, serial).await;
    }
    let profiles = Profiles::embedded()?;
    let own = args
        .file
        .as_ref()
        .map(read_profile)
        .transpose()?
        .map(Arc::new);
    let profile = match (own, &args.profile) {
        (Some(own), _) => own,
        (None, Some(id)) => profiles.get(id).ok_or_else(|| {
            let way = "Run indusmind simulate without a profile to list them.";
            Error::new(
                ErrorKind::NotFound,
                format!("There is no profile {id}. {way}"),
            )
        })?,
        (None, None) => return list(&profiles),
    };
    check(&args)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let devices = devices(&profile, &args, &*clock);
    let wire = match args.wire {
        WireArg::Tcp => Wire::Tcp(args.listen),
        WireArg::RtuOverTcp => Wire::RtuOverTcp(args.listen),
        WireArg::Serial => Wire::Port,
    };
    let listener = Listener {
        wire,
        devices: devices.clone(),
    };
    let simulator = Simulator::start(Arc::clone(&clock), vec![listener])
        .await
        .map_err(|cause| {
            let sentence = match args.wire {
                WireArg::Serial => "This machine gives no pseudo-terminal. Try --wire tcp.".into(),
                _ => format!("{} cannot be listened on. Try another port.", args.listen),
            };
            Error::unavailable(sentence).because(cause)
        })?;
    introduce(&profile, &args, &simulator, &*devices[0].1, &*clock);
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    obey(&simulator, &args.units, &stop).await;
    Ok(())
}

/// A device for each unit id. One with SunSpec has the whole chain of models, to be searched.
fn devices(
    profile: &Profile,
    args: &SimulateArgs,
    clock: &dyn Clock,
) -> Vec<(u8, Arc<dyn Instrument>)> {
    let device = |unit: &u8| -> Arc<dyn Instrument> {
        let (registers, seed) = (profile.registers.clone(), u64::from(*unit));
        match three_phase_model(&profile.sunspec_models) {
            Some(model) => Arc::new(SunSpecSlave::new(
                model,
                length_of(model, &registers),
                &registers,
                args.power_kw,
                seed,
                clock.now(),
            )),
            None => Arc::new(VirtualDevice::new(registers, args.power_kw, seed)),
        }
    };
    args.units
        .iter()
        .map(|unit| (*unit, device(unit)))
        .collect()
}

/// The model that it is of those that a profile fits: a star with three phases, which is the third
/// of each family (SunSpec models 103, 113, 203 and 213).
fn three_phase_model(models: &[u16]) -> Option<u16> {
    models.get(2).or(models.last()).copied()
}

/// How many words a model has behind its header (SunSpec information models); one that is not
/// known ends behind its last register.
fn length_of(model: u16, registers: &[Register]) -> u16 {
    match model {
        101..=103 => 50,
        111..=113 => 60,
        201..=204 => 105,
        211..=214 => 124,
        _ => {
            let end = registers.iter().map(Register::end).max().unwrap_or(2);
            u16::try_from(end.saturating_sub(2)).unwrap_or(u16::MAX)
        }
    }
}

fn read_profile(path: &PathBuf) -> Result<Profile> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Error::not_found("profile file", path.display()).because(cause))?;
    let file = ProfileFile::from_toml(&text)?;
    file.check(Origin::Own(Box::new(file.clone())))
}

fn check(args: &SimulateArgs) -> Result<()> {
    if args.units.is_empty() || args.units.len() > UNITS_MAX {
        return Err(Error::invalid("units", "Give 1 to 32 unit ids."));
    }
    if args.units.iter().any(|unit| !matches!(unit, 1..=247 | 255)) {
        let sentence = "A unit id is 1 to 247, or 255.";
        return Err(Error::invalid("units", sentence));
    }
    if !(0.001..=1e6).contains(&args.power_kw) {
        return Err(Error::invalid(
            "power-kw",
            "The power is 0.001 to 1000000 kW.",
        ));
    }
    Ok(())
}

/// Every profile, a line each.
fn list(profiles: &Profiles) -> Result<()> {
    for profile in profiles.list() {
        let (id, brand, model) = (&profile.id, &profile.brand, &profile.model);
        say(&format!("{id:32} {brand} {model}"));
    }
    Ok(())
}

fn introduce(
    profile: &Profile,
    args: &SimulateArgs,
    simulator: &Simulator,
    device: &dyn Instrument,
    clock: &dyn Clock,
) {
    let units: Vec<_> = args.units.iter().map(u8::to_string).collect();
    let units = units.join(", ");
    say(&format!("{} {}, virtual", profile.brand, profile.model));
    match (simulator.port(0), simulator.addresses().first(), args.wire) {
        (Some(path), ..) => say(&format!("Modbus RTU on {path}, unit id {units}")),
        (None, Some(at), WireArg::Tcp) => say(&format!("Modbus TCP on {at}, unit id {units}")),
        (None, Some(at), _) => say(&format!("Modbus RTU over TCP on {at}, unit id {units}")),
        (None, None, _) => {}
    }
    if !profile.sunspec_models.is_empty() {
        say("SunSpec: search it, or give the profile without an address.");
    }
    say("");
    say("  function  address  type     value now  quantity");
    let shown = device.registers().iter().zip(device.values(clock.now()));
    // What follows them is the chain of SunSpec.
    for (register, value) in shown.take(profile.registers.len()) {
        say(&row(register, value));
    }
    say("");
    say("Type a fault and Enter; \"ok\" heals it. With several units: \"3 silent\". Ctrl-C ends.");
    for (word, meaning) in FAULTS {
        say(&format!("  {word:12} {meaning}"));
    }
}

fn row(register: &Register, value: f64) -> String {
    let function = register.function.name();
    let kind = format!("{:?}", register.data_type).to_lowercase();
    let (address, name, unit) = (register.address, register.name(), register.unit.as_str());
    format!("  {function:8}  {address:>7}  {kind:8} {value:>9.3}  {name} {unit}")
}

/// Does what is typed until the stop.
async fn obey(simulator: &Simulator, units: &[u8], stop: &CancellationToken) {
    let mut lines = typed();
    while let Some(line) = stop.run_until_cancelled(next(&mut lines)).await {
        match understood(&line, units) {
            Ok((units, fault)) => {
                for unit in units {
                    simulator.set_fault(0, unit, fault);
                }
                say(&format!("  {line}: done"));
            }
            Err(sentence) => say(&format!("  {sentence}")),
        }
    }
}

/// The next line that says something. A console that is closed leaves the slave running.
async fn next(lines: &mut mpsc::Receiver<String>) -> String {
    loop {
        match lines.recv().await {
            Some(line) if line.trim().is_empty() => {}
            Some(line) => return line.trim().to_lowercase(),
            None => std::future::pending().await,
        }
    }
}

/// What is typed, by line. A thread of its own: the console cannot be waited for otherwise, and
/// the end of the program must not wait for a key.
fn typed() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Which units are to misbehave, and how; otherwise what is wrong with the line.
fn understood(line: &str, units: &[u8]) -> std::result::Result<(Vec<u8>, Fault), String> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let mut meant = units.to_vec();
    if let Some(unit) = words.first().and_then(|word| word.parse().ok()) {
        if !units.contains(&unit) {
            return Err(format!("There is no unit {unit} here."));
        }
        meant = vec![unit];
        words.remove(0);
    }
    let number = |max: u64| {
        let number = words.get(1).and_then(|word| word.parse::<u64>().ok());
        number
            .filter(|number| (1..=max).contains(number))
            .ok_or_else(|| format!("Give a number of 1 to {max} behind {}.", words[0]))
    };
    let fault = match words.first().copied().unwrap_or_default() {
        "ok" => Fault::None,
        "silent" => Fault::Silent,
        "late" => Fault::Late(Duration::from_millis(number(LATE_MAX_MS)?)),
        "exception" => Fault::Exception(u8::try_from(number(255)?).unwrap_or(u8::MAX)),
        "short" => Fault::Short,
        "long" => Fault::Long,
        "close" => Fault::Close,
        "transaction" => Fault::OtherTransaction,
        "unit" => Fault::OtherUnit,
        "function" => Fault::OtherFunction,
        "garbage" => Fault::Garbage,
        "half" => Fault::Half,
        "twice" => Fault::Twice,
        other => {
            let known: Vec<_> = FAULTS.iter().map(|(word, _)| *word).collect();
            return Err(format!(
                "{other} is no fault. There are: {}.",
                known.join(", ")
            ));
        }
    };
    Ok((meant, fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_fault_is_understood() {
        for (line, _) in FAULTS {
            let line = line.replace("MS", "800").replace('N', "2");
            let (units, _) = understood(&line, &[1, 2]).unwrap();
            assert_eq!(units, [1, 2], "{line}");
        }
        assert_eq!(
            understood("2 exception 11", &[1, 2]).unwrap(),
            (vec![2], Fault::Exception(11))
        );
    }

    #[test]
    fn what_is_not_understood_says_what_would_be() {
        let wrong = |line: &str| understood(line, &[1]).unwrap_err();
        assert!(wrong("mute").contains("mute is no fault. There are: ok, silent"));
        assert!(wrong("late").contains("1 to 60000 behind late"));
        assert!(wrong("late 0").contains("1 to 60000"));
        assert!(wrong("exception 300").contains("1 to 255"));
        assert!(wrong("7 silent").contains("no unit 7"));
        assert!(wrong("1").contains("is no fault"));
    }
}

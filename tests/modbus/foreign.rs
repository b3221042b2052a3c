//! Our lines against servers that are not ours: pymodbus and libmodbus, over TCP, RTU over TCP and
//! a pair of pseudo-terminals. `packaging/foreign-servers.sh` makes them; without them the tests
//! say that they were left out, unless `INDUSMIND_FOREIGN` names the folder where they must be.

use crate::support::soon;
use indusmind::modbus::journal::{Journal, Outcome};
use indusmind::modbus::{Endpoint, Function, Line, LineError, Parity, SerialSettings};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio_serial::{SerialPort as _, SerialStream};

/// Long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);

const SETTINGS: SerialSettings = SerialSettings {
    baud_rate: 115_200,
    parity: Parity::None,
    stop_bits: 1,
};

/// The program of a server, or why there is none.
fn program(name: &str) -> Result<PathBuf, String> {
    let given = std::env::var_os("INDUSMIND_FOREIGN").map(PathBuf::from);
    let usual = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/foreign");
    let folder = given.clone().unwrap_or(usual);
    let program = folder.join(name);
    // Python must be there when the folder was named; libmodbus needs a package of Debian.
    let needed = given.is_some() && name.starts_with("python");
    match program.exists() {
        true => Ok(program),
        false if needed => panic!("{} is not there", program.display()),
        false => Err(format!("{} is not there", program.display())),
    }
}

/// A server that runs until this is dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        let reading = tokio::task::spawn_blocking(move || {
            output.read_line(&mut said).unwrap();
            said
        });
        let said = soon("the start of the server", reading).await.unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        let port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
        Self { child, port }
    }

    fn kill(&mut self) {
        // It may have ended by itself: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Two serial ports joined by a cable; the paths of their outer ends.
struct Cable {
    paths: [String; 2],
    _ends: [SerialStream; 2],
}

impl Cable {
    fn new() -> Self {
        let (mut a, end_a) = SerialStream::pair().unwrap();
        let (mut b, end_b) = SerialStream::pair().unwrap();
        let paths = [&end_a, &end_b].map(|end| end.name().unwrap());
        tokio::spawn(async move {
            let _ = tokio::io::copy_bidirectional(&mut a, &mut b).await;
        });
        Self {
            paths,
            _ends: [end_a, end_b],
        }
    }
}

fn expected(unit: u8, function: Function, address: u16, count: u16) -> Vec<u16> {
    let word = |a: u16| {
        if function.is_bits() {
            let sum = u32::from(a) * 7 + u32::from(unit) + u32::from(function.code());
            return u16::from(sum % 3 == 0);
        }
        let sum = u32::from(a) * 257 + u32::from(unit) * 1_000 + u32::from(function.code());
        u16::try_from(sum % 65_536).unwrap()
    };
    (address..address + count).map(word).collect()
}

/// Reads in every length and place, and what is not there.
async fn read_everything(endpoint: Endpoint, units: &[u8]) {
    let clock = Arc::new(indusmind::base::SystemClock);
    let journal = Arc::new(Journal::new(clock));
    let mut line = Line::new(endpoint.clone()).with_journal(Arc::clone(&journal));
    for &unit in units {
        for function in Function::ALL {
            for (address, count) in [(0, 1), (1, 2), (10, 7), (0, 124), (75, 125), (199, 1)] {
                let words = line.read(unit, function, address, count, TIMEOUT).await;
                let words = words.unwrap_or_else(|error| panic!("{endpoint} {address}: {error}"));
                assert_eq!(words, expected(unit, function, address, count));
            }
        }
        let beyond = line.read(unit, Function::Input, 200, 1, TIMEOUT).await;
        assert_eq!(beyond, Err(LineError::Exception(2)), "{endpoint}");
    }
    let statistics = journal.statistics();
    assert_eq!(statistics.connects, 1, "{endpoint}");
    for unit in units {
        let unit = &statistics.units[unit];
        assert_eq!((unit.requests, unit.count(Outcome::Answered)), (25, 24));
        assert_eq!(unit.exceptions[&2], 1);
    }
    let frames = journal.frames(usize::MAX);
    assert_eq!(frames.len(), 1 + 25 * units.len());
    assert!(
        frames
            .iter()
            .skip(1)
            .all(|f| f.request.len() >= 8 && f.answer.len() >= 5)
    );
}

fn left_out(reason: &str) {
    // Straight to the console: what a passing test prints is kept back.
    let how = "Make it with: packaging/foreign-servers.sh target/foreign";
    let _ = writeln!(std::io::stderr(), "NOT RUN: {reason}. {how}");
}

fn pymodbus(arguments: &[&str]) -> Result<Command, String> {
    let mut command = Command::new(program("python/bin/python")?);
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/modbus/foreign/server.py"
    );
    command.arg(script).args(arguments);
    Ok(command)
}

#[tokio::test]
async fn pymodbus_is_read_over_tcp() {
    match pymodbus(&["tcp"]) {
        Ok(command) => {
            let server = Server::start(command).await;
            read_everything(Endpoint::tcp("127.0.0.1", server.port), &[1, 2]).await;
        }
        Err(reason) => left_out(&reason),
    }
}

#[tokio::test]
async fn pymodbus_is_read_in_rtu_frames_over_tcp() {
    match pymodbus(&["rtu_over_tcp"]) {
        Ok(command) => {
            let server = Server::start(command).await;
            read_everything(Endpoint::rtu_over_tcp("127.0.0.1", server.port), &[1, 2]).await;
        }
        Err(reason) => left_out(&reason),
    }
}

#[tokio::test]
async fn pymodbus_is_read_over_a_serial_cable() {
    let cable = Cable::new();
    match pymodbus(&["rtu", &cable.paths[0]]) {
        Ok(command) => {
            let _server = Server::start(command).await;
            read_everything(Endpoint::serial(&cable.paths[1], SETTINGS), &[1, 2]).await;
        }
        Err(reason) => left_out(&reason),
    }
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_is_read_again() {
    let cable = Cable::new();
    let Ok(command) = pymodbus(&["rtu", &cable.paths[0]]) else {
        return left_out("pymodbus is not there");
    };
    let mut server = Server::start(command).await;
    let mut line = Line::new(Endpoint::serial(&cable.paths[1], SETTINGS));
    let words = line.read(1, Function::Holding, 5, 2, TIMEOUT).await;
    assert_eq!(words, Ok(expected(1, Function::Holding, 5, 2)));
    server.kill();
    let short = Duration::from_millis(100);
    for _ in 0..3 {
        let error = line.read(1, Function::Holding, 5, 2, short).await;
        assert!(
            matches!(error, Err(LineError::Timeout { unit: 1, .. })),
            "{error:?}"
        );
    }
    let _server = Server::start(pymodbus(&["rtu", &cable.paths[0]]).unwrap()).await;
    // What was asked meanwhile may still be answered: no answer is taken for another.
    soon("an answer", async {
        loop {
            match line.read(1, Function::Holding, 7, 2, TIMEOUT).await {
                Ok(words) => return assert_eq!(words, expected(1, Function::Holding, 7, 2)),
                Err(error) => assert!(!error.is_about_the_line(), "{error}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn libmodbus_is_read_over_tcp_and_a_serial_cable() {
    let program = match program("libmodbus-server") {
        Ok(program) => program,
        Err(reason) => return left_out(&reason),
    };
    let mut command = Command::new(&program);
    command.arg("tcp");
    let server = Server::start(command).await;
    read_everything(Endpoint::tcp("127.0.0.1", server.port), &[1]).await;
    let cable = Cable::new();
    let mut command = Command::new(&program);
    command.args(["rtu", &cable.paths[0]]);
    let _server = Server::start(command).await;
    read_everything(Endpoint::serial(&cable.paths[1], SETTINGS), &[1]).await;
}

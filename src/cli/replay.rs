//! `indusmind simulate --replay`: a line says again what it said when the frames were kept.

use super::say;
use super::stop_on_signal;
use crate::base::{Error, Result};
use crate::modbus::Framing;
use crate::modbus::simulator::Wire;
use crate::modbus::simulator::replay::{Recorded, Recording, Replay};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Largest file that is read, bytes: the support file of fifty busy lines.
const FILE_MAX: u64 = 512 << 20;

/// Plays a file until Ctrl-C. `serial` asks for a pseudo-terminal.
pub(super) async fn run(
    file: &Path,
    line: Option<&str>,
    listen: SocketAddr,
    serial: bool,
) -> Result<()> {
    let recording = read(file, line)?;
    let wire = match (recording.framing, serial) {
        (Framing::Tcp, true) => {
            let sentence = "This was said over Modbus TCP, and is said again so: without --wire.";
            return Err(Error::invalid("wire", sentence));
        }
        (Framing::Rtu, true) => Wire::Port,
        (Framing::Tcp, false) => Wire::Tcp(listen),
        (Framing::Rtu, false) => Wire::RtuOverTcp(listen),
    };
    let units: Vec<_> = recording.units.iter().map(u8::to_string).collect();
    let (units, questions) = (units.join(", "), recording.questions());
    let ended: Vec<_> = recording
        .outcomes
        .iter()
        .map(|(how, n)| format!("{n} {how}"))
        .collect();
    let framing = recording.framing;
    let replay = Replay::start(Arc::new(recording), wire).await;
    let replay = replay.map_err(|cause| {
        let sentence = match serial {
            true => "This machine gives no pseudo-terminal. Leave --wire out.".to_owned(),
            false => format!("{listen} cannot be listened on. Try another port."),
        };
        Error::unavailable(sentence).because(cause)
    })?;
    match (&replay.port, replay.address, framing) {
        (Some(path), ..) => say(&format!("Modbus RTU on {path}, unit id {units}")),
        (None, Some(at), Framing::Tcp) => say(&format!("Modbus TCP on {at}, unit id {units}")),
        (None, Some(at), Framing::Rtu) => {
            say(&format!("Modbus RTU over TCP on {at}, unit id {units}"));
        }
        (None, None, _) => {}
    }
    say(&format!(
        "{questions} different questions; ended so: {}.",
        ended.join(", ")
    ));
    say(
        "Each question gets the answers of then in their order, and then from the beginning again.",
    );
    say("What was not asked then is refused with code 2. Connections that failed are not played.");
    say("Give equipment the same registers, so that it asks the same. Ctrl-C ends.");
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    stop.cancelled().await;
    Ok(())
}

/// The recording of a line out of a support file, or of a file of frames.
fn read(file: &Path, line: Option<&str>) -> Result<Recording> {
    let unread = |cause: std::io::Error| {
        Error::not_found("file that can be read:", file.display()).because(cause)
    };
    let about = std::fs::metadata(file).map_err(unread)?;
    if about.len() > FILE_MAX {
        let sentence = format!("The file is larger than {} MB.", FILE_MAX >> 20);
        return Err(Error::invalid("replay", sentence));
    }
    let text = std::fs::read_to_string(file).map_err(unread)?;
    let frames = frames(&text, line)?;
    Recording::of(&frames).map_err(|sentence| Error::invalid("replay", sentence))
}

fn frames(text: &str, line: Option<&str>) -> Result<Vec<Recorded>> {
    let wrong = |sentence: String| Err(Error::invalid("replay", sentence));
    let whole = serde_json::from_str::<Value>(text).ok();
    let Some(lines) = whole.as_ref().and_then(lines_of) else {
        let rows = text.lines().filter(|row| !row.trim().is_empty());
        return rows
            .enumerate()
            .map(|(at, row)| one(at + 1, serde_json::from_str(row)))
            .collect();
    };
    let key = |one: &Value| one["key"].as_str().unwrap_or_default().to_owned();
    let keys = lines.iter().map(key).collect::<Vec<_>>().join(", ");
    let chosen: Vec<_> = match line {
        Some(line) => lines.iter().filter(|one| key(one) == line).collect(),
        None => lines.iter().collect(),
    };
    let [chosen] = chosen.as_slice() else {
        return match (lines.is_empty(), line) {
            (true, _) => wrong("The file holds no line.".to_owned()),
            (false, None) => wrong(format!("Choose a line with --line: {keys}.")),
            (false, Some(line)) => wrong(format!("The file holds no line {line}, but {keys}.")),
        };
    };
    let rows = chosen["frames"].as_array().into_iter().flatten();
    rows.enumerate()
        .map(|(at, row)| one(at + 1, serde_json::from_value(row.clone())))
        .collect()
}

/// The lines of a support file: of the page, or of the console, which holds what the page says.
fn lines_of(file: &Value) -> Option<&Vec<Value>> {
    file["lines"]
        .as_array()
        .or_else(|| file["content"]["lines"].as_array())
}

fn one(number: usize, read: serde_json::Result<Recorded>) -> Result<Recorded> {
    read.map_err(|cause| {
        let sentence = format!(
            "Frame {number} is not understood ({cause}). Give a support file with frames, or the \
             frames of a line as JSON (format=jsonl)."
        );
        Error::invalid("replay", sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn a_frame() -> Value {
        json!({ "number": 7, "unit": 1, "request": "01 04 00 34 00 02 30 05",
            "answer": "01 84 02 C2 C1", "outcome": "exception", "round_trip_us": 12_345 })
    }

    fn refused(text: &str, line: Option<&str>) -> String {
        frames(text, line).unwrap_err().sentence
    }

    #[test]
    fn frames_come_from_every_file_that_holds_them() {
        let one = json!({ "key": "rtu:/dev/ttyUSB0", "frames": [a_frame(), a_frame()] });
        let page = json!({ "version": "1", "lines": [one] });
        assert_eq!(frames(&page.to_string(), None).unwrap().len(), 2);
        let console = json!({ "content": page });
        assert_eq!(
            frames(&console.to_string(), Some("rtu:/dev/ttyUSB0"))
                .unwrap()
                .len(),
            2
        );
        let rows = format!("{}\n{}\n\n{}\n", a_frame(), a_frame(), a_frame());
        assert_eq!(frames(&rows, None).unwrap().len(), 3);
        assert_eq!(frames(&a_frame().to_string(), None).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_played_is_named() {
        let two = json!({ "lines": [{ "key": "a", "frames": [] }, { "key": "b", "frames": [] }] });
        let two = two.to_string();
        assert!(refused(&two, None).contains("--line: a, b"));
        assert!(refused(&two, Some("c")).contains("no line c, but a, b"));
        assert!(refused(&json!({ "lines": [] }).to_string(), None).contains("no line"));
        assert!(refused("number,at\n1,2", None).contains("Frame 1"));
        let gone = read(Path::new("/nowhere/frames"), None).unwrap_err();
        assert!(gone.sentence.contains("/nowhere/frames"), "{gone}");
    }
}

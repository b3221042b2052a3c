//! *pure* — the boot record: which binary and which data belong together, as one piece of text
//! with a checksum. What it names changes in one write, so code and data never disagree.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// First line of every record.
const HEAD: &str = "indusmind boot record 1";
/// Longest record that is read, bytes.
pub const RECORD_MAX: usize = 16 << 10;

/// One of the two places of a binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// Its folder: `a`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::A, Self::B]
            .into_iter()
            .find(|slot| slot.name() == text)
    }
}

/// A binary with the data that it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Where the binary lies.
    pub slot: Slot,
    /// SHA-256 of the binary, hexadecimal.
    pub hash: String,
    /// What the binary calls itself: `0.2.0`.
    pub version: String,
    /// Number of the data directory.
    pub data: u32,
}

/// Where an update stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No update is under way.
    Steady,
    /// At the next start the launcher makes ready for this pair. With `copy` its data is made
    /// from the running one; without, it is there.
    Armed {
        /// What is to run.
        candidate: Pair,
        /// Whether its data is still to be made.
        copy: bool,
    },
    /// This pair is being tried.
    Trial {
        /// What is being tried.
        candidate: Pair,
        /// How often it was started.
        tries: u32,
        /// Sequence of the record with which it began: it names the spool.
        id: u64,
    },
}

/// What became of the last update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `committed`, `refused` or `rolled_back`.
    pub result: String,
    /// Which version it was about.
    pub version: String,
    /// Why, as a sentence.
    pub why: String,
    /// When, ms since 1970.
    pub at_ms: u64,
    /// Sequence of the record with which its trial began; 0 without one. It names the spool.
    pub trial: u64,
}

/// The whole record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The newer of two records has the higher one.
    pub sequence: u64,
    /// What runs when no update is under way, and to what a failed one goes back.
    pub current: Pair,
    /// Where an update stands.
    pub state: State,
    /// What ran before the last update, with its data, while both are kept.
    pub previous: Option<Pair>,
    /// What became of the last update.
    pub outcome: Option<Outcome>,
    /// What asked for the update that is under way, to be kept for the audit log.
    pub asked_by: String,
    /// SHA-256 of the manifest of the update that is under way; empty without one.
    pub manifest: String,
    /// Identity of the key that signed the update that is under way; empty without one.
    pub key: String,
    /// Lowest version that each key may bring.
    pub floors: BTreeMap<String, String>,
}

impl Record {
    /// The record of a first installation.
    #[must_use]
    pub fn first(current: Pair) -> Self {
        Self {
            sequence: 1,
            current,
            state: State::Steady,
            previous: None,
            outcome: None,
            asked_by: String::new(),
            manifest: String::new(),
            key: String::new(),
            floors: BTreeMap::new(),
        }
    }

    /// What the launcher is to start now.
    #[must_use]
    pub const fn running(&self) -> &Pair {
        match &self.state {
            State::Trial { candidate, .. } => candidate,
            _ => &self.current,
        }
    }

    /// Every pair that must not be deleted.
    pub fn pairs(&self) -> impl Iterator<Item = &Pair> {
        let candidate = match &self.state {
            State::Steady => None,
            State::Armed { candidate, .. } | State::Trial { candidate, .. } => Some(candidate),
        };
        [Some(&self.current), candidate, self.previous.as_ref()]
            .into_iter()
            .flatten()
    }

    /// The record as it is written.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = format!("{HEAD}\n");
        let mut line = |key: &str, value: &str| {
            let _ = writeln!(text, "{key}={}", one_line(value));
        };
        line("sequence", &self.sequence.to_string());
        line("current", &pair_text(&self.current));
        match &self.state {
            State::Steady => line("state", "steady"),
            State::Armed { candidate, copy } => {
                line("state", if *copy { "armed copy" } else { "armed" });
                line("candidate", &pair_text(candidate));
            }
            State::Trial {
                candidate,
                tries,
                id,
            } => {
                line("state", &format!("trial {tries} {id}"));
                line("candidate", &pair_text(candidate));
            }
        }
        if let Some(previous) = &self.previous {
            line("previous", &pair_text(previous));
        }
        if let Some(outcome) = &self.outcome {
            line("outcome", &outcome.result);
            line("outcome.version", &outcome.version);
            line("outcome.why", &outcome.why);
            line("outcome.at_ms", &outcome.at_ms.to_string());
            line("outcome.trial", &outcome.trial.to_string());
        }
        line("asked_by", &self.asked_by);
        line("manifest", &self.manifest);
        line("key", &self.key);
        for (key, version) in &self.floors {
            line(&format!("floor.{key}"), version);
        }
        let sum = crc32fast::hash(text.as_bytes());
        let _ = writeln!(text, "crc={sum:08x}");
        text
    }

    /// Reads a record; `None` when it is torn, damaged or not understood.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (body, sum) = text.strip_suffix('\n')?.rsplit_once("\ncrc=")?;
        let signed = format!("{body}\n");
        let sum = u32::from_str_radix(sum, 16).ok()?;
        if sum != crc32fast::hash(signed.as_bytes()) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let values: BTreeMap<&str, &str> = lines
            .map(|line| line.split_once('='))
            .collect::<Option<_>>()?;
        Self::of(&values)
    }

    fn of(values: &BTreeMap<&str, &str>) -> Option<Self> {
        let text = |key: &str| (*values.get(key).unwrap_or(&"")).to_owned();
        let candidate = || parse_pair(values.get("candidate")?);
        let state = match values.get("state")?.split_once(' ') {
            None if *values.get("state")? == "steady" => State::Steady,
            None if *values.get("state")? == "armed" => State::Armed {
                candidate: candidate()?,
                copy: false,
            },
            Some(("armed", "copy")) => State::Armed {
                candidate: candidate()?,
                copy: true,
            },
            Some(("trial", figures)) => {
                let (tries, id) = figures.split_once(' ')?;
                State::Trial {
                    candidate: candidate()?,
                    tries: tries.parse().ok()?,
                    id: id.parse().ok()?,
                }
            }
            _ => return None,
        };
        let outcome = match values.get("outcome") {
            None => None,
            Some(result) => Some(Outcome {
                result: (*result).to_owned(),
                version: text("outcome.version"),
                why: text("outcome.why"),
                at_ms: values.get("outcome.at_ms")?.parse().ok()?,
                trial: values.get("outcome.trial")?.parse().ok()?,
            }),
        };
        let previous = match values.get("previous") {
            None => None,
            Some(pair) => Some(parse_pair(pair)?),
        };
        let floor = |(key, version): (&&str, &&str)| {
            let key = key.strip_prefix("floor.")?;
            Some((key.to_owned(), (*version).to_owned()))
        };
        Some(Self {
            sequence: values.get("sequence")?.parse().ok()?,
            current: parse_pair(values.get("current")?)?,
            state,
            previous,
            outcome,
            asked_by: text("asked_by"),
            manifest: text("manifest"),
            key: text("key"),
            floors: values.iter().filter_map(floor).collect(),
        })
    }
}

fn pair_text(pair: &Pair) -> String {
    let Pair {
        slot,
        hash,
        version,
        data,
    } = pair;
    format!("{} {data} {hash} {version}", slot.name())
}

fn parse_pair(text: &str) -> Option<Pair> {
    let mut words = text.splitn(4, ' ');
    let pair = Pair {
        slot: Slot::parse(words.next()?)?,
        data: words.next()?.parse().ok()?,
        hash: words.next()?.to_owned(),
        version: words.next()?.to_owned(),
    };
    (pair.hash.len() == 64).then_some(pair)
}

/// A value on one line, however it was said.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 1_000;
    let flat = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    flat.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(slot: Slot, data: u32) -> Pair {
        Pair {
            slot,
            hash: "ab".repeat(32),
            version: "0.2.0".to_owned(),
            data,
        }
    }

    fn full() -> Record {
        Record {
            sequence: 77,
            state: State::Trial {
                candidate: pair(Slot::B, 4),
                tries: 2,
                id: 70,
            },
            previous: Some(pair(Slot::B, 2)),
            outcome: Some(Outcome {
                result: "rolled_back".to_owned(),
                version: "0.3.0".to_owned(),
                why: "It = answered\n500.".to_owned(),
                at_ms: 5,
                trial: 70,
            }),
            asked_by: "chief@plant.example".to_owned(),
            manifest: "cd".repeat(32),
            key: "0011223344556677".to_owned(),
            floors: BTreeMap::from([("0011223344556677".to_owned(), "0.2.0".to_owned())]),
            ..Record::first(pair(Slot::A, 3))
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let mut record = full();
        let read = Record::decode(record.encode().as_bytes()).unwrap();
        record.outcome.as_mut().unwrap().why = "It = answered 500.".to_owned();
        assert_eq!(read, record);
        for state in [
            State::Steady,
            State::Armed {
                candidate: pair(Slot::B, 9),
                copy: true,
            },
            State::Armed {
                candidate: pair(Slot::B, 9),
                copy: false,
            },
        ] {
            record.state = state;
            assert_eq!(
                Record::decode(record.encode().as_bytes()).as_ref(),
                Some(&record)
            );
        }
    }

    #[test]
    fn a_torn_or_changed_record_is_none() {
        let text = full().encode().into_bytes();
        for length in 0..text.len() {
            assert!(Record::decode(&text[..length]).is_none(), "{length}");
        }
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(Record::decode(&changed).is_none(), "{at}");
        }
    }
}

//! *pure* — whether bytes are the whole answer to a question, and nothing else.
//!
//! Everything that came is judged here before the library decodes it: an answer that is short,
//! long, damaged or somebody else's never becomes words.

use super::journal::Outcome;
use super::{Framing, Function};

/// The longest frame of either framing, bytes: 7 of header and 253 of data.
pub(super) const FRAME_MAX: usize = 260;
/// The header of Modbus TCP, bytes: transaction, protocol, length, unit.
const HEADER: usize = 7;
/// A read request in RTU framing, bytes.
const RTU_REQUEST: usize = 8;
/// The bit of the function code that makes an answer a refusal.
const REFUSED: u8 = 0x80;

/// A set of units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Units([u64; 4]);

impl Units {
    pub(super) const fn insert(&mut self, unit: u8) {
        self.0[(unit / 64) as usize] |= 1 << (unit % 64);
    }

    pub(super) const fn contains(self, unit: u8) -> bool {
        self.0[(unit / 64) as usize] >> (unit % 64) & 1 == 1
    }
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) unit: u8,
    pub(super) function: Function,
    pub(super) address: u16,
    pub(super) count: u16,
    /// Units that may still answer an earlier question, on a bus where answers have no number.
    pub(super) owing: Units,
}

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The beginning of something that may become the answer.
    Incomplete,
    /// The answer: these bytes of those that came.
    Answer {
        /// Where it begins; behind the echo of the question on a wire that returns it.
        start: usize,
        /// Where it ends.
        end: usize,
        /// The code, when the device refused.
        exception: Option<u8>,
    },
    /// No answer to this question, and why.
    Wrong(Outcome),
}

/// Judges what has come in answer to `request`.
pub(super) fn judge(framing: Framing, asked: Asked, request: &[u8], came: &[u8]) -> Judgement {
    match framing {
        Framing::Tcp => judge_tcp(asked, request, came),
        Framing::Rtu => judge_rtu(asked, request, came),
    }
}

fn judge_tcp(asked: Asked, request: &[u8], came: &[u8]) -> Judgement {
    // What cannot become a header is not waited for.
    let protocol = came.iter().skip(2).take(2);
    if protocol.clone().any(|byte| *byte != 0) {
        return Judgement::Wrong(Outcome::Garbage);
    }
    let &[t0, t1, _, _, l0, l1, unit, ref data @ ..] = came else {
        return Judgement::Incomplete;
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    // Unit, function and at least one byte; at most what one frame holds.
    if !(3..=FRAME_MAX - 6).contains(&length) {
        return Judgement::Wrong(Outcome::Garbage);
    }
    let Some(data) = data.get(..length - 1) else {
        return Judgement::Incomplete;
    };
    if request.get(..2) != Some(&[t0, t1]) {
        return Judgement::Wrong(Outcome::OtherTransaction);
    }
    match judge_data(asked, unit, data) {
        Ok(exception) => Judgement::Answer {
            start: 0,
            end: HEADER - 1 + length,
            exception,
        },
        Err(outcome) => Judgement::Wrong(outcome),
    }
}

fn judge_rtu(asked: Asked, request: &[u8], came: &[u8]) -> Judgement {
    // An adapter that hears itself returns the question first. No answer of words looks like that:
    // with the length of a question it would have an odd number of data bytes. One of 17 to 24 bits
    // from an address of 0x03xx may; then it is waited for in vain, and never taken wrongly.
    let mut start = if request.len() == RTU_REQUEST && came.starts_with(request) {
        RTU_REQUEST
    } else {
        0
    };
    loop {
        let frame = &came[start..];
        let &[unit, function, third, ..] = frame else {
            return Judgement::Incomplete;
        };
        let refused = function & REFUSED != 0;
        let length = match function & !REFUSED {
            1..=4 if !refused => 3 + usize::from(third) + 2,
            _ if refused => 5,
            _ => return Judgement::Wrong(Outcome::Garbage),
        };
        let Some(whole) = frame.get(..length) else {
            return Judgement::Incomplete;
        };
        let (data, sum) = whole.split_at(length - 2);
        if crc(data).to_le_bytes() != *sum {
            return Judgement::Wrong(Outcome::CrcWrong);
        }
        if unit != asked.unit && asked.owing.contains(unit) {
            // The late answer of a neighbour: ours is behind it.
            start += length;
            continue;
        }
        if frame.len() > length {
            // Without a number nobody can say which of two answers belongs to the question.
            return Judgement::Wrong(Outcome::Extra);
        }
        return match judge_data(asked, unit, &data[1..]) {
            Ok(exception) => Judgement::Answer {
                start,
                end: start + length,
                exception,
            },
            Err(outcome) => Judgement::Wrong(outcome),
        };
    }
}

/// Judges function and data of a whole frame; the exception code, if it is one.
fn judge_data(asked: Asked, unit: u8, data: &[u8]) -> Result<Option<u8>, Outcome> {
    let code = asked.function.code();
    match *data {
        _ if unit != asked.unit => Err(Outcome::OtherUnit),
        [function, exception] if function == code | REFUSED => Ok(Some(exception)),
        [function, bytes, ref words @ ..] if function == code => {
            let expected = asked.function.answer_bytes(asked.count);
            let fits = usize::from(bytes) == expected && words.len() == expected;
            if fits {
                Ok(None)
            } else {
                Err(Outcome::WrongLength)
            }
        }
        _ => Err(Outcome::OtherFunction),
    }
}

/// How many words or bits a whole answer of the wrong length brought: for the sentence.
pub(super) fn words_in(framing: Framing, function: Function, came: &[u8]) -> usize {
    let at = match framing {
        Framing::Tcp => HEADER + 1,
        Framing::Rtu => 2,
    };
    came.get(at).map_or(0, |bytes| match function.is_bits() {
        true => usize::from(*bytes) * 8,
        false => usize::from(*bytes) / 2,
    })
}

/// The checksum of RTU frames: CRC-16 with the polynomial 0xA001, sent low byte first (Modbus
/// over serial line 1.02, section 6.2.2).
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| {
            let shifted = sum >> 1;
            if sum & 1 == 1 {
                shifted ^ 0xA001
            } else {
                shifted
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked {
        unit: 7,
        function: Function::Holding,
        address: 0x0010,
        count: 2,
        owing: Units([0; 4]),
    };

    fn rtu(bytes: &[u8]) -> Vec<u8> {
        let mut frame = bytes.to_vec();
        frame.extend(crc(bytes).to_le_bytes());
        frame
    }

    fn tcp(transaction: u8, unit: u8, data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(data.len() + 1).unwrap();
        let mut frame = vec![0, transaction, 0, 0, 0, length, unit];
        frame.extend(data);
        frame
    }

    fn of_tcp(came: &[u8]) -> Judgement {
        judge(Framing::Tcp, ASKED, &tcp(9, 7, &[3, 0, 16, 0, 2]), came)
    }

    fn of_rtu(came: &[u8]) -> Judgement {
        judge(Framing::Rtu, ASKED, &rtu(&[7, 3, 0, 16, 0, 2]), came)
    }

    const WORDS: [u8; 6] = [3, 4, 0x43, 0x66, 0x19, 0x9A];

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // Worked example of Modbus over serial line 1.02, section 6.2.2: unit 2, function 7.
        assert_eq!(crc(&[0x02, 0x07]).to_le_bytes(), [0x41, 0x12]);
        assert_eq!(crc(b"123456789"), 0x4B37);
    }

    #[test]
    fn an_answer_is_whole_or_it_is_waited_for() {
        let words = rtu(&[&[7], &WORDS[..]].concat());
        let frames = [
            (Framing::Tcp, tcp(9, 7, &WORDS), None),
            (Framing::Tcp, tcp(9, 7, &[0x83, 2]), Some(2)),
            (Framing::Rtu, words, None),
            (Framing::Rtu, rtu(&[7, 0x83, 2]), Some(2)),
        ];
        for (framing, frame, exception) in frames {
            let judged = |came: &[u8]| match framing {
                Framing::Tcp => of_tcp(came),
                Framing::Rtu => of_rtu(came),
            };
            for cut in 0..frame.len() {
                assert_eq!(judged(&frame[..cut]), Judgement::Incomplete, "{cut}");
            }
            let whole = Judgement::Answer {
                start: 0,
                end: frame.len(),
                exception,
            };
            assert_eq!(judged(&frame), whole);
        }
    }

    #[test]
    fn what_does_not_belong_to_the_question_is_named() {
        let words = |unit: u8, data: &[u8]| rtu(&[&[unit], data].concat());
        let short = [3, 2, 0x43, 0x66];
        let long = [3, 6, 0, 1, 0, 2, 0, 3];
        let other = [4, 4, 0, 1, 0, 2];
        let mut damaged = words(7, &WORDS);
        damaged[4] ^= 1;
        let twice = words(7, &WORDS).repeat(2);
        let lying = [3, 4, 0x43, 0x66];
        let cases = [
            (of_tcp(&tcp(8, 7, &WORDS)), Outcome::OtherTransaction),
            (of_tcp(&tcp(9, 8, &WORDS)), Outcome::OtherUnit),
            (of_tcp(&tcp(9, 7, &other)), Outcome::OtherFunction),
            (of_tcp(&tcp(9, 7, &short)), Outcome::WrongLength),
            (of_tcp(&tcp(9, 7, &long)), Outcome::WrongLength),
            (of_tcp(&tcp(9, 7, &lying)), Outcome::WrongLength),
            (of_tcp(b"HTTP/1.1 400"), Outcome::Garbage),
            (of_tcp(&[0, 9, 0, 0, 0xFF, 0xFF, 7, 3]), Outcome::Garbage),
            (of_rtu(&words(8, &WORDS)), Outcome::OtherUnit),
            (of_rtu(&words(7, &other)), Outcome::OtherFunction),
            (of_rtu(&words(7, &short)), Outcome::WrongLength),
            (of_rtu(&words(7, &long)), Outcome::WrongLength),
            (of_rtu(&damaged), Outcome::CrcWrong),
            (of_rtu(&twice), Outcome::Extra),
            (of_rtu(b"HTTP/1.1 400"), Outcome::Garbage),
        ];
        for (number, (judged, expected)) in cases.into_iter().enumerate() {
            assert_eq!(judged, Judgement::Wrong(expected), "case {number}");
        }
    }

    #[test]
    fn an_echo_is_taken_off_and_never_taken_for_an_answer() {
        let echo = rtu(&[7, 3, 0, 16, 0, 2]);
        let answer = rtu(&[&[7], &WORDS[..]].concat());
        assert_eq!(of_rtu(&echo), Judgement::Incomplete);
        let both = [echo.clone(), answer].concat();
        let behind = Judgement::Answer {
            start: 8,
            end: both.len(),
            exception: None,
        };
        assert_eq!(of_rtu(&both), behind);
        // Modbus TCP has no echo: the question itself is no answer.
        let question = tcp(9, 7, &[3, 0, 16, 0, 2]);
        assert_eq!(of_tcp(&question), Judgement::Wrong(Outcome::WrongLength));
    }

    #[test]
    fn the_late_answer_of_a_neighbour_is_stepped_over() {
        let words = |unit: u8| rtu(&[&[unit], &WORDS[..]].concat());
        let both = [words(200), words(7)].concat();
        assert_eq!(of_rtu(&both), Judgement::Wrong(Outcome::Extra));
        let mut owing = Units::default();
        owing.insert(200);
        assert!(owing.contains(200) && !owing.contains(7) && !owing.contains(136));
        let asked = Asked { owing, ..ASKED };
        let judged = |came: &[u8]| judge(Framing::Rtu, asked, &[], came);
        assert_eq!(judged(&words(200)), Judgement::Incomplete);
        let behind = Judgement::Answer {
            start: 9,
            end: 18,
            exception: None,
        };
        assert_eq!(judged(&both), behind);
        assert_eq!(judged(&words(201)), Judgement::Wrong(Outcome::OtherUnit));
    }

    #[test]
    fn a_single_damaged_bit_never_passes() {
        let answer = rtu(&[&[7], &WORDS[..]].concat());
        for bit in 0..answer.len() * 8 {
            let mut damaged = answer.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let judged = of_rtu(&damaged);
            assert!(!matches!(judged, Judgement::Answer { .. }), "bit {bit}");
        }
    }
}

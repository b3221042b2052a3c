//! *pure* — what the bytes of a frame say.

use super::Frame;
use crate::modbus::error::exception_sentence;
use crate::modbus::{Framing, Function};
use serde::Serialize;
use utoipa::ToSchema;

/// The header of Modbus TCP without the unit, bytes.
const HEADER: usize = 6;
/// A read request in RTU framing, bytes; an adapter that hears itself puts it before the answer.
const RTU_REQUEST: usize = 8;
/// The bit of the function code that makes an answer a refusal.
const REFUSED: u8 = 0x80;

/// What a frame says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Meaning {
    /// The table that was asked.
    pub table: Option<Function>,
    /// The first register that was asked for, zero-based.
    pub address: Option<u16>,
    /// How many registers, or bits.
    pub count: Option<u16>,
    /// Who answered, when bytes of an answer came.
    pub answered_by: Option<u8>,
    /// The words that came, in the order of their addresses; of a table of bits a word of 0 or 1
    /// for each bit. They count only when the frame is `answered`.
    pub words: Vec<u16>,
    /// What the exception code means.
    pub refusal: Option<&'static str>,
}

/// Reads question and answer of a frame.
#[must_use]
pub fn meaning(framing: Framing, frame: &Frame) -> Meaning {
    let mut meaning = Meaning {
        refusal: frame.exception.map(exception_sentence),
        ..Meaning::default()
    };
    let start = match framing {
        Framing::Tcp => HEADER,
        Framing::Rtu => 0,
    };
    if let Some(&[_, function, a0, a1, c0, c1]) = frame.request.get(start..start + 6) {
        meaning.table = Function::of_code(function);
        meaning.address = Some(u16::from_be_bytes([a0, a1]));
        meaning.count = Some(u16::from_be_bytes([c0, c1]));
    }
    let echoed = framing == Framing::Rtu
        && frame.request.len() == RTU_REQUEST
        && frame.answer.starts_with(&frame.request);
    let start = if echoed { RTU_REQUEST } else { start };
    let answer = frame.answer.get(start..).unwrap_or_default();
    meaning.answered_by = answer.first().copied();
    if let Some((&[_, function, bytes], data)) = answer.split_first_chunk::<3>()
        && function & REFUSED == 0
    {
        let data = &data[..data.len().min(usize::from(bytes))];
        meaning.words = words(function, meaning.count.unwrap_or(0), data);
    }
    meaning
}

/// The data of an answer as words.
fn words(function: u8, count: u16, data: &[u8]) -> Vec<u16> {
    if Function::of_code(function).is_some_and(Function::is_bits) {
        let bits = data
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
        return bits.take(usize::from(count)).map(u16::from).collect();
    }
    let words = data.chunks_exact(2);
    let word = |word: &[u8]| u16::from_be_bytes([word[0], word[1]]);
    words.map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::modbus::journal::Outcome;

    fn frame(request: &[u8], answer: &[u8], exception: Option<u8>) -> Frame {
        Frame {
            number: 1,
            at: Timestamp::from_ms(0),
            unit: 1,
            function: 4,
            request: request.to_vec(),
            answer: answer.to_vec(),
            outcome: Outcome::Answered,
            exception,
            round_trip_us: 0,
        }
    }

    /// Two input registers from 0x34, and 1724.5 as an IEEE 754 number; sums are not looked at here.
    const ASKED: [u8; 8] = [1, 4, 0, 0x34, 0, 2, 0x30, 5];
    const SAID: [u8; 9] = [1, 4, 4, 0x44, 0xD7, 0x90, 0, 0xF2, 0xBE];

    #[test]
    fn question_and_answer_are_read_in_both_framings() {
        let rtu = meaning(Framing::Rtu, &frame(&ASKED, &SAID, None));
        assert_eq!(rtu.table, Some(Function::Input));
        assert_eq!((rtu.address, rtu.count), (Some(0x34), Some(2)));
        assert_eq!(
            (rtu.answered_by, rtu.words.as_slice()),
            (Some(1), &[0x44D7, 0x9000][..])
        );
        let asked = [&[0, 9, 0, 0, 0, 6][..], &ASKED[..6]].concat();
        let said = [&[0, 9, 0, 0, 0, 7][..], &SAID[..7]].concat();
        assert_eq!(meaning(Framing::Tcp, &frame(&asked, &said, None)), rtu);
    }

    #[test]
    fn bits_are_told_one_by_one_and_no_more_than_were_asked_for() {
        // Ten discrete inputs from 0xC4, of which the third, eighth and tenth are on.
        let asked = [1, 2, 0, 0xC4, 0, 10, 0, 0];
        let said = meaning(
            Framing::Rtu,
            &frame(&asked, &[1, 2, 2, 0x84, 0x02, 0, 0], None),
        );
        assert_eq!(said.table, Some(Function::Discrete));
        assert_eq!(said.words, [0, 0, 1, 0, 0, 0, 0, 1, 0, 1]);
    }

    #[test]
    fn an_echo_is_no_answer() {
        let both = [&ASKED[..], &SAID[..]].concat();
        let said = meaning(Framing::Rtu, &frame(&ASKED, &both, None));
        assert_eq!(said.words, [0x44D7, 0x9000]);
        let alone = meaning(Framing::Rtu, &frame(&ASKED, &ASKED, None));
        assert_eq!((alone.answered_by, alone.words.len()), (None, 0));
    }

    #[test]
    fn a_refusal_says_why_and_a_part_says_what_came() {
        let refused = meaning(
            Framing::Rtu,
            &frame(&ASKED, &[1, 0x84, 2, 0xC2, 0xC1], Some(2)),
        );
        assert!(refused.refusal.unwrap().contains("no such register"));
        assert!(refused.words.is_empty());
        let cut = meaning(Framing::Rtu, &frame(&ASKED, &SAID[..6], None));
        assert_eq!(cut.words, [0x44D7]);
        let nothing = meaning(Framing::Tcp, &frame(&[], &[], None));
        assert_eq!(nothing, Meaning::default());
    }
}

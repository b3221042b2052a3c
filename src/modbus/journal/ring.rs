//! *pure* — the last frames of a line, packed into blocks of bytes.
//!
//! A frame is 28 bytes of head and its raw bytes, so that ten thousand of them take a megabyte or
//! two instead of ten thousand allocations. Blocks that are full are never changed again: a reader
//! shares them instead of copying.
//!
//! Ten thousand frames are days of a quiet line and half an hour of a busy one. What went wrong
//! must be found after a weekend all the same, and what the device said when it was well, to
//! compare: before a block is forgotten, frames that were not fine are taken out and kept, one a
//! minute of each kind, and of the fine ones one in ten minutes of each question.

use super::{Frame, Note, Outcome, RING_BYTES_MAX};
use crate::base::Timestamp;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// The most frames that are kept of one line, the old ones that were not fine beside them.
pub const FRAMES_MAX: usize = 10_000;
/// Bytes of a block: what is forgotten at a time, and what a reader copies at most.
const BLOCK_BYTES: usize = 16_384;
/// The most bytes that are kept of one answer: more than the longest frame, so that what came
/// beyond it shows.
const ANSWER_MAX: usize = 300;
/// Bytes of a read question over RTU: unit, function, address, count and checksum.
const RTU_QUESTION: usize = 8;
/// Bytes before those of the wire.
const HEAD: usize = 28;
/// Of the bytes of a line, one in so many is for old frames.
const OLD_SHARE: usize = 2;
/// Old frames that were not fine: one of each kind in this time, ms. A device that was silent all
/// weekend must not push out what else happened.
const OLD_EVERY_MS: i64 = 60_000;
/// Old frames that were fine: one of each question in so many minutes.
const FINE_EVERY: i64 = 10;
/// Questions of a line that are told apart: a bus of 32 meters with four each.
const QUESTIONS_MAX: usize = 128;

/// Frames that lie one behind the other.
#[derive(Clone, Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    frames: usize,
}

/// Blocks, oldest first; the last one is still being filled.
#[derive(Debug, Default)]
struct Blocks {
    full: VecDeque<Arc<Block>>,
    open: Block,
    frames: usize,
    bytes: usize,
}

/// The frames of a line, oldest first.
#[derive(Debug)]
pub(super) struct Ring {
    recent: Blocks,
    old: Blocks,
    /// Kinds of old frames that were kept of the minute that is being looked through.
    kinds: HashSet<(u8, Outcome, Option<u8>)>,
    minute: i64,
    /// Questions of which a fine old frame was kept, and the ten minutes that are looked through.
    questions: HashSet<Vec<u8>>,
    span: i64,
    next_number: u64,
    bytes_max: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            recent: Blocks::default(),
            old: Blocks::default(),
            kinds: HashSet::new(),
            minute: i64::MIN,
            questions: HashSet::new(),
            span: i64::MIN,
            next_number: 1,
            bytes_max: RING_BYTES_MAX,
        }
    }
}

/// What a reader takes away: shared blocks, unpacked one after the other while he reads.
pub struct Look {
    blocks: Vec<Arc<Block>>,
}

impl Blocks {
    fn push(&mut self, frame: &Raw<'_>) {
        let length = HEAD + frame.request.len() + frame.answer.len();
        if self.open.bytes.len() + length > BLOCK_BYTES {
            let full = std::mem::take(&mut self.open);
            self.full.push_back(Arc::new(full));
        }
        frame.pack(&mut self.open.bytes);
        self.open.frames += 1;
        self.frames += 1;
        self.bytes += length;
    }

    fn pop(&mut self) -> Option<Arc<Block>> {
        let oldest = self.full.pop_front()?;
        self.frames -= oldest.frames;
        self.bytes -= oldest.bytes.len();
        Some(oldest)
    }

    fn share(&self) -> impl Iterator<Item = Arc<Block>> {
        let open = Arc::new(self.open.clone());
        self.full.iter().cloned().chain([open])
    }
}

impl Ring {
    pub(super) const fn frames(&self) -> usize {
        self.recent.frames + self.old.frames
    }

    pub(super) const fn bytes(&self) -> usize {
        self.recent.bytes + self.old.bytes
    }

    pub(super) fn limit(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.forget();
    }

    pub(super) fn push(&mut self, at: Timestamp, note: &Note<'_>) {
        self.recent.push(&Raw {
            number: self.next_number,
            at,
            round_trip_us: u32::try_from(note.round_trip.as_micros()).unwrap_or(u32::MAX),
            outcome: note.outcome,
            exception: note.exception,
            unit: note.unit,
            function: note.function,
            request: &note.request[..note.request.len().min(ANSWER_MAX)],
            answer: &note.answer[..note.answer.len().min(ANSWER_MAX)],
        });
        self.next_number += 1;
        self.forget();
    }

    /// Drops the oldest blocks that are not needed for the last frames, or for which there is no
    /// room, and keeps some of them.
    fn forget(&mut self) {
        let old_max = self.bytes_max / OLD_SHARE;
        while let Some(oldest) = self.recent.full.front() {
            let enough = self.recent.frames - oldest.frames >= FRAMES_MAX;
            if !enough && self.recent.bytes <= self.bytes_max - old_max {
                break;
            }
            if let Some(block) = self.recent.pop() {
                self.keep_some(&block);
            }
        }
        while self.old.bytes > old_max && self.old.pop().is_some() {}
    }

    fn keep_some(&mut self, block: &Block) {
        for frame in block.raw() {
            let minute = frame.at.ms().div_euclid(OLD_EVERY_MS);
            if frame.outcome == Outcome::Answered {
                if self.is_first_of_span(minute.div_euclid(FINE_EVERY), &frame) {
                    self.old.push(&frame);
                }
                continue;
            }
            if minute != self.minute {
                self.minute = minute;
                self.kinds.clear();
            }
            let kind = (frame.unit, frame.outcome, frame.exception);
            if self.kinds.insert(kind) {
                self.old.push(&frame);
            }
        }
    }

    /// Whether this question had no fine answer yet in these ten minutes. The transaction number
    /// of Modbus TCP is no part of the question.
    fn is_first_of_span(&mut self, span: i64, frame: &Raw<'_>) -> bool {
        if span != self.span {
            self.span = span;
            self.questions.clear();
        }
        let question = match frame.request.get(2..4) {
            Some([0, 0]) if frame.request.len() > RTU_QUESTION => &frame.request[4..],
            _ => frame.request,
        };
        let room = self.questions.len() < QUESTIONS_MAX;
        !self.questions.contains(question) && room && self.questions.insert(question.to_vec())
    }

    /// Everything that is kept; only pointers and two blocks are copied.
    pub(super) fn look(&self) -> Look {
        let blocks = self.old.share().chain(self.recent.share());
        Look {
            blocks: blocks.collect(),
        }
    }
}

impl Look {
    /// The frames, newest first.
    pub fn newest_first(self) -> impl Iterator<Item = Frame> + Send + 'static {
        self.blocks.into_iter().rev().flat_map(|block| {
            let mut frames: Vec<_> = block.raw().map(|raw| raw.frame()).collect();
            frames.reverse();
            frames
        })
    }

    /// The frames, oldest first.
    pub fn oldest_first(self) -> impl Iterator<Item = Frame> + Send + 'static {
        let unpack = |block: Arc<Block>| block.raw().map(|raw| raw.frame()).collect::<Vec<_>>();
        self.blocks.into_iter().flat_map(unpack)
    }
}

impl Block {
    fn raw(&self) -> impl Iterator<Item = Raw<'_>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (raw, behind) = Raw::unpack(rest)?;
            rest = behind;
            Some(raw)
        })
    }
}

/// A frame whose bytes lie elsewhere.
struct Raw<'a> {
    number: u64,
    at: Timestamp,
    round_trip_us: u32,
    outcome: Outcome,
    exception: Option<u8>,
    unit: u8,
    function: u8,
    request: &'a [u8],
    answer: &'a [u8],
}

impl<'a> Raw<'a> {
    fn pack(&self, bytes: &mut Vec<u8>) {
        let short = |length: usize| u16::try_from(length).unwrap_or(0).to_le_bytes();
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.at.ms().to_le_bytes());
        bytes.extend(self.round_trip_us.to_le_bytes());
        bytes.push(self.outcome as u8);
        bytes.push(self.exception.unwrap_or(0));
        bytes.push(self.unit);
        bytes.push(self.function);
        bytes.extend(short(self.request.len()));
        bytes.extend(short(self.answer.len()));
        bytes.extend(self.request);
        bytes.extend(self.answer);
    }

    /// The first frame of packed bytes, and what is behind it.
    fn unpack(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (number, rest) = bytes.split_first_chunk::<8>()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (round_trip, rest) = rest.split_first_chunk::<4>()?;
        let (&[outcome, exception, unit, function], rest) = rest.split_first_chunk::<4>()?;
        let (&[q0, q1, a0, a1], rest) = rest.split_first_chunk::<4>()?;
        let (request, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([q0, q1])))?;
        let (answer, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([a0, a1])))?;
        let raw = Self {
            number: u64::from_le_bytes(*number),
            at: Timestamp::from_ms(i64::from_le_bytes(*at)),
            round_trip_us: u32::from_le_bytes(*round_trip),
            outcome: *Outcome::ALL.get(usize::from(outcome))?,
            exception: (exception != 0).then_some(exception),
            unit,
            function,
            request,
            answer,
        };
        Some((raw, rest))
    }

    fn frame(&self) -> Frame {
        Frame {
            number: self.number,
            at: self.at,
            unit: self.unit,
            function: self.function,
            request: self.request.to_vec(),
            answer: self.answer.to_vec(),
            outcome: self.outcome,
            exception: self.exception,
            round_trip_us: self.round_trip_us,
        }
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;

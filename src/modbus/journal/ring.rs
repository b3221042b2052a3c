//! *pure* — the last frames of a line, packed into blocks of bytes.
//!
//! A frame is 20 bytes of head and its raw bytes, so that ten thousand of them take a megabyte or
//! two instead of ten thousand allocations. Blocks that are full are never changed again: a reader
//! shares them instead of copying.

use super::{Frame, Note, Outcome, RING_BYTES_MAX};
use crate::base::Timestamp;
use std::collections::VecDeque;
use std::sync::Arc;

/// The most frames that are kept of one line.
pub const FRAMES_MAX: usize = 10_000;
/// Bytes of a block: what is forgotten at a time, and what a reader copies at most.
const BLOCK_BYTES: usize = 16_384;
/// The most bytes that are kept of one answer: more than the longest frame, so that what came
/// beyond it shows.
const ANSWER_MAX: usize = 300;
/// Bytes before those of the wire.
const HEAD: usize = 20;

/// Frames that lie one behind the other.
#[derive(Clone, Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    frames: usize,
}

/// The frames of a line, oldest first.
#[derive(Debug)]
pub(super) struct Ring {
    full: VecDeque<Arc<Block>>,
    open: Block,
    frames: usize,
    bytes: usize,
    bytes_max: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            full: VecDeque::new(),
            open: Block::default(),
            frames: 0,
            bytes: 0,
            bytes_max: RING_BYTES_MAX,
        }
    }
}

/// What a reader takes away.
pub(super) struct Snapshot {
    blocks: Vec<Arc<Block>>,
}

impl Ring {
    pub(super) const fn frames(&self) -> usize {
        self.frames
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn limit(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.forget();
    }

    pub(super) fn push(&mut self, at: Timestamp, note: &Note<'_>) {
        let request = &note.request[..note.request.len().min(ANSWER_MAX)];
        let answer = &note.answer[..note.answer.len().min(ANSWER_MAX)];
        let length = HEAD + request.len() + answer.len();
        if self.open.bytes.len() + length > BLOCK_BYTES {
            let full = std::mem::take(&mut self.open);
            self.full.push_back(Arc::new(full));
        }
        let round_trip_us = u32::try_from(note.round_trip.as_micros()).unwrap_or(u32::MAX);
        let short = |length: usize| u16::try_from(length).unwrap_or(0).to_le_bytes();
        let bytes = &mut self.open.bytes;
        bytes.extend(at.ms().to_le_bytes());
        bytes.extend(round_trip_us.to_le_bytes());
        bytes.push(note.outcome as u8);
        bytes.push(note.exception.unwrap_or(0));
        bytes.push(note.unit);
        bytes.push(note.function);
        bytes.extend(short(request.len()));
        bytes.extend(short(answer.len()));
        bytes.extend(request);
        bytes.extend(answer);
        self.open.frames += 1;
        self.frames += 1;
        self.bytes += length;
        self.forget();
    }

    /// Drops the oldest blocks that are not needed for the last frames, or for which there is no
    /// room.
    fn forget(&mut self) {
        while let Some(oldest) = self.full.front() {
            let enough = self.frames - oldest.frames >= FRAMES_MAX;
            if !enough && self.bytes <= self.bytes_max {
                return;
            }
            self.frames -= oldest.frames;
            self.bytes -= oldest.bytes.len();
            self.full.pop_front();
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut blocks: Vec<_> = self.full.iter().cloned().collect();
        blocks.push(Arc::new(self.open.clone()));
        Snapshot { blocks }
    }
}

impl Snapshot {
    /// The newest frames, at most so many, oldest first.
    pub(super) fn frames(&self, newest: usize) -> Vec<Frame> {
        let newest = newest.min(FRAMES_MAX);
        let kept: usize = self.blocks.iter().map(|block| block.frames).sum();
        let mut skip = kept.saturating_sub(newest);
        let mut frames = Vec::with_capacity(kept.min(newest));
        for block in &self.blocks {
            if skip >= block.frames {
                skip -= block.frames;
                continue;
            }
            let mut rest = block.bytes.as_slice();
            while let Some((frame, behind)) = unpack(rest) {
                rest = behind;
                match skip {
                    0 => frames.push(frame),
                    _ => skip -= 1,
                }
            }
        }
        frames
    }
}

/// The first frame of packed bytes, and what is behind it.
fn unpack(bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (at, rest) = bytes.split_first_chunk::<8>()?;
    let (round_trip, rest) = rest.split_first_chunk::<4>()?;
    let (&[outcome, exception, unit, function], rest) = rest.split_first_chunk::<4>()?;
    let (&[q0, q1, a0, a1], rest) = rest.split_first_chunk::<4>()?;
    let (request, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([q0, q1])))?;
    let (answer, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([a0, a1])))?;
    let frame = Frame {
        at: Timestamp::from_ms(i64::from_le_bytes(*at)),
        unit,
        function,
        request: request.to_vec(),
        answer: answer.to_vec(),
        outcome: *Outcome::ALL.get(usize::from(outcome))?,
        exception: (exception != 0).then_some(exception),
        round_trip_us: u32::from_le_bytes(*round_trip),
    };
    Some((frame, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn push(ring: &mut Ring, number: u32, answer: &[u8]) {
        let note = Note {
            unit: 3,
            function: 4,
            request: &number.to_le_bytes(),
            answer,
            outcome: Outcome::Answered,
            exception: None,
            round_trip: Duration::from_micros(u64::from(number)),
        };
        ring.push(Timestamp::from_ms(i64::from(number)), &note);
    }

    fn number(frame: &Frame) -> u32 {
        u32::from_le_bytes(frame.request.clone().try_into().unwrap())
    }

    #[test]
    fn the_last_ten_thousand_come_back_in_order() {
        let mut ring = Ring::default();
        for count in 0..25_000 {
            push(&mut ring, count, &[7; 12]);
        }
        let frames = ring.snapshot().frames(usize::MAX);
        assert_eq!(frames.len(), FRAMES_MAX);
        let expected: Vec<u32> = (15_000..25_000).collect();
        assert_eq!(frames.iter().map(number).collect::<Vec<_>>(), expected);
        assert_eq!(frames[0].answer, [7; 12]);
        assert_eq!((frames[9].round_trip_us, frames[9].unit), (15_009, 3));
        let few: Vec<u32> = ring.snapshot().frames(3).iter().map(number).collect();
        assert_eq!(few, [24_997, 24_998, 24_999]);
        // Beyond the ten thousand only what shares a block with one of them.
        assert!(ring.frames() < FRAMES_MAX + BLOCK_BYTES / HEAD);
    }

    #[test]
    fn long_answers_keep_fewer_frames_within_the_bytes() {
        let mut ring = Ring::default();
        for count in 0..12_000 {
            push(&mut ring, count, &[1; 260]);
        }
        assert!(ring.bytes() <= RING_BYTES_MAX && ring.bytes() > RING_BYTES_MAX - 2 * BLOCK_BYTES);
        let frames = ring.snapshot().frames(usize::MAX);
        assert_eq!(number(frames.last().unwrap()), 11_999);
        let before = frames.len();
        ring.limit(100_000);
        assert!(ring.bytes() <= 100_000 && ring.frames() < before);
        let frames = ring.snapshot().frames(usize::MAX);
        assert_eq!(frames.len(), ring.frames());
        assert_eq!(number(frames.last().unwrap()), 11_999);
    }

    #[test]
    fn what_came_beyond_any_frame_is_cut() {
        let mut ring = Ring::default();
        push(&mut ring, 1, &[9; 5_000]);
        push(&mut ring, 2, &[]);
        let frames = ring.snapshot().frames(10);
        assert_eq!(frames[0].answer.len(), ANSWER_MAX);
        assert_eq!((number(&frames[1]), frames[1].answer.len()), (2, 0));
    }

    #[test]
    fn a_reader_keeps_what_it_took() {
        let mut ring = Ring::default();
        for count in 0..2_000 {
            push(&mut ring, count, &[0; 20]);
        }
        let taken = ring.snapshot();
        for count in 2_000..40_000 {
            push(&mut ring, count, &[0; 20]);
        }
        let frames = taken.frames(usize::MAX);
        assert_eq!(frames.len(), 2_000);
        assert_eq!(number(&frames[1_999]), 1_999);
    }
}

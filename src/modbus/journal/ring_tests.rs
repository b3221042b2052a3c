//! What is kept, what is forgotten, and in which order.

use super::*;
use std::time::Duration;

fn note(ring: &mut Ring, number: u32, at_ms: i64, outcome: Outcome, answer: &[u8]) {
    let note = Note {
        unit: 3,
        function: 4,
        request: &number.to_le_bytes(),
        answer,
        outcome,
        exception: None,
        round_trip: Duration::from_micros(u64::from(number)),
    };
    ring.push(Timestamp::from_ms(at_ms), &note);
}

fn push(ring: &mut Ring, number: u32, answer: &[u8]) {
    note(ring, number, i64::from(number), Outcome::Answered, answer);
}

fn number(frame: &Frame) -> u32 {
    u32::from_le_bytes(frame.request.clone().try_into().unwrap())
}

fn all(ring: &Ring) -> Vec<Frame> {
    ring.look().oldest_first().collect()
}

#[test]
fn the_last_ten_thousand_come_back_in_order() {
    let mut ring = Ring::default();
    for count in 0..25_000 {
        push(&mut ring, count, &[7; 12]);
    }
    // Before them, one of each question that fits.
    let frames = all(&ring).split_off(QUESTIONS_MAX);
    // Beyond the ten thousand only what shares a block with one of them.
    assert!((FRAMES_MAX..FRAMES_MAX + BLOCK_BYTES / HEAD).contains(&frames.len()));
    let first = number(&frames[0]);
    let expected: Vec<u32> = (first..25_000).collect();
    assert_eq!(frames.iter().map(number).collect::<Vec<_>>(), expected);
    let last = &frames[frames.len() - 1];
    assert_eq!(
        (last.number, last.unit, last.round_trip_us),
        (25_000, 3, 24_999)
    );
    assert_eq!(last.answer, [7; 12]);
    let newest: Vec<_> = ring.look().newest_first().take(3).collect();
    let few: Vec<u32> = newest.iter().map(number).collect();
    assert_eq!(few, [24_999, 24_998, 24_997]);
    assert_eq!(ring.frames(), QUESTIONS_MAX + frames.len());
}

#[test]
fn long_answers_keep_fewer_frames_within_the_bytes() {
    let mut ring = Ring::default();
    for count in 0..12_000 {
        push(&mut ring, count, &[1; 260]);
    }
    assert!(ring.frames() < FRAMES_MAX);
    // Every question here is another one, so some of the old ones stay as well.
    let most = RING_BYTES_MAX - RING_BYTES_MAX / OLD_SHARE;
    assert!(ring.bytes() <= RING_BYTES_MAX && ring.bytes() > most - 2 * BLOCK_BYTES);
    let frames = all(&ring);
    assert_eq!(number(frames.last().unwrap()), 11_999);
    let before = frames.len();
    ring.limit(100_000);
    assert!(ring.bytes() <= 100_000 && ring.frames() < before);
    let frames = all(&ring);
    assert_eq!(frames.len(), ring.frames());
    assert_eq!(number(frames.last().unwrap()), 11_999);
}

#[test]
fn what_went_wrong_is_found_when_the_good_frames_are_long_forgotten() {
    let mut ring = Ring::default();
    let minute = |count: u32| i64::from(count) * 60_000;
    // A minute with one good frame and two silences of the same device, and so on.
    for count in 0..100_u32 {
        push(&mut ring, 1_000 + count, &[7; 12]);
        note(&mut ring, count, minute(count), Outcome::TimedOut, &[]);
        note(&mut ring, count, minute(count) + 9, Outcome::TimedOut, &[]);
        note(
            &mut ring,
            count,
            minute(count) + 10,
            Outcome::CrcWrong,
            &[1],
        );
    }
    for count in 0..20_000 {
        push(&mut ring, 5_000 + count, &[7; 12]);
    }
    let frames = all(&ring);
    let troubles: Vec<_> = frames
        .iter()
        .filter(|frame| frame.outcome != Outcome::Answered)
        .map(|frame| (number(frame), frame.outcome, frame.at.ms()))
        .collect();
    let expected: Vec<_> = (0..100)
        .flat_map(|count| {
            let at = minute(count);
            [
                (count, Outcome::TimedOut, at),
                (count, Outcome::CrcWrong, at + 10),
            ]
        })
        .collect();
    assert_eq!(troubles, expected, "the first of each kind in its minute");
    let numbers: Vec<_> = frames.iter().map(|frame| frame.number).collect();
    assert!(numbers.is_sorted(), "old ones first");
}

#[test]
fn three_days_of_a_bus_leave_each_question_s_good_answers_to_compare() {
    const HOURS: i64 = 72;
    let mut ring = Ring::default();
    let mut count = 0_u16;
    // Three meters with three questions each, every five seconds, over Modbus TCP.
    for beat in 0..HOURS * 720 {
        for question in 0..9_u8 {
            count = count.wrapping_add(1);
            let [high, low] = count.to_be_bytes();
            let request = [high, low, 0, 0, 0, 6, question / 3, 4, 0, question, 0, 40];
            ring.push(
                Timestamp::from_ms(beat * 5_000),
                &Note {
                    unit: question / 3,
                    function: 4,
                    request: &request,
                    answer: &[5; 89],
                    outcome: Outcome::Answered,
                    exception: None,
                    round_trip: Duration::from_millis(20),
                },
            );
        }
    }
    assert!(ring.bytes() <= RING_BYTES_MAX);
    let frames = all(&ring);
    assert!(frames.iter().map(|frame| frame.number).is_sorted());
    for question in 0..9_u8 {
        let of = frames.iter().filter(|frame| frame.request[9] == question);
        let tens: std::collections::BTreeSet<_> = of.map(|frame| frame.at.ms() / 600_000).collect();
        assert_eq!(tens.len(), 6 * 72, "question {question}");
    }
}

#[test]
fn old_troubles_take_their_share_and_no_more() {
    let mut ring = Ring::default();
    for count in 0..60_000 {
        let at = i64::from(count) * 60_000;
        note(&mut ring, count, at, Outcome::Garbage, &[9; 200]);
    }
    assert!(ring.bytes() <= RING_BYTES_MAX);
    let frames = all(&ring);
    assert_eq!(frames.last().unwrap().number, 60_000);
    let old = RING_BYTES_MAX / OLD_SHARE / (HEAD + 204);
    let recent = (RING_BYTES_MAX - RING_BYTES_MAX / OLD_SHARE) / (HEAD + 204);
    assert!(frames.len() > recent + old / 2);
}

#[test]
fn what_came_beyond_any_frame_is_cut() {
    let mut ring = Ring::default();
    push(&mut ring, 1, &[9; 5_000]);
    push(&mut ring, 2, &[]);
    let frames = all(&ring);
    assert_eq!(frames[0].answer.len(), ANSWER_MAX);
    assert_eq!((number(&frames[1]), frames[1].answer.len()), (2, 0));
}

#[test]
fn a_reader_keeps_what_it_took() {
    let mut ring = Ring::default();
    for count in 0..2_000 {
        push(&mut ring, count, &[0; 20]);
    }
    let taken = ring.look();
    for count in 2_000..40_000 {
        push(&mut ring, count, &[0; 20]);
    }
    let frames: Vec<_> = taken.oldest_first().collect();
    assert_eq!(frames.len(), 2_000);
    assert_eq!(number(&frames[1_999]), 1_999);
}

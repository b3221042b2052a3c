//! *pure* — the newest value of every series, by number: a table without gaps worth speaking of,
//! for the numbers of series follow each other and every beat writes nearly all of them.

use super::SeriesId;
use super::tick::StoredBatch;
use super::track::Track;
use crate::base::Quality;

/// A newest value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Last {
    /// When it was true, ms.
    pub(super) at: i64,
    /// Poll interval of the device, ms.
    pub(super) interval_ms: u32,
    pub(super) value: f64,
    pub(super) quality: Quality,
}

/// The newest values of all series.
#[derive(Debug, Default)]
pub(super) struct LastValues {
    by_number: Vec<Option<Last>>,
    /// How many series have one.
    count: usize,
}

impl LastValues {
    /// How many series have one.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) fn has(&self, series: SeriesId) -> bool {
        self.get(series).is_some()
    }

    pub(super) fn get(&self, series: SeriesId) -> Option<&Last> {
        self.by_number.get(series.0 as usize)?.as_ref()
    }

    /// All of them, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SeriesId, &Last)> {
        let numbered = (0..).map(SeriesId).zip(&self.by_number);
        numbered.filter_map(|(series, last)| Some((series, last.as_ref()?)))
    }

    /// When the newest of all was true, ms.
    pub(super) fn newest_at(&self) -> Option<i64> {
        self.iter().map(|(_, last)| last.at).max()
    }

    /// Takes a value unless a newer one, or one of the same instant, is here.
    pub(super) fn note(&mut self, series: SeriesId, last: Last) {
        let place = series.0 as usize;
        if place >= self.by_number.len() {
            self.by_number.resize(place + 1, None);
        }
        let slot = &mut self.by_number[place];
        match slot {
            Some(known) if known.at >= last.at => {}
            Some(known) => *known = last,
            None => {
                *slot = Some(last);
                self.count += 1;
            }
        }
    }

    /// Takes the values of a batch.
    pub(super) fn note_batch(&mut self, at: i64, batch: &StoredBatch) {
        for sample in &batch.samples {
            if let Some(value) = sample.value {
                let last = Last {
                    at,
                    interval_ms: batch.interval_ms,
                    value,
                    quality: sample.quality,
                };
                self.note(sample.series, last);
            }
        }
    }

    /// Takes the newest value of a track; nothing when it has none.
    pub(super) fn note_track(&mut self, series: SeriesId, track: &Track) {
        let value = |n: usize| track.sample(n).filter(|sample| sample.value.is_some());
        if let Some(sample) = (0..track.len()).rev().find_map(value) {
            let last = Last {
                at: sample.at,
                interval_ms: sample.interval,
                value: sample.value.unwrap_or_default(),
                quality: sample.quality,
            };
            self.note(series, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(at: i64, value: f64) -> Last {
        Last {
            at,
            interval_ms: 1_000,
            value,
            quality: Quality::Good,
        }
    }

    #[test]
    fn the_newest_stays_whatever_comes_later() {
        let mut values = LastValues::default();
        values.note(SeriesId(3), last(20, 2.0));
        values.note(SeriesId(3), last(10, 1.0));
        values.note(SeriesId(3), last(20, 3.0));
        assert_eq!(values.get(SeriesId(3)), Some(&last(20, 2.0)));
        values.note(SeriesId(3), last(21, 4.0));
        assert_eq!(values.get(SeriesId(3)), Some(&last(21, 4.0)));
        assert_eq!(values.newest_at(), Some(21));
    }

    #[test]
    fn series_without_a_value_are_not_counted() {
        let mut values = LastValues::default();
        assert_eq!((values.len(), values.newest_at()), (0, None));
        values.note(SeriesId(7), last(5, 1.0));
        values.note(SeriesId(2), last(6, 1.0));
        assert_eq!(values.len(), 2);
        assert!(values.has(SeriesId(2)) && !values.has(SeriesId(3)) && !values.has(SeriesId(8)));
        let order: Vec<_> = values.iter().map(|(series, _)| series.0).collect();
        assert_eq!(order, [2, 7]);
    }
}

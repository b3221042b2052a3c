//! Buckets of a range that ends amid one: of the last one only what lies before its end, so that a
//! figure of a period says the same whenever it is asked for again.

use super::buckets::Buckets;
use super::query::{Query, Resolution};
use super::rollup::QUARTER_MS;
use super::{MINUTE_MS, Tsdb};
use crate::base::time::BucketSize;
use crate::base::{Result, TimeRange};

/// What the part of a bucket is read by, the coarsest first.
const STEPS: [BucketSize; 3] = [
    BucketSize::Day,
    BucketSize::Fixed(QUARTER_MS),
    BucketSize::Fixed(MINUTE_MS),
];

impl Tsdb {
    /// As [`Tsdb::buckets`], but of a last bucket that the range ends in, only what lies before the
    /// end of the range, to the minute. Its span is that of the whole bucket.
    ///
    /// # Errors
    /// As [`Tsdb::buckets`].
    pub fn buckets_within(&self, query: &Query) -> Result<Buckets> {
        let (range, calendar) = (query.range, &query.calendar);
        let Resolution::Buckets(size) = query.resolution else {
            return self.buckets(query);
        };
        let last = calendar.bucket_start(range.to, size);
        let is_fine = matches!(size, BucketSize::Fixed(step) if step <= MINUTE_MS);
        if last == range.to || is_fine {
            return self.buckets(query);
        }
        let of = |from, to, size| {
            self.buckets(&Query {
                range: TimeRange { from, to },
                resolution: Resolution::Buckets(size),
                ..query.clone()
            })
        };
        let mut whole = match range.from < last {
            true => of(range.from, last, size)?,
            false => Buckets::empty(Vec::new(), query.series.len()),
        };
        let (mut parts, mut from) = (Vec::new(), last);
        for step in STEPS {
            let is_minute = step == BucketSize::Fixed(MINUTE_MS);
            let to = match is_minute {
                true => range.to,
                false => calendar.bucket_start(range.to, step),
            };
            // A day may be longer than what it is to be a part of.
            if from < to && calendar.bucket_start(from, step) == from {
                parts.push(of(from, to, step)?);
                from = to;
            }
        }
        whole.push_sum((last, calendar.next_bucket(last, size)), &parts);
        Ok(whole)
    }
}

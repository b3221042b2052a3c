//! Indusmind: energy monitoring for a factory in one file.

/// Words everyone speaks: ids, errors, time, samples.
pub mod base;

/// The one data directory; home of redb.
pub mod store;

/// The time-series store: packed tick rows, latest values, history by bucket.
pub mod tsdb;

/// The funnel: batches in, one transaction, then the feed.
pub mod ingest;

//! Indusmind: energy monitoring for a factory in one file.

/// Words everyone speaks: ids, errors, time, samples.
pub mod base;

/// The one data directory; home of redb.
pub mod store;

/// The funnel: batches in, one transaction, then the feed.
pub mod ingest;

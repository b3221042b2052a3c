//! Indusmind: energy monitoring for a factory in one file.

/// Words everyone speaks: ids, errors, time, samples.
pub mod base;

/// The funnel: batches in, one transaction, then the feed.
pub mod ingest;

//! Indusmind: energy monitoring for a factory in one file.

/// Words everyone speaks: ids, errors, time, samples.
pub mod base;

/// The one data directory; home of redb.
pub mod store;

/// The time-series store: packed tick rows, latest values, history by bucket.
pub mod tsdb;

/// The latest value of every series, and the feed of changes.
pub mod live;

/// The funnel: batches in, one transaction, then the feed.
pub mod ingest;

/// Sites: a plant with its name, time zone and currency.
pub mod site;

/// Users, roles, passwords, tokens and sessions.
pub mod auth;

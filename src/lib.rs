//! Indusmind: energy monitoring for a factory in one file.

/// Words everyone speaks: ids, errors, time, samples.
pub mod base;

/// The wire; home of tokio-modbus.
pub mod modbus;

/// The funnel: batches in, one transaction, then the feed.
pub mod ingest;

/// What is measured: the registry, device profiles and the pollers.
pub mod equipment;

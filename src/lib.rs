//! Indusmind: energy monitoring for a factory in one file.
//!
//! The rooms of the house, in import order: a room uses only rooms above it. `tests/tidy.rs`
//! reads this list and enforces it; `docs/architecture.md` walks one sample through it.

/// Words everyone speaks: ids, errors, time, samples.
pub mod base;

/// What the appliance shares with its launcher: the boot record and the way of an update.
pub mod launcher;

/// The one data directory; home of redb.
pub mod store;

/// The wire; home of tokio-modbus.
pub mod modbus;

/// The time-series store: packed tick rows, latest values, history by bucket.
pub mod tsdb;

/// The latest value of every series, and the feed of changes.
pub mod live;

/// The funnel: batches in, one transaction, then the feed.
pub mod ingest;

/// Sites: a plant with its name, time zone and currency.
pub mod site;

/// The machine: its names, its addresses, its limits; home of nix.
pub mod machine;

/// The name by which the network finds the machine without a name server; home of mdns-sd.
pub mod local_name;

/// HTTPS: certificates made here or brought; home of rustls and rcgen.
pub mod tls;

/// Who is told what, by which outlet, until it arrived; home of lettre.
pub mod notify;

/// Users, roles, passwords, tokens and sessions.
pub mod auth;

/// What is measured: the registry, device profiles and the pollers.
pub mod equipment;

/// Backups: made while readings come in, proven, restored whole; home of scrypt.
pub mod backup;

/// The figures of a site: power now, energy and cost.
pub mod energy;

/// What people have to act on: rules, the life of an alert, storms.
pub mod alerts;

/// What people set up, as one readable file: out, and in whole or not at all.
pub mod blueprint;

/// Ways in and out: line protocol, CSV, Excel; home of csv, flate2 and `rust_xlsxwriter`.
pub mod exchange;

/// Reports: one document of figures, written as PDF, workbook, text and HTML; home of krilla.
pub mod reports;

/// Devices that bring their readings themselves: their keys, and what they push.
pub mod devices;

/// Sensors that publish to a broker; home of rumqttc.
pub mod mqtt;

/// Cold cells: customers, excursions, the evidence for the auditor.
pub mod coldchain;

/// The audit log on its way to a collector, as syslog.
pub mod syslog;

/// How the appliance looks after itself: what is well, what went wrong, the heartbeat.
pub mod care;

/// What is known about safety: events, threats recognised from them, checks with their evidence.
pub mod security;

/// Newer versions: signed bundles, by stick or upload, and what was measured on trial.
pub mod update;

/// The HTTP and WebSocket edge; home of axum and rust-embed.
pub mod web;

/// The boot file, the environment and the flags, parsed once into checked types.
pub mod config;

/// The only room that knows all rooms: open, wire, run, stop.
pub mod app;

/// One file per command of the command line.
pub mod cli;

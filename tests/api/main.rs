//! The API from outside: each route allowed, denied, absent, malformed and asked twice, against
//! the whole appliance. One file per room.

// A helper that fails ends the test, here as in a test function.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod access_log;
mod account_mails;
mod accounts;
mod alert_list;
mod alert_rules;
mod alerts;
mod alerts_aside;
mod asks;
mod audit;
mod audit_trail;
mod auth;
mod backups;
mod broker;
mod bus;
mod carry;
mod channel;
mod commissioning;
mod devices;
mod document;
mod documents;
mod edge;
mod energy_cost;
mod energy_tree;
mod enumeration;
mod equipment;
mod equipment_fields;
mod equipment_list;
mod export;
mod fixtures;
mod history;
mod history_series;
mod hosts;
mod https;
mod hub;
mod kiosks;
mod limits;
mod lines;
mod mail_server;
mod maintenance;
mod matrix;
mod meter_events;
mod mqtt;
mod notifications;
mod operations;
mod outlets;
mod page;
mod permissions;
mod photo;
mod polling;
mod profiles;
mod push_devices;
mod push_readings;
mod races;
mod reach;
mod realtime;
mod restart;
mod revocation;
mod self_watch;
mod sessions;
mod setup;
mod sockets;
mod step_up;
mod storage;
mod system;
mod tokens;
mod two_factor;
mod update;
mod web_server;
mod write;

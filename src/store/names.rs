//! The names of all tables, of the data file and of volumes.
//!
//! redb keeps them in a page like any other. A bit that turns over there gives a table another name:
//! nothing of it is damaged, and the one of the right name seems never to have been written. Then
//! corrections would not apply, and users would seem to be none. So a damaged file that holds a name
//! which nobody writes is not written anew.

/// Every table that this program writes; `tests/tidy.rs` sees that none is missing.
const TABLES: &[&str] = &[
    "alert",
    "alert_condition",
    "alert_defaults",
    "alert_head",
    "alert_index",
    "alert_rule",
    "alert_transition",
    "api_token",
    "audit",
    "backup",
    "backup_secret",
    "carbon_factors",
    "cold_calibration",
    "cold_cell",
    "cold_customer",
    "cold_evidence",
    "cold_excursion",
    "cold_location",
    "cold_standing",
    "commissioning",
    "counter",
    "day",
    "demand_beat",
    "energy_plan",
    "energy_tariff",
    "energy_tree",
    "enpi",
    "enpi_baseline",
    "equipment",
    "equipment_belief",
    "equipment_document",
    "equipment_maintenance",
    "hour",
    "integrity",
    "job",
    "kiosk",
    "loose",
    "month",
    "mqtt",
    "mqtt_secret",
    "notify_alert",
    "notify_condition",
    "notify_general",
    "notify_horn",
    "notify_hour",
    "notify_letter",
    "notify_outlet",
    "notify_policy",
    "notify_queue",
    "notify_secret",
    "notify_step",
    "one_time_code",
    "operation",
    "pending",
    "production",
    "profiles",
    "push_device",
    "push_device_life",
    "push_device_use",
    "quality_day",
    "report",
    "report_data",
    "report_schedule",
    "session",
    "signing_key",
    "site",
    "site_logo",
    "syslog_place",
    "tls_authority",
    "tls_certificate",
    "token_key",
    "ts_clock",
    "ts_correction",
    "ts_counter_event",
    "ts_dirty",
    "ts_first",
    "ts_forgotten",
    "ts_keep",
    "ts_parted",
    "ts_series",
    "ts_tick",
    "update",
    "user",
];

/// Tables that only tests write.
#[cfg(test)]
const OF_TESTS: &[&str] = &[
    "counted",
    "rows",
    "sealed",
    "things",
    "week_step",
    "whole_week_step",
    "zz_counted",
];
#[cfg(not(test))]
const OF_TESTS: &[&str] = &[];

/// Whether this program writes a table of this name.
pub(super) fn is_known(table: &str) -> bool {
    TABLES.contains(&table) || OF_TESTS.contains(&table)
}

//! Where the foreign crates that shape the design live.

/// Foreign crates that shape the design, and the only place that names each of them.
pub(crate) const HOMES: [(&str, &str); 23] = [
    ("redb", "src/store/"),
    ("pco", "src/tsdb/"),
    ("rustix", "src/store/"),
    ("scrypt", "src/backup/"),
    ("tokio_modbus", "src/modbus/"),
    ("tokio_serial", "src/modbus/"),
    ("axum", "src/web/"),
    ("rust_embed", "src/web/"),
    ("tower_http", "src/web/"),
    ("utoipa_axum", "src/web/"),
    ("jsonwebtoken", "src/auth/"),
    ("argon2", "src/auth/"),
    ("totp_rs", "src/auth/"),
    ("jiff", "src/base/time.rs"),
    ("clap", "src/cli/"),
    ("csv", "src/exchange/"),
    ("flate2", "src/exchange/"),
    ("rust_xlsxwriter", "src/exchange/"),
    ("rumqttc", "src/mqtt/"),
    ("nix", "src/machine.rs"),
    ("rcgen", "src/tls/"),
    ("tokio_rustls", "src/tls/"),
    ("lettre", "src/notify/"),
];

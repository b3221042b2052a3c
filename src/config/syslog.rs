//! `[syslog]` of the boot file.

use crate::base::{Error, Result};
use crate::syslog::{Protocol, Settings};
use serde::Deserialize;
use std::path::PathBuf;

/// `[syslog]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SyslogFile {
    server: Option<String>,
    protocol: Option<Protocol>,
    ca: Option<PathBuf>,
}

/// Where the audit log is sent, if anywhere.
pub(super) fn read(file: SyslogFile) -> Result<Option<Settings>> {
    let Some(server) = file.server else {
        if file.protocol.is_some() || file.ca.is_some() {
            let sentence = "Name the collector: server = \"10.0.0.5:514\".";
            return Err(Error::invalid("syslog.server", sentence));
        }
        return Ok(None);
    };
    let parts = server.rsplit_once(':');
    let is_sane = parts.is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if !is_sane {
        let sentence = format!("{server:?} has no port. Write 10.0.0.5:514 or logs.local:6514.");
        return Err(Error::invalid("syslog.server", sentence));
    }
    let protocol = file.protocol.unwrap_or_default();
    if (protocol == Protocol::Tls) != file.ca.is_some() {
        let sentence = "With protocol = \"tls\", and only then, name the PEM file of the \
                        authority that vouches for the collector as ca.";
        return Err(Error::invalid("syslog.ca", sentence));
    }
    Ok(Some(Settings {
        server,
        protocol,
        authority: file.ca,
    }))
}

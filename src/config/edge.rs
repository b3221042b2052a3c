//! `[edge]` and `[limits]` of the boot file.

use crate::base::bucket::Rate;
use crate::base::{Error, Result};
use crate::local_name;
use crate::machine::{Names, raise_file_limit};
use crate::tls::Files;
use crate::web::{Class, EdgeSettings, Limits, PlainHttp, SeatLimits};
use serde::Deserialize;
use std::path::PathBuf;

/// Files that everything but connections may need: volumes, lines, logs.
const OTHER_FILES: u64 = 256;

/// `[edge]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EdgeFile {
    names: Vec<String>,
    plain_http: PlainHttp,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    cors_origins: Vec<String>,
    local_name: Option<String>,
}

/// `[limits]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsFile {
    login_per_minute: Option<u32>,
    reset_per_hour: Option<u32>,
    session_per_minute: Option<u32>,
    api_per_minute: Option<u32>,
    api_burst: Option<u32>,
    kiosk_per_minute: Option<u32>,
    upload_per_minute: Option<u32>,
    export_per_minute: Option<u32>,
    search_per_minute: Option<u32>,
    write_per_minute: Option<u32>,
    report_per_minute: Option<u32>,
    connections: Option<u32>,
    connections_per_address: Option<u32>,
}

/// Checks both.
pub(super) fn read(
    edge: EdgeFile,
    limits: &LimitsFile,
    plain_http: Option<PlainHttp>,
) -> Result<(EdgeSettings, Option<Files>)> {
    let mut names = Names::default();
    for name in &edge.names {
        if !names.add(name) {
            let sentence = format!("{name:?} is no host name and no address.");
            return Err(Error::invalid("edge.names", sentence));
        }
    }
    let files = match (edge.certificate, edge.key) {
        (Some(certificate), Some(key)) => Some(Files { certificate, key }),
        (None, None) => None,
        _ => {
            let sentence = "Name both, edge.certificate and edge.key, or none of them.";
            return Err(Error::invalid("edge.certificate", sentence));
        }
    };
    let local_name = local_name(edge.local_name)?;
    let origins = edge.cors_origins.iter().map(|text| origin(text));
    let settings = EdgeSettings {
        plain_http: plain_http.unwrap_or(edge.plain_http),
        cors_origins: origins.collect::<Result<_>>()?,
        names,
        local_name,
        seats: seats(limits)?,
        limits: rates(limits)?,
    };
    Ok((settings, files))
}

/// The name by which the network finds the machine; an empty one is none.
fn local_name(chosen: Option<String>) -> Result<Option<String>> {
    let name = chosen.unwrap_or_else(|| local_name::DEFAULT.to_owned());
    if name.is_empty() {
        return Ok(None);
    }
    if !local_name::is_sane(&name) {
        let sentence = format!(
            "{name:?} is no name for the network. Write one word of letters, digits and dashes \
             without .local, or \"\" for none."
        );
        return Err(Error::invalid("edge.local_name", sentence));
    }
    Ok(Some(name))
}

fn rates(file: &LimitsFile) -> Result<Limits> {
    let mut limits = Limits::default();
    let minute = |name, count, burst| (name, count, 60, burst);
    for (class, (name, count, seconds, burst)) in [
        (
            Class::SignIn,
            minute("login_per_minute", file.login_per_minute, 1),
        ),
        (
            Class::Reset,
            ("reset_per_hour", file.reset_per_hour, 3_600, 1),
        ),
        (
            Class::Session,
            minute("session_per_minute", file.session_per_minute, 2),
        ),
        (
            Class::Kiosk,
            minute("kiosk_per_minute", file.kiosk_per_minute, 1),
        ),
        (
            Class::Upload,
            minute("upload_per_minute", file.upload_per_minute, 1),
        ),
        (
            Class::Export,
            minute("export_per_minute", file.export_per_minute, 1),
        ),
        (
            Class::Search,
            minute("search_per_minute", file.search_per_minute, 2),
        ),
        (
            Class::Write,
            minute("write_per_minute", file.write_per_minute, 2),
        ),
        (
            Class::Report,
            minute("report_per_minute", file.report_per_minute, 2),
        ),
    ] {
        if let Some(count) = checked(name, count, 1_000_000)? {
            limits.set(class, Rate::new(count, seconds, count * burst));
        }
    }
    if let Some(rate) = api_rate(file)? {
        limits.set(Class::Api, rate);
    }
    Ok(limits)
}

/// The only class whose burst is set by itself.
fn api_rate(file: &LimitsFile) -> Result<Option<Rate>> {
    let api = checked("api_per_minute", file.api_per_minute, 1_000_000)?;
    let burst = checked("api_burst", file.api_burst, 1_000_000)?;
    let is_set = api.is_some() || burst.is_some();
    let count = api.unwrap_or(100);
    Ok(is_set.then(|| Rate::new(count, 60, burst.unwrap_or(2 * count))))
}

fn seats(file: &LimitsFile) -> Result<SeatLimits> {
    let mut seats = SeatLimits::default();
    if let Some(total) = checked("connections", file.connections, 100_000)? {
        seats.total = total as usize;
        seats.kept = (seats.total / 20).max(1);
    }
    if let Some(count) = checked(
        "connections_per_address",
        file.connections_per_address,
        100_000,
    )? {
        seats.per_address = count as usize;
    }
    Ok(seats)
}

/// No more connections than the system gives files.
pub(super) fn fit_to_machine(seats: &mut SeatLimits) {
    let files = raise_file_limit().map(|files| files.saturating_sub(OTHER_FILES).max(64));
    let files = files.and_then(|files| usize::try_from(files).ok());
    if let Some(files) = files.filter(|files| *files < seats.total) {
        seats.total = files;
        seats.kept = (files / 20).max(1);
    }
}

fn checked(name: &str, value: Option<u32>, most: u32) -> Result<Option<u32>> {
    match value {
        Some(count) if !(1..=most).contains(&count) => {
            let sentence = format!("limits.{name} must be 1 to {most}.");
            Err(Error::invalid(format!("limits.{name}"), sentence))
        }
        other => Ok(other),
    }
}

/// An origin as browsers write it: `https://wall.example`, with a port when it is not the usual.
fn origin(text: &str) -> Result<String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let sane = host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b))
    });
    if !sane {
        let sentence =
            format!("{text:?} is no origin. Write https://wall.example, without a path.");
        return Err(Error::invalid("edge.cors_origins", sentence));
    }
    Ok(text.to_ascii_lowercase())
}

//! Whether what an address names is there for who asks: the one place where the sites of a person
//! or program narrow the routes below `/equipment/{id}`, `/devices/{id}`, `/lines/{key}` and
//! `/users/{id}`, those of tomorrow among them.

use super::Context;
use crate::auth::Reach;
use crate::base::{EquipmentId, Error, Result};
use crate::equipment::{LineDevice, LineReport};
use axum::extract::{MatchedPath, Request};
use axum::http::Extensions;

/// The route below `/api` that was matched: `/equipment/{id}`.
pub fn route_of(extensions: &Extensions) -> Option<&str> {
    let path = extensions.get::<MatchedPath>()?.as_str();
    path.strip_prefix("/api/v1")
        .or_else(|| path.strip_prefix("/api"))
}

/// Nothing when what the address names is there for who reaches these sites.
///
/// # Errors
/// As if there were no such thing. What is truly not there is left to the route to say.
pub fn check(context: &Context, reach: &Reach, request: &Request) -> Result<()> {
    let Some(route) = route_of(request.extensions()) else {
        return Ok(());
    };
    let Some((what, place)) = named_by(route) else {
        return Ok(());
    };
    let path = request.uri().path();
    let below = path
        .strip_prefix("/api/v1")
        .or_else(|| path.strip_prefix("/api"));
    let segment = below.unwrap_or(path).split('/').nth(place);
    let name = percent_decoded(segment.unwrap_or_default());
    let hidden = match what {
        Named::Equipment => name.parse().is_ok_and(|id| {
            let found = context.registry.get(id);
            found.is_ok_and(|equipment| !reach.sees(&equipment.site))
        }),
        Named::Device => name.parse().is_ok_and(|id| {
            let device = context.devices.get(id);
            device.is_ok_and(|device| is_hidden(context, reach, device.equipment_id))
        }),
        Named::Line => {
            let mut lines = context.registry.acquisition().line_reports().into_iter();
            let line = lines.find(|line| line.key == name);
            line.is_some_and(|line| line_is_hidden(context, reach, &line))
        }
        Named::User => name.parse().is_ok_and(|id| {
            let account = context.auth.account(id);
            account.is_ok_and(|account| !reach.covers(&account.user.sites))
        }),
    };
    if hidden {
        return Err(Error::not_found(what.word(), name));
    }
    Ok(())
}

/// What an address names.
#[derive(Clone, Copy)]
enum Named {
    Equipment,
    Device,
    Line,
    User,
}

impl Named {
    const fn word(self) -> &'static str {
        match self {
            Self::Equipment => "equipment",
            Self::Device => "device",
            Self::Line => "line",
            Self::User => "user",
        }
    }
}

/// What a route names, and in which segment.
fn named_by(route: &str) -> Option<(Named, usize)> {
    let known = [
        ("/equipment/{id}", Named::Equipment),
        ("/devices/{id}", Named::Device),
        ("/lines/{key}", Named::Line),
        ("/users/{id}", Named::User),
        ("/admin/users/{id}", Named::User),
    ];
    let found = known.into_iter().find(|(start, _)| {
        let rest = route.strip_prefix(start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    found.map(|(start, what)| (what, start.split('/').count() - 1))
}

/// Whether this equipment is not there for him.
pub fn is_hidden(context: &Context, reach: &Reach, id: EquipmentId) -> bool {
    let found = context.registry.get(id);
    // Of equipment that was deleted nobody knows whose it was any more: only who reaches all of
    // them is let on to the devices that point to it.
    found.map_or(*reach != Reach::ALL, |equipment| {
        !reach.sees(&equipment.site)
    })
}

/// Whether nobody on a line is there for him; a line is shared by the sites that it reaches.
pub fn line_is_hidden(context: &Context, reach: &Reach, line: &LineReport) -> bool {
    let hidden = |device: &LineDevice| is_hidden(context, reach, device.equipment);
    *reach != Reach::ALL && line.devices.iter().all(hidden)
}

fn percent_decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_what_they_are_about() {
        let place = |route: &str| named_by(route).map(|(what, place)| (what.word(), place));
        assert_eq!(
            place("/equipment/{id}/documents/{document}"),
            Some(("equipment", 2))
        );
        assert_eq!(place("/admin/users/{id}/unlock"), Some(("user", 3)));
        assert_eq!(place("/lines/{key}"), Some(("line", 2)));
        for other in [
            "/equipment",
            "/users/invite",
            "/sites/{id}",
            "/equipment/{idle}",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }

    #[test]
    fn keys_of_lines_are_read_as_they_were_meant() {
        assert_eq!(percent_decoded("tcp%3A10.0.0.1%3a502"), "tcp:10.0.0.1:502");
        assert_eq!(percent_decoded("%2Fdev%2FttyS0"), "/dev/ttyS0");
        assert_eq!(percent_decoded("50%"), "50%");
        assert_eq!(percent_decoded("%zz"), "%zz");
    }
}

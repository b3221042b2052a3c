//! *pure* — where an HTTP outlet leads: scheme, host, port and path, taken apart once.

use hyper::Uri;

/// An address of the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether it is encrypted.
    pub tls: bool,
    /// Name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Path and query.
    pub path: String,
    /// Host and port as the header `Host` names them.
    pub authority: String,
}

impl Address {
    /// The address that was written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.trim().parse().map_err(|_| "This is no address.")?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("An address begins with https:// or http://."),
        };
        let authority = uri.authority().ok_or("The host is missing.")?;
        // Whatever is before an @ would be sent in the open, and shown.
        if authority.as_str().contains('@') {
            return Err("No user name belongs in an address.");
        }
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err("The host is missing.");
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            tls,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            path: path.to_owned(),
            authority: authority.as_str().to_owned(),
        })
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        let ip = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let at = Address::of("https://[fe80::1]:8443/a?b=c").unwrap();
        assert!(at.tls && !at.is_this_machine());
        assert_eq!(
            (at.host.as_str(), at.port, at.path.as_str()),
            ("fe80::1", 8443, "/a?b=c")
        );
        assert_eq!(at.authority, "[fe80::1]:8443");
        let at = Address::of("http://127.0.0.1").unwrap();
        assert!(!at.tls && at.is_this_machine() && at.port == 80 && at.path == "/");
        for bad in ["", "/x", "ftp://a", "https://", "https://u:p@a", "a b"] {
            assert!(Address::of(bad).is_err(), "{bad}");
        }
    }
}

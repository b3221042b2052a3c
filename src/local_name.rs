//! The name under which the machine is found in its own network without a name server
//! (multicast DNS, RFC 6762): `indusmind.local`; home of mdns-sd.
//!
//! Promises: a name that another machine holds already is left to it, and ours gets a number;
//! the end is announced, so that nobody keeps the name of a machine that is off. It is a comfort:
//! when it cannot be had, the log says why and everything else goes on. Will not do: leave the
//! own link, or look for other machines.

use mdns_sd::{DaemonEvent, DaemonStatus, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The name unless somebody chose another.
pub const DEFAULT: &str = "indusmind";
/// What we are called among the services of the network.
const INSTANCE: &str = "Indusmind";
/// Names that are tried one after the other. Each gets into the certificate: whoever disputes
/// every name on purpose must not have one made every second.
const NAMES_MAX: usize = 5;
/// How often it is looked whether the machine has another address, s.
const ADDRESSES_EVERY_S: u32 = 15;
/// How long the end waits until it was announced.
const FAREWELL: Duration = Duration::from_millis(500);

/// The name, and who answers for it.
#[derive(Default)]
pub struct LocalName {
    /// What was chosen; none when it is off.
    chosen: Option<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// All names so far, the last one is in use.
    names: Vec<String>,
    daemon: Option<ServiceDaemon>,
}

impl LocalName {
    /// This name, without `.local`; `None` is for a machine that is not to be found by one.
    #[must_use]
    pub fn new(name: Option<&str>) -> Arc<Self> {
        let chosen = name.map(|name| format!("{}.local", name.to_ascii_lowercase()));
        let state = State {
            names: chosen.clone().into_iter().collect(),
            daemon: None,
        };
        Arc::new(Self {
            chosen,
            state: Mutex::new(state),
        })
    }

    /// Every name that was ours since the start: browsers may still hold to an earlier one.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state().names.clone()
    }

    /// Whether this is one of them, in lower case and without a dot at its end.
    #[must_use]
    pub fn is(&self, host: &str) -> bool {
        self.state().names.iter().any(|name| name == host)
    }

    /// The name that is answered for now.
    #[must_use]
    pub fn announced(&self) -> Option<String> {
        let state = self.state();
        state.daemon.as_ref().and(state.names.last().cloned())
    }

    /// Announces the page at `listening` under the name and answers for it until
    /// [`LocalName::stop`]. When that cannot be, it is said in the log.
    pub fn start(self: &Arc<Self>, listening: SocketAddr, secure: bool) {
        let Some(name) = &self.chosen else {
            return;
        };
        match announce(name, listening, secure) {
            Ok((daemon, events)) => {
                self.state().daemon = Some(daemon);
                let this = Arc::clone(self);
                let follow = move || this.follow(&events);
                let thread = std::thread::Builder::new().name("local-name".to_owned());
                if let Err(error) = thread.spawn(follow) {
                    tracing::warn!(%error, "whether {name} is disputed is not followed");
                }
            }
            Err(error) => tracing::warn!(
                %error,
                "the network cannot find this machine as {name}; open it by its address"
            ),
        }
    }

    /// Announces the end. Blocks for half a second at most.
    pub fn stop(&self) {
        let Some(daemon) = self.state().daemon.take() else {
            return;
        };
        let told = daemon.shutdown().ok();
        let told = told.and_then(|status| status.recv_timeout(FAREWELL).ok());
        if !matches!(told, Some(DaemonStatus::Shutdown)) {
            tracing::debug!("the end of the local name was not announced");
        }
    }

    /// Follows what becomes of the name until the answers end.
    fn follow(&self, events: &Receiver<DaemonEvent>) {
        while let Ok(event) = events.recv() {
            match event {
                DaemonEvent::NameChange(change) if self.is(host(&change.original)) => {
                    if self.renamed(host(&change.new_name)) {
                        continue;
                    }
                    tracing::warn!("every local name is disputed: none is announced any more");
                    self.stop();
                    return;
                }
                DaemonEvent::Error(error) => tracing::debug!(%error, "local name"),
                _ => {}
            }
        }
    }

    /// Takes the next name, or says that these were enough.
    fn renamed(&self, name: &str) -> bool {
        let mut state = self.state();
        if state.names.iter().any(|known| known == name) {
            return true;
        }
        if state.names.len() >= NAMES_MAX {
            return false;
        }
        tracing::warn!(
            "another machine is called {} already: this one is {name}",
            state.names.last().map_or("", String::as_str)
        );
        state.names.push(name.to_owned());
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the dot at its end.
fn host(name: &str) -> &str {
    name.trim_end_matches('.')
}

/// Whether this can stand before `.local`: one label of a host name, in lower case.
#[must_use]
pub fn is_sane(name: &str) -> bool {
    crate::machine::Names::default().add(name) && !name.contains(['.', ':'])
}

/// Starts to answer on the links that lead to `listening`.
fn announce(
    name: &str,
    listening: SocketAddr,
    secure: bool,
) -> mdns_sd::Result<(ServiceDaemon, Receiver<DaemonEvent>)> {
    let kind = if secure {
        "_https._tcp.local."
    } else {
        "_http._tcp.local."
    };
    let address = listening.ip();
    // An address at which nobody listens is not told; [::] takes connections of both kinds.
    let silent = match address {
        IpAddr::V4(_) => Some(IfKind::IPv6),
        IpAddr::V6(six) if !six.is_unspecified() => Some(IfKind::IPv4),
        IpAddr::V6(_) => None,
    };
    let told = if address.is_unspecified() {
        String::new()
    } else {
        address.to_string()
    };
    let properties = [("path", "/")];
    let host = format!("{name}.");
    let service = ServiceInfo::new(
        kind,
        INSTANCE,
        &host,
        told,
        listening.port(),
        &properties[..],
    )?;
    let service = if address.is_unspecified() {
        service.enable_addr_auto()
    } else {
        service
    };

    let daemon = ServiceDaemon::new()?;
    daemon.set_ip_check_interval(ADDRESSES_EVERY_S)?;
    if let Some(kind) = silent {
        daemon.disable_interface(kind)?;
    }
    daemon.disable_interface(IfKind::LoopbackV4)?;
    daemon.disable_interface(IfKind::LoopbackV6)?;
    let events = daemon.monitor()?;
    daemon.register(service)?;
    Ok((daemon, events))
}

impl std::fmt::Debug for LocalName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalName({:?})", self.names())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disputed_name_gets_a_number_and_not_for_ever() {
        let local = LocalName::new(Some("Plant"));
        assert_eq!(local.names(), ["plant.local"]);
        assert_eq!(local.announced(), None, "nobody answers yet");
        for number in 2..=NAMES_MAX {
            assert!(local.renamed(&format!("plant-{number}.local")));
        }
        // The same on another link of the machine is no further one.
        assert!(local.renamed("plant-2.local"));
        assert!(!local.renamed("plant-6.local"));
        assert!(local.is("plant.local") && local.is("plant-5.local"));
        assert!(!local.is("plant-6.local") && !local.is("plant"));
    }

    #[test]
    fn without_a_name_nothing_is_announced() {
        let local = LocalName::new(None);
        local.start("0.0.0.0:1".parse().unwrap(), true);
        assert_eq!((local.names(), local.announced()), (vec![], None));
        local.stop();
    }

    #[test]
    fn a_name_is_one_label() {
        for good in ["indusmind", "plant-7", "a"] {
            assert!(is_sane(good), "{good}");
        }
        for bad in [
            "",
            "a.b",
            "plant.local",
            "10.0.0.7",
            "::1",
            "-a",
            "a b",
            "é",
        ] {
            assert!(!is_sane(bad), "{bad}");
        }
    }
}

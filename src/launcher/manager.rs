//! Speaks to the service manager in the protocol of `sd_notify(3)`.

use std::io;
use std::os::unix::net::UnixDatagram;

/// A sign of life, also of a start that takes long: the service manager waits two minutes from each
/// of them, so that a launcher that hangs is noticed before it ever was ready.
pub const ALIVE: &str = "WATCHDOG=1\nEXTEND_TIMEOUT_USEC=120000000";

/// Tells the service manager, when there is one.
pub fn tell_manager(message: &str) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let Ok(socket) = UnixDatagram::unbound() else {
        return;
    };
    let bytes = message.as_bytes();
    // Who does not listen any more is not waited for.
    let _ = match place.to_str().and_then(|name| name.strip_prefix('@')) {
        Some(name) => abstract_address(name).and_then(|to| socket.send_to_addr(bytes, &to)),
        None => socket.send_to(bytes, &place),
    };
}

fn abstract_address(name: &str) -> io::Result<std::os::unix::net::SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    std::os::unix::net::SocketAddr::from_abstract_name(name)
}

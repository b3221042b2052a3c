//! The serial ports of this machine, as people choose one.

use super::poller::Acquisition;
use crate::modbus::{Endpoint, SerialSettings};
use serde::Serialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

/// Most ports that are told: no machine of a plant has as many.
const PORTS_MAX: usize = 64;
/// Names under which adapters stay the same when they are plugged in elsewhere.
const BY_ID: &str = "dev/serial/by-id";
/// Every terminal of the kernel; those of real ports have a device behind them.
const TERMINALS: &str = "sys/class/tty";

/// A serial port of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SerialPort {
    /// Path to be entered: the name that stays the same, where there is one.
    #[schema(example = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0")]
    pub device: String,
    /// What the kernel calls it.
    #[schema(example = "ttyUSB0")]
    pub name: String,
    /// What the adapter says of itself.
    pub adapter: Option<String>,
    /// How devices on it are polled: `9600 8E1`; nothing when none is.
    pub polled_with: Option<String>,
}

/// The serial ports, by name. `root` is `/` on a real machine.
#[must_use]
pub fn serial_ports(root: &Path, lines: &Acquisition) -> Vec<SerialPort> {
    let stable = stable_names(root);
    let terminals = std::fs::read_dir(root.join(TERMINALS));
    let mut ports: Vec<_> = terminals
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            is_real(&entry.path()).then_some((name, entry.path()))
        })
        .map(|(name, terminal)| {
            let plain = format!("/dev/{name}");
            let device = stable.get(&name).cloned().unwrap_or_else(|| plain.clone());
            let settings = polled_with(lines, &device).or_else(|| polled_with(lines, &plain));
            SerialPort {
                device,
                adapter: adapter(&terminal),
                polled_with: settings.map(|settings| settings.to_string()),
                name,
            }
        })
        .collect();
    ports.sort_by(|a, b| a.name.cmp(&b.name));
    ports.truncate(PORTS_MAX);
    ports
}

/// Whether a wire can be connected. The kernel keeps places for four ports of a PC whether it has
/// them or not; the type of those that it has not is 0.
fn is_real(terminal: &Path) -> bool {
    if !terminal.join("device").exists() {
        return false;
    }
    let kind = std::fs::read_to_string(terminal.join("type"));
    kind.map_or(true, |kind| kind.trim() != "0")
}

/// The names by id, by what the kernel calls the port.
fn stable_names(root: &Path) -> HashMap<String, String> {
    let links = std::fs::read_dir(root.join(BY_ID));
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let target: PathBuf = std::fs::read_link(entry.path()).ok()?;
        let kernel = target.file_name()?.to_str()?.to_owned();
        let stable = entry.file_name().into_string().ok()?;
        Some((kernel, format!("/{BY_ID}/{stable}")))
    };
    links.into_iter().flatten().filter_map(name).collect()
}

/// The product name of a USB adapter: it stands some folders above its port.
fn adapter(terminal: &Path) -> Option<String> {
    let device = std::fs::canonicalize(terminal.join("device")).ok()?;
    device
        .ancestors()
        .take(4)
        .find_map(|folder| std::fs::read_to_string(folder.join("product")).ok())
        .map(|product| product.trim().to_owned())
}

fn polled_with(lines: &Acquisition, device: &str) -> Option<SerialSettings> {
    let anyhow = SerialSettings {
        baud_rate: 9_600,
        parity: crate::modbus::Parity::None,
        stop_bits: 1,
    };
    match lines.polled_at(&Endpoint::serial(device, anyhow))? {
        Endpoint::Serial { settings, .. } => Some(settings),
        Endpoint::Tcp { .. } | Endpoint::RtuOverTcp { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ManualClock;
    use crate::ingest::Inlet;
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    #[tokio::test]
    async fn real_ports_are_told_by_the_name_that_stays() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let folder = |path: &str| std::fs::create_dir_all(at(path)).unwrap();
        let usb = "sys/devices/usb1/1-2";
        for path in [BY_ID, "sys/class/tty/ttyS0/device", "sys/class/tty/ttyS1"] {
            folder(path);
        }
        folder("sys/class/tty/ttyS2/device");
        folder("sys/class/tty/tty1");
        folder(&format!("{usb}/1-2:1.0/ttyUSB0"));
        folder("sys/class/tty/ttyUSB0");
        std::fs::write(at("sys/class/tty/ttyS0/type"), "4\n").unwrap();
        std::fs::write(at("sys/class/tty/ttyS2/type"), "0\n").unwrap();
        std::fs::write(at(&format!("{usb}/product")), "USB-RS485 Cable\n").unwrap();
        let behind = at(&format!("{usb}/1-2:1.0/ttyUSB0"));
        symlink(behind, at("sys/class/tty/ttyUSB0/device")).unwrap();
        symlink("../../ttyUSB0", at(&format!("{BY_ID}/usb-FTDI-port0"))).unwrap();

        let clock = Arc::new(ManualClock::new(crate::base::Timestamp::from_ms(0)));
        let lines = Acquisition::start(clock, Inlet::with_capacity(1).0);
        let ports = serial_ports(root.path(), &lines);
        let port = |device: &str, name: &str, adapter: Option<&str>| SerialPort {
            device: device.to_owned(),
            name: name.to_owned(),
            adapter: adapter.map(str::to_owned),
            polled_with: None,
        };
        let cable = Some("USB-RS485 Cable");
        let expected = [
            port("/dev/ttyS0", "ttyS0", None),
            port("/dev/serial/by-id/usb-FTDI-port0", "ttyUSB0", cable),
        ];
        assert_eq!(ports, expected);
        assert_eq!(serial_ports(Path::new("/nowhere"), &lines), []);
    }
}

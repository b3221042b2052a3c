//! One place gives the sign of life.

use crate::code;
use crate::tree::Breaches;

/// Where the appliance gives its sign of life; the launcher gives its own.
const HOME: &str = "src/care/watchdog.rs";

#[test]
fn the_appliance_gives_its_heartbeat_in_one_place() {
    let gives = |text: &str| text.contains("WATCHDOG=1");
    let mut breaches = Breaches::default();
    let mut at_home = false;
    for file in code() {
        let ours = !file.path.starts_with("src/launcher/");
        match (gives(&file.text), file.path == HOME) {
            (true, true) => at_home = true,
            (true, false) if ours => breaches.add(format!("{} says WATCHDOG=1", file.path)),
            _ => {}
        }
    }
    assert!(
        at_home,
        "{HOME} gives no heartbeat: say here which file does"
    );
    breaches.must_be_none(
        "A second heartbeat hides what the first one misses. Add to Body in the one:",
    );
}

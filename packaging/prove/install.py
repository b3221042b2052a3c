"""install.py ROOT FOLDER: in a fresh Debian root without systemd, the package and the installer are
installed, installed again, brought up to a newer version, taken away and installed over what they
left; and the binary is started as by a double click. Called by prove-install.sh, which gives it a
network of its own without a way out."""

import os
import shutil
import subprocess
import sys
import time

from plant import Appliance, Root, fact, must, said, stop, tail, until

root = Root(sys.argv[1])
folder = sys.argv[2]
HOME = "/var/lib/indusmind"
PORT, METER_PORT = 18443, 1502
CONSOLE = os.path.join(root.path, "tmp", "console")
# The operator's own words in the configuration.
OWN_WORDS = "# ours: the plant in Sfax\n"

DEB = {
    "name": "package",
    # As the manual says it, and as a double click does it: nothing else may be fetched for it.
    "install": ["apt-get", "install", "-y", "/tmp/indusmind.deb"],
    "again": ["dpkg", "-i", "/tmp/indusmind.deb"],
    "newer": ["apt-get", "install", "-y", "/tmp/newer.deb"],
    "remove": ["apt-get", "remove", "-y", "indusmind"],
}
INSTALLER = {
    "name": "installer",
    "install": ["/tmp/indusmind-installer", "install"],
    "again": ["/tmp/indusmind-installer", "install"],
    "newer": ["/tmp/newer-installer", "install"],
    "remove": ["indusmind", "uninstall"],
}


def inside(path):
    return root.path + path


def read(path):
    with open(inside(path), "rb") as file:
        return file.read()


def launch():
    """The launcher as the unit starts it; what was said before is gone."""
    open(CONSOLE, "w", encoding="utf-8").close()
    return root.start(
        CONSOLE, "/usr/lib/indusmind/launcher", "start", "--healthy-seconds", "10", "--",
        "run", "--config", "/etc/indusmind/config.toml", env={"INDUSMIND_LISTEN": f"127.0.0.1:{PORT}"},
    )


def serving(plant):
    until("the page answers", plant.serves, 60, lambda: tail(CONSOLE))


def end(process):
    process.terminate()
    try:
        code = process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        stop(f"it did not end within 30 s of SIGTERM:\n{tail(CONSOLE)}")
    must(code == 0, f"it ended with {code}:\n{tail(CONSOLE)}")


def first_value(plant, console):
    """Sets up, adds a virtual meter on the wire, and waits for a value of it. `modbus` needs nothing
    but the binary."""
    plant.set_up(until("a set-up token", lambda: said(console, r"Set-up token: (\S+)"), 30))
    meter = subprocess.Popen(
        [os.path.join(folder, "indusmind"), "simulate", "eastron-sdm630", "--listen", f"127.0.0.1:{METER_PORT}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )
    where = {"host": "127.0.0.1", "port": METER_PORT, "unit_id": 1, "profile": "eastron-sdm630",
             "poll_interval_ms": 1000}
    number = plant.add_meter("Main meter", where)

    def value():
        status, data = plant.ask("GET", f"/api/equipment/{number}/live")
        return status == 200 and data if good(data) else None

    until("a live value", value, 60, lambda: str(plant.ask("GET", f"/api/equipment/{number}/live")))
    return meter


def good(data):
    """Whether a reading in it is a number that holds."""
    text = str(data)
    return "'quality': 'good'" in text


def check_owner():
    must("indusmind" in root.run("id", "indusmind"), "the user was not made")
    must("dialout" in root.run("id", "-Gn", "indusmind"), "the user may not open serial ports")
    must(root.run("stat", "-c", "%U %a", HOME).strip() == "indusmind 755", "the home is not as it should be")
    must(root.run("stat", "-c", "%U %a", f"{HOME}/data").strip() == "indusmind 700", "the data is open to others")
    loose = root.run("find", HOME, "/etc/indusmind", "/usr/lib/indusmind", "-perm", "/022", "!", "-type", "l")
    must(loose.strip() == "", f"others may write: {loose}")
    must("indusmind" in root.run("indusmind", "--version"), "the command does not run")


def install_twice(way):
    root.run(*way["install"])
    check_owner()
    with open(inside("/etc/indusmind/config.toml"), "a", encoding="utf-8") as file:
        file.write(OWN_WORDS)
    before = [read(f"{HOME}/{name}") for name in sorted(os.listdir(inside(HOME))) if name.startswith("boot.")]
    root.run(*way["again"])
    after = [read(f"{HOME}/{name}") for name in sorted(os.listdir(inside(HOME))) if name.startswith("boot.")]
    must(before == after, "a second installation changed the boot record")
    must(OWN_WORDS.encode() in read("/etc/indusmind/config.toml"), "a second installation lost the configuration")


def bring_up(way, plant):
    """A newer version is tried on the data and stays."""
    root.run(*way["newer"])
    launcher = launch()
    until("the newer version is kept", lambda: "the update is committed" in tail(CONSOLE, 200), 90,
          lambda: tail(CONSOLE))
    must(plant.sign_in() == 200, "nobody can sign in after the newer version came")
    must(plant.names() == ["Main meter"], "the newer version lost equipment")
    must(OWN_WORDS.encode() in read("/etc/indusmind/config.toml"), "the newer version lost the configuration")
    end(launcher)


def take_away(way):
    word = root.run(*way["remove"])
    must(HOME in word, f"it does not say where the data stays: {word}")
    for path in ("/usr/bin/indusmind", "/usr/lib/indusmind", f"{HOME}/slots", f"{HOME}/staging",
                 "/etc/systemd/system/indusmind.service", "/usr/lib/systemd/system/indusmind.service",
                 "/usr/share/applications/indusmind.desktop"):
        must(not os.path.lexists(inside(path)), f"{path} is left behind")
    numbers = os.listdir(inside(f"{HOME}/data"))
    must(any(os.path.getsize(inside(f"{HOME}/data/{number}/indusmind.redb")) for number in numbers), "the data is gone")
    must(os.path.exists(inside("/etc/indusmind/config.toml")), "the configuration is gone")


def prove(way):
    began = time.monotonic()
    install_twice(way)
    plant = Appliance(f"http://127.0.0.1:{PORT}")
    launcher = launch()
    serving(plant)
    must(said(CONSOLE, r"(Open http)"), "the console names no first page")
    meter = first_value(plant, CONSOLE)
    seconds = time.monotonic() - began
    fact(f"{way['name']}: installed twice, set up, a meter added: first live value after {seconds:.1f} s (of 300)")
    must(seconds < 300, "the first live value took more than five minutes")
    end(launcher)
    root.run("indusmind", "check")
    bring_up(way, plant)
    # Not before: a version on trial is given up when devices fall silent that answered the one before.
    meter.terminate()
    fact(f"{way['name']}: a newer version was tried, kept, and has the data")
    take_away(way)
    root.run(*way["install"])
    launcher = launch()
    serving(plant)
    must(plant.sign_in() == 200 and plant.names() == ["Main meter"], "a new installation lost the data")
    end(launcher)
    take_away(way)
    fact(f"{way['name']}: taken away and back: the data and the configuration stay, all else is gone")


def purge_package():
    root.run("dpkg", "-P", "indusmind")
    must(not os.path.exists(inside("/etc/indusmind")), "purging left the configuration")
    must(os.path.exists(inside(f"{HOME}/data")), "purging a package deleted years of readings")
    shutil.rmtree(inside(HOME))
    fact("package: purged, and the readings are still there")


def purge_installer():
    root.run(*INSTALLER["install"])
    root.run("indusmind", "uninstall", "--purge")
    must(not os.path.exists(inside(HOME)) and not os.path.exists(inside("/etc/indusmind")), "--purge left something")
    fact("installer: uninstall --purge leaves nothing")


def prove_portable():
    """A double click on the file, by a person who has no rights and a desktop without a browser."""
    desk = inside("/home/worker/Desktop")
    os.makedirs(desk)
    shutil.copy(os.path.join(folder, "indusmind"), desk)
    for path in (inside("/home/worker"), desk, f"{desk}/indusmind"):
        os.chown(path, 1000, 1000)
    open(CONSOLE, "w", encoding="utf-8").close()
    began = time.monotonic()
    process = root.start(CONSOLE, "/home/worker/Desktop/indusmind", user="1000:1000", env={"HOME": "/home/worker"})
    plant = Appliance("http://127.0.0.1:8080")
    serving(plant)
    meter = first_value(plant, CONSOLE)
    seconds = time.monotonic() - began
    must(os.path.exists(f"{desk}/indusmind-data/indusmind.redb"), "the data does not lie beside the file")
    must(os.stat(f"{desk}/indusmind-data").st_mode & 0o77 == 0, "others may read the data beside the file")
    must(os.listdir(inside("/home/worker")) == ["Desktop"], "something was written elsewhere in the home")
    end(process)
    meter.terminate()
    fact(f"portable: from the double click to the first live value {seconds:.1f} s (of 300), data beside the file")


prove(DEB)
purge_package()
prove(INSTALLER)
purge_installer()
prove_portable()

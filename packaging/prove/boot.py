"""boot.py ROOT FOLDER CUTS [SEED]: the package on a booted Debian: the unit is verified, the appliance
comes back from a hang and a kill, and the power is taken CUTS times while readings and settings arrive,
and while versions change. What was answered must be there afterwards. Called by prove-boot.sh."""

import contextlib
import io
import os
import random
import shutil
import subprocess
import sys
import threading
import time

from ledger import Ledger
from machine import Machine, run
from plant import Appliance, fact, must, said, stop, until

tree, folder, cuts = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
machine = Machine(folder)
plant = Appliance("http://127.0.0.1:8443")
# The worst that `systemd-analyze security` may say of the unit; 10 is without any protection.
EXPOSURE_MAX = 2.0
# A trial that takes seconds, so that many fit into a proof.
QUICK = """[Service]
ExecStart=
ExecStart=/usr/lib/indusmind/launcher start --home /var/lib/indusmind --healthy-seconds 4 -- \\
  run --config /etc/indusmind/config.toml
"""


ledger = Ledger(plant)


def pid(of):
    return machine.inside("systemctl", "show", "-P", of, "indusmind").strip()


def children_of(process):
    """The processes that one started; none when it is gone."""
    code, told = machine.inside("cat", f"/proc/{process}/task/{process}/children", ok=False)
    return told.split() if code == 0 else []


def serving(seconds=90):
    began = time.monotonic()
    until("the page answers", plant.serves, seconds, machine.journal)
    return time.monotonic() - began


def stage():
    """A disk with the root, the package, and two versions that install themselves."""
    shutil.copytree(f"{tree}/tmp/", f"{tree}/prove", dirs_exist_ok=True)
    os.makedirs(f"{tree}/etc/systemd/system/indusmind.service.d", exist_ok=True)
    for unit in ("systemd-timesyncd.service", "apt-daily.timer", "apt-daily-upgrade.timer"):
        run("chroot", tree, "systemctl", "mask", unit)
    durable = f"{folder}/durable"
    with open(durable, "wb") as file:
        file.truncate(1600 << 20)
    run("mkfs.ext4", "-q", "-F", "-d", tree, durable)


def prove_unit():
    machine.inside("dpkg", "-i", "/prove/indusmind.deb")
    must(machine.inside("systemctl", "is-active", "indusmind").strip() == "active", "the service does not run")
    must(machine.inside("systemctl", "is-enabled", "indusmind").strip() == "enabled", "it would not start at boot")
    complaints = machine.inside("systemd-analyze", "verify", "indusmind.service").strip()
    must(complaints == "", f"systemd complains of the unit: {complaints}")
    told = machine.inside("systemd-analyze", "security", "indusmind.service", "--no-pager")
    line = next(line for line in told.splitlines() if "Overall exposure" in line)
    exposure = float(line.split(":")[1].split()[0])
    must(exposure <= EXPOSURE_MAX, f"the unit is exposed: {exposure} of at most {EXPOSURE_MAX}")
    before = pid("MainPID")
    machine.inside("dpkg", "-i", "/prove/indusmind.deb")
    must(pid("MainPID") == before, "the same package again started the service anew")
    fact(f"the unit: verified, exposure {exposure} of 10; the same package again disturbs nothing")


def set_up():
    serving()
    journal = f"{folder}/journal"
    with open(journal, "w", encoding="utf-8") as file:
        file.write(machine.journal())
    plant.set_up(said(journal, r"Set-up token: (\S+)"))
    ledger.meter = plant.add_meter("Pushed meter")


def prove_share():
    """A share that is mounted when the service starts takes a backup, and a log file has its folder."""
    machine.inside("sh", "-c", "mkdir -p /mnt/share && mount -t tmpfs -o mode=777 none /mnt/share && "
                   "sed -i '1i log_file = \"/var/log/indusmind/indusmind.log\"' /etc/indusmind/config.toml && "
                   "systemctl restart indusmind")
    serving()
    must(plant.sign_in() == 200, "nobody can sign in")
    settings = {"folder": "/mnt/share", "at": None, "days": [1], "encrypt": False,
                "keep": {"daily": 1, "weekly": 0, "monthly": 0}}
    status, data = plant.ask("PUT", "/api/backups/settings", {"settings": settings})
    must(status == 200, f"the share is refused: {status} {data}")
    status, data = plant.ask("POST", "/api/backups", {})
    must(status == 202, f"no backup is made: {status} {data}")
    until("a good backup lies on the share", lambda: plant.ask("GET", "/api/backups")[1].get("last_good"), 60)
    plant.ask("PUT", "/api/backups/settings", {"settings": {**settings, "folder": None}})
    must(machine.inside("wc", "-l", "/var/log/indusmind/indusmind.log").split()[0] != "0", "the log file stays empty")
    machine.inside("umount", "/mnt/share")
    fact("a share that was mounted before the service took a backup; a log file is written")


def prove_healing():
    for what, whom, signal, seconds in (
        ("killed", "appliance", "KILL", 30),
        ("hanging", "appliance", "STOP", 60),
        ("killed", "launcher", "KILL", 30),
        ("hanging", "launcher", "STOP", 120),
    ):
        until("the service is up", lambda: machine.inside(
            "systemctl", "is-active", "indusmind", ok=False)[1].strip() == "active", 60)
        launcher = pid("MainPID")
        target = launcher if whom == "launcher" else children_of(launcher)[0]
        machine.inside("bash", "-c", f"kill -{signal} {target}")
        began = time.monotonic()

        def is_anew():
            now = pid("MainPID")
            children = children_of(now)
            return children and target not in (now, *children) and plant.serves()

        until(f"the {whom}, {what}, is back", is_anew, seconds, machine.journal)
        fact(f"the {whom}, {what}: serves again after {time.monotonic() - began:.1f} s")


def prove_hung_start():
    """A launcher that hangs before it ever was ready."""
    before = pid("MainPID")
    machine.inside("systemctl", "restart", "--no-block", "indusmind")
    until("the launcher is started anew", lambda: pid("MainPID") not in (before, "0", ""), 30)
    target = pid("MainPID")
    machine.inside("bash", "-c", f"kill -STOP {target}")
    began = time.monotonic()
    until("the launcher that hung at its start is back",
          lambda: pid("MainPID") not in (target, "0") and plant.serves(), 200, machine.journal)
    fact(f"the launcher, hanging while it starts: serves again after {time.monotonic() - began:.1f} s")


def prove_removal():
    machine.inside("apt-get", "remove", "-y", "-q", "indusmind")
    must(not plant.serves(), "it serves although it was taken away")
    must(machine.inside("find", "/proc", "-maxdepth", "1", "-name", "[0-9]*", "-user", "indusmind").strip() == "", "a process is left")
    state = machine.inside("systemctl", "show", "-P", "LoadState", "indusmind").strip()
    must(state == "not-found", f"systemd still knows the service: {state}")
    machine.inside("dpkg", "-i", "/prove/indusmind.deb")
    serving()
    must(plant.sign_in() == 200 and not ledger.missing(), "the data did not come back")
    fact("taken away, no process and no unit is left; installed again it serves the same data")


def one_cut(number, chance):
    """One life of the machine, ended by the power."""
    told = threading.Event()
    writer = threading.Thread(target=ledger.write, args=(told,))
    writer.start()
    doing = "readings and settings arrive"
    if number % 3 == 2:
        # An update on its way: each installer is another version than what runs, in turn.
        doing = "a version changes"
        name = ("newer", "indusmind")[number // 3 % 2] + "-installer"
        thread = threading.Thread(target=lambda: machine.inside(f"/prove/{name}", "install", ok=False))
        thread.start()
        time.sleep(chance.uniform(0.0, 14.0))
    else:
        time.sleep(chance.uniform(0.1, 5.0))
    told.set()
    became = machine.cut_power(chance.getrandbits(32))
    writer.join()
    boot = machine.power_on()
    seconds = serving(180)
    status = until("somebody can sign in", lambda: plant.sign_in() == 200, 60, machine.journal)
    must(status, "nobody can sign in")
    return doing, became, boot, seconds


def prove_cuts(chance):
    versions = 0
    for number in range(cuts):
        doing, became, boot, seconds = one_cut(number, chance)
        lost = ledger.missing()
        must(not lost, f"cut {number + 1}, while {doing} ({became}): lost {lost[:5]} of {len(lost)}, seed {seed}")
        fact(f"cut {number + 1}: {doing}; {became}; booted in {boot:.1f} s, page {seconds:.1f} s later")
        versions += doing == "a version changes"
    until("no update is left half done", lambda: plant.ask("GET", "/api/update")[1].get("on_trial") is not True, 120)
    status, verdict = plant.ask("GET", "/api/audit/verify")
    must(status == 200 and verdict.get("intact", verdict.get("ok", True)), f"the audit log: {status} {verdict}")
    fact(f"{cuts} power cuts, {versions} of them while a version changed: {len(ledger.seconds)} readings and "
         f"{len(ledger.names)} settings were answered, none is missing; seed {seed}")


def prove_proof(chance):
    """A disk that lies about flushes must be noticed, or the proof proves nothing."""
    for _ in range(8):
        machine.tell_disk("lie")
        told = threading.Event()
        writer = threading.Thread(target=ledger.write, args=(told,))
        writer.start()
        time.sleep(4)
        told.set()
        machine.cut_power(chance.getrandbits(32))
        writer.join()
        try:
            # What stops it here is what is wanted, and no word for who reads the proof.
            with contextlib.redirect_stderr(io.StringIO()):
                machine.power_on()
                serving(40)
                noticed = plant.sign_in() != 200 or ledger.missing()
        except SystemExit:
            noticed = True
        if noticed:
            fact("control: a disk that lies about flushes is noticed")
            return
    stop("a disk that lies about flushes was not noticed: this proof proves nothing")


try:
    stage()
    fact(f"booted in {machine.power_on():.1f} s")
    prove_unit()
    set_up()
    prove_share()
    if "heal" not in os.environ.get("PROVE_WITHOUT", ""):
        prove_healing()
        prove_hung_start()
    prove_removal()
    machine.inside("sh", "-c", "mkdir -p /etc/systemd/system/indusmind.service.d && cat >"
                   f"/etc/systemd/system/indusmind.service.d/quick.conf <<'Q'\n{QUICK}Q\n"
                   "systemctl daemon-reload && systemctl restart indusmind && sync")
    serving()
    must(plant.sign_in() == 200, "nobody can sign in")
    the_chance = random.Random(seed)
    prove_cuts(the_chance)
    machine.power_off()
    machine.power_on()
    serving()
    fact("switched off as by a person and on again: it serves")
    prove_proof(the_chance)
finally:
    machine.close()

"""qemu.py ROOT FOLDER CUTS [SEED]: a whole machine with its own kernel installs the package and serves,
and its power is taken CUTS times while readings and settings arrive. Without KVM the processor is
emulated: it works everywhere, and is slow. Called by prove-qemu.sh."""

import glob
import os
import random
import shutil
import subprocess
import sys
import threading
import time

from ledger import Ledger
from plant import Appliance, fact, must, said, stop, until

tree, folder, cuts = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
PORT = 8443
plant = Appliance(f"https://127.0.0.1:{PORT}")
ledger = Ledger(plant)
# An emulated processor takes minutes to boot.
PATIENCE_S = 900
NETWORK = "[Match]\nName=e*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"
# Installed by the machine itself, with its service manager, when it boots for the first time.
FIRST_BOOT = """[Unit]
ConditionPathExists=!/root/installed
[Service]
Type=oneshot
TimeoutStartSec=900
ExecStart=/bin/sh -c 'dpkg -i /root/indusmind.deb && touch /root/installed && sync'
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=multi-user.target
"""


class Machine:
    """A processor of its own, on `disk.py`."""

    def __init__(self):
        self.disk = self.processor = None
        self.console = f"{folder}/console"
        os.makedirs(f"{folder}/seen", exist_ok=True)

    def power_on(self):
        """Boots on what the last cut left; seconds until the page answers."""
        began = time.monotonic()
        shutil.copyfile(f"{folder}/durable", f"{folder}/current")
        self.disk = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(os.path.dirname(__file__), "disk.py"), folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        until("the disk", lambda: os.path.exists(f"{folder}/seen/disk"), 20)
        self.processor = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
             "-kernel", f"{folder}/kernel", "-initrd", f"{folder}/initrd",
             "-append", "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=false",
             "-drive", f"file={folder}/seen/disk,format=raw,if=virtio,cache=writeback",
             "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{PORT}-:8443", "-device", "virtio-net-pci,netdev=net",
             "-serial", f"file:{self.console}", "-monitor", "none", "-display", "none", "-no-reboot"],
            stdin=subprocess.DEVNULL,
        )
        until("the page answers", self._serves, PATIENCE_S, self._told)
        return time.monotonic() - began

    def _serves(self):
        must(self.processor.poll() is None, f"qemu ended: {self._told()}")
        return plant.serves()

    def _told(self):
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def cut_power(self, number):
        """Takes the power at this instant; what became of the last writes."""
        self.disk.stdin.write(f"cut {number}\n")
        self.disk.stdin.flush()
        became = self.disk.stdout.readline().strip()
        self.processor.kill()
        self.processor.wait()
        until("the disk is let go", lambda: subprocess.run(
            ["umount", f"{folder}/seen"], stderr=subprocess.DEVNULL, check=False).returncode == 0, 30)
        self.disk.stdin.close()
        self.disk.wait(20)
        self.disk = self.processor = None
        return became

    def close(self):
        if self.processor is not None:
            self.cut_power(0)


def stage():
    """A disk with the root, that installs the package when it boots."""
    for source, name in (("vmlinuz", "kernel"), ("initrd.img", "initrd")):
        shutil.copyfile(glob.glob(f"{tree}/boot/{source}-*")[0], f"{folder}/{name}")
    with open(f"{tree}/etc/systemd/network/10-all.network", "w", encoding="utf-8") as file:
        file.write(NETWORK)
    with open(f"{tree}/etc/systemd/system/first-boot.service", "w", encoding="utf-8") as file:
        file.write(FIRST_BOOT)
    masked = ["systemd-timesyncd.service", "systemd-networkd-wait-online.service",
              "apt-daily.timer", "apt-daily-upgrade.timer"]
    for command in (["mask", *masked], ["enable", "systemd-networkd", "first-boot.service"]):
        subprocess.run(["chroot", tree, "systemctl", *command], check=True, capture_output=True)
    with open(f"{folder}/durable", "wb") as file:
        file.truncate(1600 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", tree, f"{folder}/durable"], check=True)


machine = Machine()
try:
    stage()
    fact(f"booted, installed the package, and served its page after {machine.power_on():.0f} s")
    token = until("the token of the first start", lambda: said(machine.console, r"setup#token=(\S+)"), 60)
    plant.set_up(token)
    ledger.meter = plant.add_meter("Pushed meter")
    chance = random.Random(seed)
    for cut in range(cuts):
        over = threading.Event()
        writer = threading.Thread(target=ledger.write, args=(over,))
        writer.start()
        time.sleep(chance.uniform(3.0, 20.0))
        over.set()
        became = machine.cut_power(chance.getrandbits(32))
        writer.join()
        seconds = machine.power_on()
        until("somebody can sign in", lambda: plant.sign_in() == 200, 120)
        lost = ledger.missing()
        must(not lost, f"cut {cut + 1} ({became}): lost {lost[:5]} of {len(lost)}, seed {seed}")
        fact(f"cut {cut + 1}: {became}; page after {seconds:.0f} s")
    status, verdict = plant.ask("GET", "/api/audit/verify")
    if status != 200 or not verdict.get("intact"):
        stop(f"the audit log: {status} {verdict}")
    fact(f"{cuts} power cuts under qemu: {len(ledger.seconds)} readings and {len(ledger.names)} settings were "
         f"answered, none is missing; seed {seed}")
finally:
    machine.close()

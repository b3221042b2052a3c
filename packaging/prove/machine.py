"""A booted Debian on a disk that can lose its power: a container with its own systemd, its root on a
file system of its own on `disk.py`."""

import os
import shutil
import signal
import subprocess
import time

from plant import fact, must, stop, until


class Machine:
    def __init__(self, folder):
        self.folder, self.root = folder, f"{folder}/root"
        self.disk = self.loop = self.container = self.leader = None
        self.is_mounted = False
        for name in ("seen", "root"):
            os.makedirs(f"{folder}/{name}", exist_ok=True)

    def power_on(self):
        """Mounts the root as the last power cut left it, and boots; seconds until systemd is done."""
        began = time.monotonic()
        shutil.copyfile(f"{self.folder}/durable", f"{self.folder}/current")
        # Debian's Python has the module that Debian's package brings.
        self.disk = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(os.path.dirname(__file__), "disk.py"), self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        until("the disk", lambda: os.path.exists(f"{self.folder}/seen/disk"), 20)
        self.loop = run("losetup", "--show", "--find", f"{self.folder}/seen/disk").strip()
        run("mount", "-t", "ext4", self.loop, self.root)
        self.is_mounted = True
        with open(f"{self.folder}/console", "ab") as console:
            self.container = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--directory", self.root],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            )
        until("systemd is done", self._is_up, 120, lambda: self.inside("systemctl", "list-jobs", ok=False)[1])
        return time.monotonic() - began

    def _is_up(self):
        # Asked anew each time: the first child of the container makes the one that stays, and goes.
        self.leader = until("the machine boots", self._leader, 60)
        return self.inside("systemctl", "is-system-running", ok=False)[1].strip() in ("running", "degraded")

    def _leader(self):
        done = subprocess.run(["pgrep", "-P", str(self.container.pid)], capture_output=True, text=True, check=False)
        must(self.container.poll() is None, "the container ended; its console is in " + self.folder)
        return done.stdout.split()[0] if done.stdout.split() else None

    def inside(self, *command, ok=True, wait=300):
        done = subprocess.run(
            ["nsenter", "--all", "--target", self.leader, "/usr/bin/env", "-i",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=wait,
        )
        if ok and done.returncode != 0:
            stop(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{self.journal()}")
        return done.stdout if ok else (done.returncode, done.stdout)

    def journal(self):
        return self.inside("journalctl", "-u", "indusmind", "-b", "-n", "30", "--no-pager", ok=False)[1]

    def tell_disk(self, words):
        self.disk.stdin.write(words + "\n")
        self.disk.stdin.flush()
        return self.disk.stdout.readline().strip()

    def cut_power(self, seed):
        """Takes the power at this instant; what became of the last writes."""
        became = self.tell_disk(f"cut {seed}")
        self._take_away()
        return became

    def power_off(self):
        """Ends the machine as a person does; all is on the disk."""
        self.inside("systemctl", "poweroff", ok=False)
        try:
            self.container.wait(60)
        except subprocess.TimeoutExpired:
            stop("the machine did not go off within 60 s")
        run("sync", "--file-system", self.root)
        self._take_away()

    def _take_away(self):
        # Of a disk that lied not even the root may be there, nor a machine on it.
        if self.leader is not None:
            try:
                os.kill(int(self.leader), signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.container is not None:
            self.container.wait(30)
        for is_there, command in (
            (self.is_mounted, ["umount", self.root]),
            (self.loop is not None, ["losetup", "--detach", self.loop]),
            (True, ["umount", f"{self.folder}/seen"]),
        ):
            if is_there:
                until(" ".join(command), lambda done=command: subprocess.run(
                    done, stderr=subprocess.DEVNULL, check=False).returncode == 0, 30)
        self.disk.stdin.close()
        self.disk.wait(20)
        self.disk = self.loop = self.container = self.leader = None
        self.is_mounted = False

    def close(self):
        if self.disk is not None:
            try:
                self.cut_power(0)
            except (OSError, SystemExit, subprocess.SubprocessError) as error:
                fact(f"the machine was not taken away: {error}")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    must(done.returncode == 0, f"{' '.join(command)}: {done.stderr}")
    return done.stdout

"""What the proofs of the installation share: an appliance as a program outside sees it, a root to
install in, and words for what was seen."""

import json
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

OWNER = {"email": "owner@plant.example", "name": "Owner", "password": "Night-shift-2026"}
SITE = {"name": "Sfax works", "time_zone": "Africa/Tunis", "currency": "TND"}


def fact(sentence):
    print(f"   {sentence}", flush=True)


def stop(sentence):
    print(f"\nSTOPPED: {sentence}", file=sys.stderr, flush=True)
    sys.exit(1)


def must(holds, sentence):
    if not holds:
        stop(sentence)


def until(what, found, seconds, also=lambda: ""):
    """What `found` gives once it gives something; `also` tells more when it never does."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    return stop(f"{what}: not within {seconds} s. {also()}")


class Appliance:
    """The API at an address; every answer is (status, data)."""

    def __init__(self, address):
        self.address = address
        self.token = None
        # The authority of a machine that was just installed is known to nobody yet.
        self.trust = ssl._create_unverified_context()

    def ask(self, method, path, body=None, raw=None, token=None, wait=60):
        headers = {"Content-Type": "application/octet-stream" if raw is not None else "application/json"}
        if token or self.token:
            headers["Authorization"] = token or f"Bearer {self.token}"
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        # No proxy of the environment: what is asked is on this machine.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.trust)
        )
        try:
            with opener.open(request, timeout=wait) as answer:
                text = answer.read()
                return answer.status, self._data(text)
        except urllib.error.HTTPError as refused:
            return refused.code, self._data(refused.read())
        except OSError:
            return 0, None

    @staticmethod
    def _data(text):
        try:
            whole = json.loads(text)
        except ValueError:
            return text.decode(errors="replace")
        return whole.get("data", whole) if isinstance(whole, dict) else whole

    def serves(self):
        return self.ask("GET", "/health", wait=5)[0] == 200

    def set_up(self, token):
        status, data = self.ask(
            "POST", "/api/setup", {"token": token, "site": SITE, "administrator": OWNER}
        )
        must(status in (200, 201), f"the set-up was refused: {status} {data}")
        self.sign_in()

    def sign_in(self):
        self.token = None
        who = {"email": OWNER["email"], "password": OWNER["password"]}
        status, data = self.ask("POST", "/api/auth/login", who)
        if status == 200:
            self.token = data["token"]
        return status

    def add_meter(self, name, modbus=None):
        what = {"name": name, "type": "Energy meter", "model": "SDM630", "install_date": "2024-05-01"}
        status, data = self.ask("POST", "/api/equipment", what | ({"modbus": modbus} if modbus else {}))
        must(status in (200, 201), f"the meter was refused: {status} {data}")
        return data["id"]

    def names(self):
        status, data = self.ask("GET", "/api/equipment")
        must(status == 200, f"the equipment cannot be listed: {status} {data}")
        items = data.get("items", data) if isinstance(data, dict) else data
        return sorted(item["name"] for item in items)


def said(path, pattern):
    """The first group of a pattern in a file of output, or nothing."""
    with open(path, encoding="utf-8", errors="replace") as file:
        found = re.search(pattern, file.read())
    return found and found[1]


def tail(path, lines=30):
    with open(path, encoding="utf-8", errors="replace") as file:
        return "".join(file.readlines()[-lines:])


class Root:
    """A Debian root that commands run in."""

    def __init__(self, path):
        self.path = path

    def run(self, *command, ok=True, user=None, env=None):
        change = ["chroot"] + ([f"--userspec={user}"] if user else []) + [self.path]
        clean = ["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]
        clean += [f"{name}={value}" for name, value in (env or {}).items()]
        done = subprocess.run(
            change + clean + list(command), stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )
        if ok and done.returncode != 0:
            stop(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout if ok else (done.returncode, done.stdout)

    def start(self, console, *command, user="indusmind:indusmind", env=None, prefix=()):
        change = [*prefix, "chroot", f"--userspec={user}", self.path, "/usr/bin/env", "-i"]
        change += ["PATH=/usr/bin:/bin"] + [f"{name}={value}" for name, value in (env or {}).items()]
        with open(console, "ab") as out:
            return subprocess.Popen(
                change + list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

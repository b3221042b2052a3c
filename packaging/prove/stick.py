"""stick.py ROOT BINARY LAUNCHER BROWSER [PICTURES]: the whole way of an update in a Debian root, with a build for tests
(a release believes no throw-away key): installed, updated by a stick, a bad version undone with what was
measured meanwhile kept and told on the pages that are open, one that hangs while it looks at the data refused
in time, a bundle of a stranger and a changed one refused, and taken away."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import time

from plant import OWNER, Appliance, Root, fact, must, said, tail, until

root = Root(sys.argv[1])
binary, launcher_file, browser = sys.argv[2:5]
pictures = sys.argv[5:6]
HOME, PORT = "/var/lib/indusmind", 18443
CONSOLE = f"{root.path}/tmp/console"
STICK = f"{root.path}/media/stick"
plant = Appliance(f"http://127.0.0.1:{PORT}")


def bundle(key, version, *more):
    """A bundle on the stick; its path there."""
    os.makedirs(STICK, exist_ok=True)
    subprocess.run([binary, "bundle", "make", "--key", key, "--version", version, "--out", STICK, *more],
                   check=True, stdout=subprocess.DEVNULL)
    return f"/media/stick/indusmind-{version}.imu"


def new_key(name):
    path = f"{root.path}/tmp/{name}.key"
    made = subprocess.run([binary, "bundle", "key", "--out", path], check=True, stdout=subprocess.PIPE, text=True)
    return path, made.stdout.strip().splitlines()[-1]


def standing():
    status, data = plant.ask("GET", "/api/update", wait=5)
    if status == 401:
        # The session was of the version that is gone.
        plant.sign_in()
    return data if status == 200 and isinstance(data, dict) else {}


def last():
    return standing().get("last") or {}


def update_by_stick(path):
    found = [one["path"] for one in standing()["sticks"]]
    must(path in found, f"the stick is not found: {found}")
    status, data = plant.ask("POST", "/api/update/check", {"path": path})
    must(status == 200, f"the bundle is refused: {status} {data}")
    status, said_of = plant.ask("POST", "/api/update/install", {"manifest_hash": data["manifest_hash"]})
    must(status in (200, 202), f"it is not installed: {status} {said_of}")
    until("the appliance goes down for it", lambda: not plant.serves(), 60)
    until("the new version is on trial", plant.serves, 180, lambda: tail(CONSOLE))
    must(plant.sign_in() == 200, "nobody can sign in during the trial")


def refused(path, why):
    status, data = plant.ask("POST", "/api/update/check", {"path": path})
    must(status in (400, 409, 422), f"{why} was taken: {status} {data}")
    left = os.listdir(f"{root.path}{HOME}/staging") if os.path.isdir(f"{root.path}{HOME}/staging") else []
    must(not left, f"{why} left something in staging: {left}")
    fact(f"refused, {why}: {data.get('error', data) if isinstance(data, dict) else data}")


class Watchers:
    """People in front of open pages, and what those pages say while versions come and go."""

    def __init__(self):
        self.file = f"{root.path}/tmp/watched"
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "watch.mjs")
        with open(self.file, "wb") as out:
            self.process = subprocess.Popen(
                ["node", script, plant.address, OWNER["email"], OWNER["password"], browser, *pictures],
                stdin=subprocess.PIPE, stdout=out, stderr=out)
        atexit.register(self.process.terminate)
        until("the pages are open", lambda: self.said("all"), 120, lambda: tail(self.file))

    def said(self, who):
        with open(self.file, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.startswith("{") and line.endswith("}\n")]
        return [line["says"] for line in lines if line["who"] == who]

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


def hanging_check(key):
    """A version that never comes to an end with its look at the data, and does nothing meanwhile."""
    bad = f"{root.path}/tmp/hanging"
    with open(bad, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexec sleep 3600\n")
    os.chmod(bad, 0o755)
    path = bundle(key, "0.9.2", "--binary", bad)
    status, data = plant.ask("POST", "/api/update/check", {"path": path})
    must(status == 200, f"the bundle is refused: {status} {data}")
    began = time.monotonic()
    status, data = plant.ask("POST", "/api/update/install", {"manifest_hash": data["manifest_hash"]})
    must(status in (200, 202), f"it is not installed: {status} {data}")
    until("the version that hangs is refused", lambda: last().get("result") == "refused", 120, lambda: tail(CONSOLE))
    fact(f"a version that hangs while it looks at the data was refused after {time.monotonic() - began:.0f} s: {last().get('why')}")


def main():
    key, public = new_key("maker")
    stranger, _ = new_key("stranger")
    tmp = f"{root.path}/tmp"
    shutil.copy(binary, f"{tmp}/indusmind")
    shutil.copy(launcher_file, f"{tmp}/indusmind-launcher")
    root.run("/tmp/indusmind", "install")
    for folder in ("media", "media/stick"):
        os.makedirs(f"{root.path}/{folder}", exist_ok=True)
    process = root.start(
        CONSOLE, "/usr/lib/indusmind/launcher", "start", "--healthy-seconds", "10", "--unwell-seconds", "25",
        "--", "run", "--config", "/etc/indusmind/config.toml",
        env={"INDUSMIND_LISTEN": f"127.0.0.1:{PORT}", "INDUSMIND_UPDATE_TEST_KEY": public})
    # Also when this proof stops half-way.
    atexit.register(process.terminate)
    until("the page answers", plant.serves, 120, lambda: tail(CONSOLE))
    plant.set_up(until("a token", lambda: said(CONSOLE, r"Set-up token: (\S+)"), 30))
    meter = plant.add_meter("Main meter")

    began = time.monotonic()
    update_by_stick(bundle(key, "0.9.0"))
    status, _ = plant.ask("POST", "/api/equipment", {"name": "x", "type": "M", "model": "M",
                                                     "install_date": "2024-05-01"})
    must(status in (409, 423, 503), f"a change was taken during the trial: {status}")
    until("the version is kept", lambda: last().get("result") == "committed" and not standing().get("on_trial"), 120,
          lambda: tail(CONSOLE))
    fact(f"a stick brought a version: kept after {time.monotonic() - began:.0f} s; a change during the trial was refused")

    before = os.stat(f"{root.path}{HOME}/data/1/indusmind.redb")
    must(before.st_blocks * 512 <= before.st_size, "the version before holds a reserve beside that of the new one")

    # It serves, and never says that it is ready.
    bad = f"{tmp}/bad"
    with open(bad, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nunset NOTIFY_SOCKET\nexec /tmp/indusmind \"$@\"\n")
    os.chmod(bad, 0o755)
    pages = Watchers()
    began = time.monotonic()
    update_by_stick(bundle(key, "0.9.1", "--binary", bad))
    line = f"m,equipment_id={meter} flow=77 {int(time.time() * 1000)}"
    status, data = plant.ask("POST", "/api/v2/write?precision=ms", raw=line.encode())
    must(status == 204, f"a reading during the trial: {status} {data}")
    until("the bad version is undone", lambda: last().get("result") == "rolled_back", 120, lambda: tail(CONSOLE))
    seconds = time.monotonic() - began
    must(seconds < 120, f"it took {seconds:.0f} s to go back")
    must(plant.sign_in() == 200, "nobody can sign in on the version before")
    live = plant.ask("GET", f"/api/equipment/{meter}/live")[1]
    must("77" in json.dumps(live), f"what was measured during the trial is lost: {live}")
    fact(f"a bad version was undone after {seconds:.0f} s, with what was measured meanwhile: {last().get('why')}")
    until("the page says what became of it", lambda: "0.9.1" in pages.said("update")[-1], 60,
          lambda: tail(pages.file))
    pages.end()
    seen = pages.said("dashboard")
    must(any("has been updating" in says for says in seen), f"no banner of the update: {seen}")
    must(not any("No connection" in says for says in seen), f"the banner said that the appliance is lost: {seen}")
    fact(f"open pages said so: {pages.said('update')[-1]}")
    hanging_check(key)

    refused(bundle(stranger, "0.9.4"), "signed by a stranger")
    good = bundle(key, "0.9.3")
    with open(root.path + good, "r+b") as file:
        file.seek(-1000, os.SEEK_END)
        byte = file.read(1)
        file.seek(-1000, os.SEEK_END)
        file.write(bytes([byte[0] ^ 1]))
    refused(good, "one bit of its binary changed")
    refused(bundle(key, "0.0.1"), "older than what was here")
    must(plant.ask("GET", "/api/audit/verify")[0] == 200, "the audit log is not sound")

    process.terminate()
    process.wait(30)
    word = root.run("indusmind", "uninstall")
    must(HOME in word and not os.path.exists(f"{root.path}/usr/bin/indusmind"), "it was not taken away")
    must(os.path.isdir(f"{root.path}{HOME}/data"), "the data is gone")
    fact("taken away; the data stays")


main()

"""restore.py BINARY FOLDER MB: fills an appliance with readings and documents, MB of them, then measures how
long a backup of it takes, its proof, its drill, and the way back on a machine that has nothing. What was
there is compared with what is there again. Called by prove-restore.sh."""

import atexit
import hashlib
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request

from plant import Appliance, fact, must, said, stop, tail, until

binary, folder, wanted_mb = sys.argv[1], sys.argv[2], int(sys.argv[3])
MB = 1 << 20
# A tenth is readings, of about eight bytes each because nothing repeats; the others are documents.
READINGS = wanted_mb * MB // 10 // 8
METERS, DOCUMENT_MB = 20, 16
# 10 GB in 15 minutes, as promised.
SECONDS_MAX = max(30.0, wanted_mb * 900 / 10240)
LIMITS = "[limits]\nupload_per_minute = 100000\napi_per_minute = 100000\napi_burst = 100000\n"
STEP_S, FIRST_S = 1, 1_790_000_000
chance = random.Random(9)


def path(name):
    return os.path.join(folder, name)


def run(*words, given=None):
    """A command of the binary; the seconds it took, and what it said."""
    began = time.monotonic()
    done = subprocess.run([binary, *words], input=given, capture_output=True, check=False)
    told = (done.stdout + done.stderr).decode(errors="replace")
    must(done.returncode == 0, f"indusmind {' '.join(words)} ended with {done.returncode}:\n{told[-2000:]}")
    return time.monotonic() - began, told


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def start(data):
    port = free_port()
    with open(path("console"), "wb") as out:
        process = subprocess.Popen(
            [binary, "--config", path("config.toml"), "--data-dir", data, "--listen", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    # Also when this proof stops half-way.
    atexit.register(process.kill)
    plant = Appliance(f"http://127.0.0.1:{port}")
    until("the page answers", plant.serves, 120, lambda: tail(path("console")))
    return process, plant


def end(process):
    process.terminate()
    must(process.wait(60) == 0, f"it did not stop in order:\n{tail(path('console'))}")


def document(plant, meter, number):
    """One that nothing makes smaller."""
    content = b"%PDF-1.4\n" + chance.randbytes(DOCUMENT_MB * MB) + b"\n%%EOF\n"
    line = b"--a-line-of-the-form"
    form = (line + b'\r\nContent-Disposition: form-data; name="file"; filename="plan-%d.pdf"\r\n' % number
            + b"Content-Type: application/pdf\r\n\r\n" + content + b"\r\n" + line + b"--\r\n")
    request = urllib.request.Request(
        f"{plant.address}/api/equipment/{meter}/documents", form,
        {"Authorization": f"Bearer {plant.token}",
         "Content-Type": "multipart/form-data; boundary=" + line[2:].decode()})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as answer:
        must(answer.status == 201, f"a document was refused: {answer.status}")
    return hashlib.sha256(content).hexdigest()


def readings(meters, to):
    """Readings of all meters, second after second, as line protocol."""
    rows = READINGS // METERS
    values = [f"{chance.uniform(0, 400):.3f}" for _ in range(100_003)]
    with open(to, "w", encoding="ascii", buffering=MB) as out:
        for number, meter in enumerate(meters):
            head = f"m,equipment_id={meter} power="
            shift = number * 7919
            for begin in range(0, rows, 100_000):
                out.write("".join(
                    f"{head}{values[(row + shift) % 100_003]} {FIRST_S + row * STEP_S}\n"
                    for row in range(begin, min(begin + 100_000, rows))))


def bytes_in(top):
    sizes = (os.path.getsize(os.path.join(place, name)) for place, _, names in os.walk(top) for name in names)
    return sum(sizes)


def documents_of(plant, meters):
    """The hash of every document that the appliance gives back."""
    found = {}
    for meter in meters:
        status, listed = plant.ask("GET", f"/api/equipment/{meter}/documents")
        must(status == 200, f"the documents cannot be listed: {status} {listed}")
        for one in listed.get("items", listed) if isinstance(listed, dict) else listed:
            request = urllib.request.Request(
                f"{plant.address}/api/equipment/{meter}/documents/{one['id']}",
                headers={"Authorization": f"Bearer {plant.token}"})
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=120) as answer:
                found[one["name"]] = hashlib.sha256(answer.read()).hexdigest()
    return found


def series_of(plant, meters):
    """What the day in the middle says of every meter."""
    middle = FIRST_S + READINGS // METERS // 2
    span = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second)) for second in (middle - 900, middle + 900)]
    told = []
    for meter in meters:
        status, data = plant.ask(
            "GET", f"/api/historical/consumption?resolution=raw&meter_id={meter}&metric=power"
            f"&from={span[0]}&to={span[1]}")
        must(status == 200, f"the readings cannot be read: {status} {data}")
        told.append([point.get("value") for point in data["series"]])
    must(all(len(values) > 1000 for values in told), f"too few readings: {[len(values) for values in told]}")
    return told


def furnish():
    """An appliance with all of it; what it says of itself."""
    with open(path("config.toml"), "w", encoding="utf-8") as file:
        file.write(LIMITS)
    process, plant = start(path("data"))
    plant.set_up(until("a set-up token", lambda: said(path("console"), r"Set-up token: (\S+)"), 30))
    meters = [plant.add_meter(f"Meter {number}") for number in range(METERS)]
    for number in range(max(1, wanted_mb * 9 // 10 // DOCUMENT_MB)):
        document(plant, meters[number % METERS], number)
    end(process)
    readings(meters, path("readings.lp"))
    seconds, _ = run("import", "--data-dir", path("data"), "--precision", "s", "--interval", "1s", path("readings.lp"))
    os.remove(path("readings.lp"))
    fact(f"{READINGS} readings were brought in after {seconds:.0f} s; "
         f"{bytes_in(path('data')) // MB} MB of data in all")
    process, plant = start(path("data"))
    plant.sign_in()
    there = (plant.names(), documents_of(plant, meters), series_of(plant, meters))
    end(process)
    return meters, there


meters, there = furnish()
os.makedirs(path("stick"))
seconds, _ = run("backup", "--data-dir", path("data"), "--to", path("stick"))
[backup] = [os.path.join(path("stick"), name) for name in os.listdir(path("stick"))]
size = bytes_in(backup)
must(size >= wanted_mb * MB * 3 // 4, f"the backup has {size // MB} MB only")
fact(f"a backup of {size // MB} MB: made and proven after {seconds:.1f} s")
seconds, _ = run("verify-backup", backup)
fact(f"proven once more: {seconds:.1f} s")
seconds, _ = run("drill", backup, "--scratch", folder)
fact(f"drill, every row read: {seconds:.1f} s")
seconds, _ = run("restore", backup, "--data-dir", path("new"))
began = time.monotonic()
process, plant = start(path("new"))
until("somebody can sign in", lambda: plant.sign_in() == 200, 30, lambda: tail(path("console")))
up = time.monotonic() - began
if (plant.names(), documents_of(plant, meters), series_of(plant, meters)) != there:
    stop("what was restored is not what was there")
end(process)
fact(f"restored on a machine that had nothing: {seconds:.1f} s, signed in {up:.1f} s after its start; all is there")
must(seconds + up < SECONDS_MAX, f"that is too long: {seconds + up:.0f} s of {SECONDS_MAX:.0f}")

"""damage.py DIST CASES [SEED]: data files that were damaged in CASES ways. Each must end in an appliance
that serves all that was stored, or in the rescue page with a reason and every way out; never in a loop
without a page, and never in a page that shows less than was stored. From the rescue page the data is
restored."""

import html
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from plant import Appliance, fact, must, said, stop, tail

dist, cases = os.path.abspath(sys.argv[1]), int(sys.argv[2])
seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
place = tempfile.mkdtemp(prefix="indusmind-damage-")
# Launchers at once: each mostly waits between its tries.
AT_ONCE = 10
# Five tries with pauses of 2, 4, 8 and 16 s, on a busy machine.
PATIENCE_S = 180
DATA = "data/1/indusmind.redb"


def launch(home, port, console):
    with open(console, "ab") as out:
        return subprocess.Popen(
            [f"{place}/good/usr/lib/indusmind/launcher", "start", "--home", home, "--",
             "run", "--listen", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def end(process):
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        return False
    return True


def free_port():
    import socket
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def make_good():
    """A home with a site, meters and readings."""
    subprocess.run([f"{dist}/indusmind", "install", "--root", f"{place}/good"], check=True,
                   stdout=subprocess.DEVNULL)
    home, port, console = f"{place}/good/var/lib/indusmind", free_port(), f"{place}/good.console"
    process = launch(home, port, console)
    plant = Appliance(f"http://127.0.0.1:{port}")
    wait_for(plant.serves, console)
    plant.set_up(wait_for(lambda: said(console, r"Set-up token: (\S+)"), console))
    for number in range(40):
        meter = plant.add_meter(f"meter {number}")
        lines = "".join(f"m,equipment_id={meter} flow={n}.5 {1_793_491_200_000 + n * 1000}\n" for n in range(200))
        must(plant.ask("POST", "/api/v2/write?precision=ms", raw=lines.encode())[0] == 204, "no reading was taken")
    must(end(process), "the appliance did not stop")
    return home


def wait_for(found, console, seconds=60):
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        value = found()
        if value:
            return value
        time.sleep(0.1)
    return stop(tail(console))


def damage(path, number, chance):
    """Damages the file; in which way."""
    size = os.path.getsize(path)
    way = number % 10
    with open(path, "r+b") as file:
        if way == 0:
            file.truncate(0)
            return "emptied"
        if way == 1:
            length = chance.randrange(1, size)
            file.truncate(length)
            return f"cut off at {length} of {size}"
        if way == 2:
            file.write(chance.randbytes(4096))
            return "its first page is noise"
        if way == 3:
            file.write(b"\0" * 512)
            return "its first sector is zero"
        if way == 4:
            file.write(b"This is a text file.\n" * (size // 21))
            return "text"
        if way == 5:
            for _ in range(200):
                file.seek(chance.randrange(size))
                file.write(chance.randbytes(1))
            return "200 bytes changed"
        if way == 6:
            for _ in range(chance.randrange(2, 30)):
                file.seek(chance.randrange(size // 4096) * 4096)
                file.write(b"\0" * 4096)
            return "pages are zero"
        if way == 7:
            file.seek(chance.randrange(size // 2))
            file.write(chance.randbytes(size // 2))
            return "half of it is noise"
        if way == 8:
            file.seek(64 + chance.randrange(320))
            file.write(chance.randbytes(8))
            return "a word of its head is changed"
    os.chmod(path, 0)
    os.rename(path, path + ".elsewhere")
    os.mkdir(path)
    return "a folder lies in its place"


def ask(port, path, body=None, code=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body)
    if code:
        request.add_header("X-Rescue-Code", code)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
    except OSError:
        return 0, b""


def whole(port):
    """Whether everything that was stored is shown."""
    plant = Appliance(f"http://127.0.0.1:{port}")
    if plant.sign_in() != 200:
        return False
    status, data = plant.ask("GET", "/api/equipment?page_size=100")
    return status == 200 and len(data["items"]) == 40


def healthy_tar(home):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        root = f"{home}/data/1"
        for folder, _, names in os.walk(root):
            for name in sorted(names):
                path = os.path.join(folder, name)
                tar.add(path, os.path.relpath(path, root))
    return out.getvalue()


def one(number, good, saved):
    chance = random.Random(seed * 1000 + number)
    home, port, console = f"{place}/{number}", free_port(), f"{place}/{number}.console"
    shutil.copytree(good, home, ignore=shutil.ignore_patterns("slots", "notify.sock"))
    # The binary is the same file: it is read, never written.
    shutil.copytree(f"{good}/slots", f"{home}/slots", copy_function=os.link)
    how = damage(f"{home}/{DATA}", number, chance)
    process = launch(home, port, console)
    try:
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S:
            status, body = ask(port, "/health")
            if status == 200 or b"rescue" in body:
                break
            if process.poll() is not None:
                return how, "FAILED", f"the launcher ended with {process.returncode}: {tail(console)}"
            time.sleep(0.2)
        else:
            return how, "FAILED", f"neither appliance nor rescue page: {tail(console)}"
        took = time.monotonic() - began
        if status == 200:
            time.sleep(1)
            if not whole(port):
                return how, "FAILED", f"it serves less than was stored: {tail(console)}"
            return how, "serves", took
        status, page = ask(port, "/")
        text = page.decode()
        code = said(console, r"rescue code ([0-9A-F]+)")
        for needed in ("/again", "/export", "id=restore", "Rescue code"):
            if needed not in text:
                return how, "FAILED", f"the rescue page lacks {needed}"
        reason = re.sub(r"<[^>]+>", " ", text[text.index("<pre"):text.index("</pre>")]) if "<pre" in text else ""
        if "indusmind: " not in reason:
            return how, "FAILED", f"the reason is none: {reason[-600:]}"
        status, exported = ask(port, "/export", b"", code)
        if status != 200 or not tarfile.is_tarfile(io.BytesIO(exported)):
            return how, "FAILED", f"the data cannot be saved: {status} {exported[:200]}"
        status, answer = ask(port, "/restore", saved, code)
        if status != 200:
            return how, "FAILED", f"a saved file is not taken: {status} {answer[:300]}"
        began = time.monotonic()
        while time.monotonic() - began < 60:
            if ask(port, "/health")[0] == 200:
                break
            time.sleep(0.2)
        else:
            return how, "FAILED", f"it does not serve after the restore: {tail(console)}"
        if not whole(port):
            return how, "FAILED", "it serves less than was saved"
        last = [line for line in reason.splitlines() if "indusmind:" in line][-1]
        return how, "rescued", took, last
    finally:
        end(process)
        shutil.rmtree(home, ignore_errors=True)


def main():
    good = make_good()
    saved = healthy_tar(good)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda number: one(number, good, saved), range(cases)))
    failed = [result for result in results if result[1] == "FAILED"]
    sentences = {}
    for result in results:
        if result[1] == "rescued":
            sentence = re.sub(re.escape(place) + r"/\d+/", "", html.unescape(result[3]))
            sentence = re.sub(r"_len=\d+", "_len=…", sentence)
            sentences.setdefault(sentence, []).append(result[0].split(" at ")[0])
    for sentence, ways in sentences.items():
        fact(f"{len(ways)} x {sentence.strip()}")
    slowest = max((result[2] for result in results if result[1] == "rescued"), default=0)
    serves = sum(result[1] == "serves" for result in results)
    fact(f"{cases} damaged data files, seed {seed}: {serves} serve all that was stored, "
         f"{len(results) - serves - len(failed)} reach the rescue page (after {slowest:.0f} s at most) and are restored there")
    for result in failed:
        print(f"\n{result[0]}: {result[2]}", file=sys.stderr)
    must(not failed, f"{len(failed)} of {cases} damaged data files, seed {seed}")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    main()
finally:
    shutil.rmtree(place, ignore_errors=True)

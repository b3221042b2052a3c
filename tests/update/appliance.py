#!/usr/bin/env python3
"""Stands in for a version of the appliance: checks data, runs, and does what BEHAVIOUR says."""
import os, socket, sys, threading, time

VERSION = "@VERSION@"
BEHAVIOUR = "@BEHAVIOUR@"


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


def rows():
    return os.path.join(option("--data-dir"), "rows")


def check():
    text = open(rows()).read()
    if not text.startswith("row 1\nrow 2\n"):
        sys.exit("indusmind: The data is torn.")
    if BEHAVIOUR == "hangs while it looks":
        time.sleep(3600)
    if BEHAVIOUR == "refuses":
        sys.exit("indusmind: I cannot read this data.")


def tell(message):
    place = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        try:
            ear.sendto(message.encode(), place)
        except OSError:
            pass


def serve(door):
    status = b"500 No" if BEHAVIOUR == "answers 500" else b"200 OK"
    while True:
        peer, _ = door.accept()
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 1\r\n\r\n" + VERSION.encode()[:1])
        peer.close()


def run():
    text = open(rows()).read()
    belongs = text.startswith("row 1\nrow 2\n") and (VERSION == "2" or "version 2" not in text)
    if not belongs:
        open(os.path.join(os.environ["INDUSMIND_HOME"], "mixed"), "w").write(VERSION + ": " + text)
    if VERSION == "2":
        open(rows(), "a").write("version 2\n")
    if BEHAVIOUR == "exits":
        sys.exit(3)
    host, port = option("--listen").rsplit(":", 1)
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for _ in range(200):
        try:
            door.bind((host, int(port)))
            break
        except OSError:
            time.sleep(0.05)
    door.listen()
    threading.Thread(target=serve, args=(door,), daemon=True).start()

    def beats():
        devices = {"loses devices": "3/5 Press 1, Press 2"}.get(BEHAVIOUR, "5/5")
        tell("READY=1\nX_INDUSMIND_ADDRESS=%s:%d" % door.getsockname())
        while True:
            tell("WATCHDOG=1\nX_INDUSMIND_DEVICES=" + devices)
            time.sleep(0.2)

    if BEHAVIOUR != "hangs":
        threading.Thread(target=beats, daemon=True).start()
    print("version", VERSION, "serves", flush=True)
    for line in sys.stdin:
        if line == "committed\n":
            print("version", VERSION, "stays", flush=True)


{"check": check, "run": run}[sys.argv[1]]()

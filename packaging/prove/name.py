"""name.py ask NAME | legacy NAME | goodbye NAME SECONDS: multicast DNS by hand, as RFC 6762 has it.

`ask` prints the addresses that are told to everybody, `legacy` those that an asker with a port of its
own gets (RFC 6762, section 6.7: its number and its question come back, nothing lives longer than ten
seconds), `goodbye` waits for the announcement that the name is gone."""

import socket
import struct
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
A, AAAA = 1, 28


def encoded(name):
    labels = name.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def question(name, number=0):
    return struct.pack(">6H", number, 0, 1, 0, 0, 0) + encoded(name) + struct.pack(">2H", A, 1)


def name_at(packet, at):
    labels, end = [], None
    while True:
        length = packet[at]
        if length == 0:
            return ".".join(labels), end or at + 1
        if length & 0xC0:
            end = end or at + 2
            at = struct.unpack(">H", packet[at : at + 2])[0] & 0x3FFF
            continue
        labels.append(packet[at + 1 : at + 1 + length].decode())
        at += 1 + length


def records(packet):
    """Number, how many questions, and the records as (name, kind, class, seconds, data)."""
    number, flags, questions, *counts = struct.unpack(">6H", packet[:12])
    if not flags & 0x8000:
        return number, questions, []
    at, found = 12, []
    for _ in range(questions):
        _, at = name_at(packet, at)
        at += 4
    for _ in range(sum(counts)):
        name, at = name_at(packet, at)
        kind, kind_class, seconds, length = struct.unpack(">HHIH", packet[at : at + 10])
        found.append((name, kind, kind_class, seconds, packet[at + 10 : at + 10 + length]))
        at += 10 + length
    return number, questions, found


def listener():
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    ear.bind(("", PORT))
    mine = socket.inet_aton(sys.argv[-1]) if sys.argv[-1].count(".") == 3 else b"\0\0\0\0"
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + mine)
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mine)
    return ear


def heard(ear, until, wanted):
    while time.monotonic() < until:
        ear.settimeout(max(0.05, until - time.monotonic()))
        try:
            packet, _ = ear.recvfrom(9000)
        except TimeoutError:
            return None
        number, questions, found = records(packet)
        told = [r for r in found if r[0].lower() == wanted and r[1] in (A, AAAA)]
        if told:
            return number, questions, told
    return None


def addresses(told):
    return sorted(socket.inet_ntoa(r[4]) for r in told if r[1] == A)


def main():
    how, name = sys.argv[1], sys.argv[2].rstrip(".").lower()
    if how == "goodbye":
        ear, until = listener(), time.monotonic() + float(sys.argv[3])
        print("listening", flush=True)
        while answer := heard(ear, until, name):
            if all(record[3] == 0 for record in answer[2]):
                return print("gone", flush=True)
        sys.exit("nobody said goodbye")
    if how == "legacy":
        ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ear.bind(("", 0))
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[-1]))
    else:
        ear = listener()
    for _ in range(4):
        ear.sendto(question(name, 4711 if how == "legacy" else 0), (GROUP, PORT))
        answer = heard(ear, time.monotonic() + 1.5, name)
        if answer:
            break
    else:
        sys.exit(f"nobody answers for {name}")
    number, questions, told = answer
    if how == "legacy":
        fit = number == 4711 and questions == 1 and all(record[3] <= 10 for record in told)
        fit = fit and not any(record[2] & 0x8000 for record in told)
        if not fit:
            sys.exit(f"the answer is not fit for a legacy asker: {answer}")
    print(*addresses(told))


main()

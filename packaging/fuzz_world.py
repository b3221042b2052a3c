"""What the fuzzer knows of the appliance that it asks, for fuzz_checks.py: which things exist, which
secrets it was handed, and how it proves who it is. Without that nearly every made-up id is answered 404
and every dangerous route 403, and the run proves little."""

import base64
import copy
import datetime
import hashlib
import hmac
import json
import os
import random
import struct
import time
import urllib.request

from fuzz_seeds import BODIES, TEXTS

# Where it asks, by what, and the password of whoever asks.
URL = os.environ.get("FUZZ_URL", "")
TOKEN = os.environ.get("FUZZ_TOKEN")
SELF = os.environ.get("FUZZ_SELF")
EMAIL = os.environ.get("FUZZ_EMAIL", "")
# A proof holds for five minutes; five that do not fit close the session to proofs for a while, and one
# that fits forgets them.
PROVE_EVERY_S = 120
WRONG_AT_MOST = 3
# A user has twenty sessions, and the oldest ends when there is one more: that is the one that asks.
LOGINS_AT_MOST = 12

# What a thing is known by in the answers: the first of these that it has.
NAMES = ("id", "key", "kind", "number", "version", "serial_number")
# Where the things of a path are listed, when it is not the path up to their name.
LISTED = {
    "/admin/users": "/users",
    "/readings/coldcells": "/coldchain/cells",
    "/reports": "/reports/list",
    "/reports/export": "/reports/list",
    "/sites": "/sites",
}
# Which list a field of a body or a question takes its name from.
FIELDS = {
    "equipment_id": "/equipment",
    "equipment": "/equipment",
    "meter": "/equipment",
    "meter_id": "/equipment",
    "device_id": "/devices",
    "customer_id": "/coldchain/customers",
    "customer": "/coldchain/customers",
    "location_id": "/coldchain/locations",
    "cell": "/coldchain/cells",
    "enpi_id": "/energy/enpi",
    "tariff_id": "/energy/tariffs",
    "user_id": "/users",
    "reading_id": "readings",
}
# Where the password of the caller is asked, and in which field.
OWN_PASSWORD = {
    "/auth/step-up": "password",
    "/auth/2fa/setup": "password",
    "/auth/2fa/disable": "password",
    "/auth/change-password": "current_password",
}


def code_of(secret):
    """The code that an authenticator app shows now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class World:
    """What is known so far."""

    def __init__(self):
        self.chance = random.Random(20261121)
        self.password = os.environ.get("FUZZ_PASSWORD", "")
        self.things = {}
        self.names = set()
        self.handed = {}
        self.proven_at = -1e9
        self.wrong = 0
        self.logins = 0
        self.rules = None

    def ask(self, method, path, body=None):
        """A question of our own, which nothing is made of; None when it is refused."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{URL}/api{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def look_around(self):
        """What there is before anything is asked."""
        for path in AT_FIRST:
            self.keep(path, (), self.ask("GET", path))
        examples = self.ask("GET", "/energy/tariff-examples") or {"data": {"items": [{}]}}
        self.rules = examples["data"]["items"][0].get("rules")

    def prove(self):
        """A fresh proof of who asks, when the last one is old or guesses have closed in."""
        if not TOKEN or (self.wrong < WRONG_AT_MOST and time.monotonic() - self.proven_at < PROVE_EVERY_S):
            return
        if not self.names:
            self.look_around()
        if self.ask("POST", "/auth/step-up", {"password": self.password}) is not None:
            self.wrong = 0
        self.proven_at = time.monotonic()

    def keep(self, place, above, answer):
        """Takes the names of things out of an answer of the list `place`, which lies below `above`."""
        place = place.split("?")[0]
        data = answer.get("data") if isinstance(answer, dict) else None
        lists = [data] if isinstance(data, list) else []
        if isinstance(data, dict):
            self.handed.update((name, data[name]) for name in SECRETS if isinstance(data.get(name), str))
            # What has a name is the thing itself; what it consists of is no list of such things.
            named = any(data.get(name) is not None for name in NAMES)
            lists = [[data]] if named else [part for part in data.values() if isinstance(part, list)]
        for thing in (thing for things in lists for thing in things[:100]):
            name = next((thing[name] for name in NAMES if thing.get(name) is not None), None) if isinstance(thing, dict) else None
            if not isinstance(name, (str, int)) or str(name) == SELF:
                continue
            self.names.add(str(name))
            found = self.things.setdefault(place, [])
            if (above, name) not in found:
                found.append((above, name))
                # The first are of the demo and have history; of what came after, the newest.
                if len(found) > 60:
                    del found[30]

    def real(self, path, parameters):
        """Puts the name of something that exists into the path, with what it belongs to."""
        split = of_a_list(path)
        if split is None:
            return
        place, name = split
        found = self.things.get(LISTED.get(place, place))
        if found:
            # Rather one of the demo: what came after has measured nothing.
            above, value = self.chance.choice(found[:30] if self.chance.random() < 0.6 else found)
            parameters.update({**dict(above), name: value if isinstance(parameters.get(name), int) else str(value)})
        else:
            self.real(place, parameters)
        if "month" in parameters:
            parameters["month"] = moment(self.chance.choice((3, 40)))[:7]

    def fill(self, value, name=None):
        """`value` with the names of things that exist, where a field is one of them."""
        if isinstance(value, dict):
            return {key: self.fill(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.fill(part, name) for part in value]
        found = self.things.get(FIELDS.get(name))
        if not isinstance(value, str) or not found or value in self.names or self.chance.random() < 0.25:
            return value
        return self.chance.choice(found)[1]

    def query(self, query):
        """A question about time, mostly about one that was measured."""
        query = self.fill(query)
        if "from" in query and "to" in query and self.chance.random() < 0.6:
            days = self.chance.choice((0.1, 1, 3, 20))
            query.update({"from": moment(days), "to": moment(0)})
        for name, known in KNOWN.items():
            if name in query and self.chance.random() < 0.75:
                query[name] = self.filled(self.chance.choice(known))
        return query

    def seed(self, method, path, body):
        """A body that is accepted, odd in one field of `body` mostly; None where none is known."""
        seed = BODIES.get(f"{method} {path}")
        if seed is None or self.chance.random() < 0.5:
            return None
        if path == "/auth/login":
            self.logins += 1
            if self.logins > LOGINS_AT_MOST:
                return None
        made = self.filled(copy.deepcopy(seed))
        if isinstance(made, dict) and isinstance(body, dict) and body and self.chance.random() < 0.6:
            odd = self.chance.choice(sorted(body))
            made[odd] = body[odd]
        return made

    def filled(self, value):
        """A seed with what its marks stand for."""
        if isinstance(value, dict):
            return {key: self.filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part) for part in value]
        if not isinstance(value, str) or "@" not in value:
            return value
        marks = self.marks()
        if value in marks:
            return marks[value]
        value = value.replace("@new", f"f{self.chance.getrandbits(60):x}")
        if value.startswith("meter:@"):
            return f"meter:{self.filled(value[6:])}"
        if value.startswith("@/"):
            found = self.things.get(value[1:])
            return self.chance.choice(found[:30])[1] if found else value
        if value.startswith("@day"):
            return moment(float(value[5:]))[:10]
        if value.startswith("@-"):
            return moment(float(value[2:]))
        return value

    def marks(self):
        """What was handed out, by its mark."""
        handed = {f"@{name}": text for name, text in self.handed.items()}
        secret = self.handed.get("secret")
        return {
            **handed,
            "@password": self.password,
            "@fresh": f"Fuzzing-{self.chance.getrandbits(40):x}-A1",
            "@email": EMAIL,
            "@month": moment(3)[:7],
            "@rules": self.rules,
            "@folder": os.environ.get("FUZZ_FOLDER"),
            "@totp": code_of(secret) if secret else "000000",
            "@activation_url": self.handed.get("activation_url", "").split("token=")[-1],
        }

    def text(self, method, path):
        """A body that is no JSON and that is accepted; None where none is known."""
        text = TEXTS.get(f"{method} {path}")
        if text is None or self.chance.random() < 0.5:
            return None
        lines = [",".join(self.filled(part) for part in line.split(",")) for line in text.split("\n")]
        return "\n".join(str(line) for line in lines)


def moment(days):
    """The moment so many days ago."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# What questions ask for that no schema can say.
KNOWN = {
    "month": ("@month",),
    "week": ("@day-3",),
    "of": ("node:site", "rest:site", "meter:@/equipment"),
    "resolution": ("15min", "1hour", "daily"),
}

# What an answer hands out once.
SECRETS = ("secret", "challenge", "refresh_token", "code", "activation_url", "token", "reading_id")

# What is looked at first: these lists name what the others are about.
AT_FIRST = (
    "/equipment?page_size=100",
    "/devices",
    "/sites",
    "/users",
    "/alerts",
    "/alert-rules",
    "/lines",
    "/coldchain/customers",
    "/coldchain/locations",
    "/coldchain/cells",
    "/energy/enpi",
    "/energy/plan",
    "/notifications/outlets",
    "/profiles",
)


def of_a_list(path):
    """The list of a path with a name in it, and that name: /a/{id}/b/{c}/d gives /a/{id}/b and c."""
    parts = path.split("/")
    last = max((at for at, part in enumerate(parts) if part.startswith("{")), default=None)
    return None if last is None else ("/".join(parts[:last]), parts[last][1:-1])

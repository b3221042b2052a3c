"""What an appliance answered with success while its power was taken: none of it may be missing."""

import time

from plant import must

# 2026-11-01T00:00:00Z, ms.
START_MS = 1_793_491_200_000


class Ledger:
    """What was answered with success, and must never be missing."""

    def __init__(self, plant):
        self.plant = plant
        self.names, self.seconds, self.next = set(), set(), 0
        self.meter = None

    def write(self, until_told):
        """Readings and equipment, one after the other, until the power goes."""
        while not until_told.is_set():
            number = self.next
            self.next += 1
            line = f"m,equipment_id={self.meter} flow={number}.5 {START_MS + number * 1000}"
            status = self.plant.ask("POST", "/api/v2/write?precision=ms", raw=line.encode(), wait=5)[0]
            # What is answered when the power is gone was answered by nobody.
            if status in (200, 204) and not until_told.is_set():
                self.seconds.add(number)
            if number % 10 == 0:
                name = f"machine {number}"
                what = {"name": name, "type": "Machine", "model": "M", "install_date": "2024-05-01"}
                status = self.plant.ask("POST", "/api/equipment", what, wait=5)[0]
                if status in (200, 201) and not until_told.is_set():
                    self.names.add(name)

    def missing(self):
        stored = set()
        for page in range(1, 1000):
            status, data = self.plant.ask("GET", f"/api/equipment?page={page}&page_size=100")
            must(status == 200, f"the equipment cannot be listed: {status} {data}")
            stored |= {item["name"] for item in data["items"]}
            if not data["has_more"]:
                break
        lost = [name for name in self.names if name not in stored]
        return lost + [f"reading {number}" for number in sorted(self.seconds - self._readings())]

    def _readings(self):
        found, step = set(), 2000
        if not self.seconds:
            return found
        for begin in range(0, self.next + 1, step):
            span = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START_MS // 1000 + second))
                    for second in (begin, begin + step)]
            status, data = self.plant.ask(
                "GET", f"/api/historical/consumption?resolution=raw&meter_id={self.meter}&metric=flow"
                f"&from={span[0]}&to={span[1]}")
            must(status == 200, f"the readings cannot be read: {status} {data}")
            for point in data["series"]:
                if point.get("value") is not None:
                    found.add(int(point["value"]))
        return found

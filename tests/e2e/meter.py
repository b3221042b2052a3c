"""A meter that is not ours: pymodbus serves the input registers of an Eastron SDM630.

Prints one JSON line when it listens, {"port": 12345}, and one line per command. Commands, one per
line on standard input:

  set {"power_kw": 12.5}   what it shows from now on; answers with all values
  values                   answers with all values
  slow 1500                answers each request after so many milliseconds

The energy counter moves by itself, with the power. To be silent it is sent SIGSTOP; to be dead,
SIGKILL.
"""

import argparse
import asyncio
import json
import struct
import sys
import time

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

# Input registers of the SDM630, zero-based, two words each: name, address, factor from our unit.
REGISTERS = [
    ("voltage_l1_v", 0, 1.0),
    ("voltage_l2_v", 2, 1.0),
    ("voltage_l3_v", 4, 1.0),
    ("current_l1_a", 6, 1.0),
    ("current_l2_a", 8, 1.0),
    ("current_l3_a", 10, 1.0),
    ("power_l1_kw", 12, 1000.0),
    ("power_l2_kw", 14, 1000.0),
    ("power_l3_kw", 16, 1000.0),
    ("power_factor_l1", 30, 1.0),
    ("power_factor_l2", 32, 1.0),
    ("power_factor_l3", 34, 1.0),
    ("voltage_v", 42, 1.0),
    ("current_a", 46, 1.0),
    ("power_kw", 52, 1000.0),
    ("apparent_power_kva", 56, 1000.0),
    ("reactive_power_kvar", 60, 1000.0),
    ("power_factor", 62, 1.0),
    ("frequency_hz", 70, 1.0),
    ("consumption_kwh", 72, 1.0),
    ("export_energy_kwh", 74, 1.0),
]
LAST_ADDRESS = 400
# The measured values stand in this table only; the other one holds zeros.
READ_INPUT_REGISTERS = 4


class Meter:
    """What the meter shows, and how fast it answers."""

    def __init__(self, energy_kwh: float):
        self.delay_s = 0.0
        self.since = time.monotonic()
        self.shown = {name: 0.0 for name, _, _ in REGISTERS}
        self.shown |= {"voltage_v": 231.5, "frequency_hz": 50.0, "power_factor": 0.94}
        self.shown |= {f"voltage_l{n}_v": 230.0 + n for n in (1, 2, 3)}
        self.shown["consumption_kwh"] = energy_kwh

    def count(self) -> None:
        """Moves the counter up to now."""
        now = time.monotonic()
        hours = (now - self.since) / 3600.0
        self.shown["consumption_kwh"] += self.shown["power_kw"] * hours
        self.since = now

    def words(self, registers: list[int], start: int) -> None:
        """Writes the values into the block of registers that begins at `start`."""
        self.count()
        for name, address, factor in REGISTERS:
            high, low = struct.unpack(">HH", struct.pack(">f", self.shown[name] * factor))
            registers[address - start : address - start + 2] = [high, low]

    def set(self, values: dict) -> None:
        """Shows these values from now on."""
        self.count()
        unknown = set(values) - set(self.shown)
        if unknown:
            raise ValueError(f"the meter has no {sorted(unknown)}")
        self.shown |= values


async def obey(meter: Meter) -> None:
    """Carries out the commands on standard input until it ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode():
        command, _, rest = line.strip().partition(" ")
        if command == "set":
            meter.set(json.loads(rest))
        elif command == "slow":
            meter.delay_s = float(rest) / 1000.0
        elif command != "values":
            raise ValueError(f"unknown command {command}")
        meter.count()
        print(json.dumps(meter.shown), flush=True)


async def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--unit", type=int, default=1)
    options.add_argument("--energy-kwh", type=float, default=1000.0)
    options.add_argument("--power-kw", type=float, default=10.0)
    given = options.parse_args()
    meter = Meter(given.energy_kwh)
    meter.set({"power_kw": given.power_kw})

    async def answer(function, start, _address, _count, registers, _written):
        await asyncio.sleep(meter.delay_s)
        if function == READ_INPUT_REGISTERS:
            meter.words(registers, start)

    nothing = [SimData(0, count=16, values=False, datatype=DataType.BITS)]
    holding = [SimData(0, count=64, datatype=DataType.REGISTERS)]
    inputs = [SimData(0, count=LAST_ADDRESS, datatype=DataType.REGISTERS)]
    device = SimDevice(
        given.unit, simdata=(nothing, list(nothing), holding, inputs), action=answer
    )
    server = ModbusTcpServer(device, address=("127.0.0.1", given.port))
    await server.serve_forever(background=True)
    print(json.dumps({"port": server.transport.sockets[0].getsockname()[1]}), flush=True)
    await obey(meter)
    await server.shutdown()


asyncio.run(main())

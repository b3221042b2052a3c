"""A Modbus server that is not ours: pymodbus.

server.py tcp|rtu_over_tcp          listens on a free port of loopback
server.py rtu PATH                  serves a serial port at 115200 8N1

Units 1 and 2 have 200 holding and 200 input registers: register `a` of unit `u` holds
(a * 257 + u * 1000 + table) modulo 65536, where table is 3 or 4. Their 200 coils and 200 discrete
inputs are on where (a * 7 + u + table) is a multiple of 3, where table is 1 or 2. Prints one JSON line when it
serves, {"port": 12345}, and ends with its standard input.
"""

import asyncio
import json
import sys

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

COUNT = 200


def table(unit: int, function: int) -> list:
    words = [(address * 257 + unit * 1000 + function) % 65536 for address in range(COUNT)]
    return [SimData(0, values=words, datatype=DataType.REGISTERS)]


def bits(unit: int, function: int) -> list:
    states = [(address * 7 + unit + function) % 3 == 0 for address in range(COUNT)]
    return [SimData(0, values=states, datatype=DataType.BITS)]


def device(unit: int) -> SimDevice:
    return SimDevice(
        unit, simdata=(bits(unit, 1), bits(unit, 2), table(unit, 3), table(unit, 4))
    )


async def main() -> None:
    kind = sys.argv[1]
    devices = [device(1), device(2)]
    if kind == "rtu":
        server = ModbusSerialServer(
            devices,
            framer=FramerType.RTU,
            port=sys.argv[2],
            baudrate=115200,
            parity="N",
            stopbits=1,
            bytesize=8,
        )
    else:
        framer = FramerType.RTU if kind == "rtu_over_tcp" else FramerType.SOCKET
        server = ModbusTcpServer(devices, framer=framer, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = 0 if kind == "rtu" else server.transport.sockets[0].getsockname()[1]
    print(json.dumps({"port": port}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.shutdown()


asyncio.run(main())

"""As fast as pymodbus asks: client.py SECONDS PORT...

One connection to each port, one question after the other on each; prints how many were answered.
"""

import asyncio
import sys
import time

from pymodbus.client import AsyncModbusTcpClient


async def ask(port: int, until: float) -> int:
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    answered = 0
    while time.monotonic() < until:
        answer = await client.read_holding_registers(0, count=80, device_id=1)
        assert not answer.isError() and len(answer.registers) == 80
        answered += 1
    client.close()
    return answered


async def main() -> None:
    until = time.monotonic() + float(sys.argv[1])
    counts = await asyncio.gather(*(ask(int(port), until) for port in sys.argv[2:]))
    print(sum(counts))


asyncio.run(main())

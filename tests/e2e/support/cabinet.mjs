// A switch cabinet that speaks Modbus TCP, written for the journeys: coils, discrete inputs and one
// table of holding registers, each as the journey sets it.
import { once } from 'node:events';
import { createServer } from 'node:net';

const [READ_COILS, READ_DISCRETE, READ_HOLDING] = [1, 2, 3];
const ILLEGAL_FUNCTION = 1;

export class Cabinet {
  /** Values by address; what is not set is 0. */
  coils = new Map();
  inputs = new Map();
  words = new Map();
  #lines = new Set();
  #server;

  static async start() {
    const cabinet = new Cabinet();
    cabinet.#server = createServer((line) => cabinet.#serve(line));
    cabinet.#server.listen(0, '127.0.0.1');
    await once(cabinet.#server, 'listening');
    cabinet.port = cabinet.#server.address().port;
    return cabinet;
  }

  #serve(line) {
    this.#lines.add(line);
    line.on('close', () => this.#lines.delete(line));
    line.on('error', () => line.destroy());
    let held = Buffer.alloc(0);
    line.on('data', (data) => {
      held = Buffer.concat([held, data]);
      // Seven bytes in front say how many follow the sixth.
      while (held.length >= 8 && held.length >= 6 + held.readUInt16BE(4)) {
        const end = 6 + held.readUInt16BE(4);
        line.write(this.#answer(held.subarray(0, end)));
        held = held.subarray(end);
      }
    });
  }

  #answer(request) {
    const [code, start, count] = [request[7], request.readUInt16BE(8), request.readUInt16BE(10)];
    const body = this.#body(code, start, count);
    const pdu = body
      ? Buffer.concat([Buffer.from([code, body.length]), body])
      : Buffer.from([code | 0x80, ILLEGAL_FUNCTION]);
    const head = Buffer.from(request.subarray(0, 7));
    head.writeUInt16BE(pdu.length + 1, 4);
    return Buffer.concat([head, pdu]);
  }

  #body(code, start, count) {
    if (code === READ_HOLDING) {
      const body = Buffer.alloc(2 * count);
      for (let n = 0; n < count; n += 1) body.writeUInt16BE(this.words.get(start + n) ?? 0, 2 * n);
      return body;
    }
    const table = { [READ_COILS]: this.coils, [READ_DISCRETE]: this.inputs }[code];
    if (!table) return null;
    const body = Buffer.alloc(Math.ceil(count / 8));
    for (let n = 0; n < count; n += 1) if (table.get(start + n)) body[n >> 3] |= 1 << (n & 7);
    return body;
  }

  async remove() {
    for (const line of this.#lines) line.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

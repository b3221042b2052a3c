// As fast as modbus-serial asks: client.cjs SECONDS PORT...
// One connection to each port, one question after the other on each; prints how many were answered.
const { createRequire } = require('node:module');
const ModbusRTU = createRequire(`${process.env.NODE_PEERS}/`)('modbus-serial');

const [seconds, ...ports] = process.argv.slice(2).map(Number);
const until = performance.now() + seconds * 1000;

async function ask(port) {
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(1);
  client.setTimeout(5000);
  let answered = 0;
  while (performance.now() < until) {
    const { data } = await client.readHoldingRegisters(0, 80);
    if (data.length !== 80) throw new Error(`${data.length} words`);
    answered += 1;
  }
  client.close(() => {});
  return answered;
}

Promise.all(ports.map(ask)).then((counts) => {
  console.log(counts.reduce((sum, count) => sum + count, 0));
  process.exit(0);
});

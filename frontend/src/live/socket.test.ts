import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retryDelayMs } from './backoff';
import { readFrame, type Frame } from './frames';
import { LiveSocket, type Connection } from './socket';

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onclose: ((event: { reason: string }) => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: unknown = { event: 'heartbeat', data: { time: new Date().toISOString() } }) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const last = () => FakeSocket.all[FakeSocket.all.length - 1]!;
let connection: Connection;
let frames: Frame[];
let address: () => Promise<string>;

function start() {
  const socket = new LiveSocket({
    address: () => address(),
    isFinal: (error) => error === 'ended',
    onFrame: (frame) => frames.push(frame),
    onChange: (next) => (connection = next),
  });
  socket.start();
  return socket;
}

async function open() {
  const socket = start();
  await vi.advanceTimersByTimeAsync(10);
  last().accept();
  last().say();
  return socket;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  frames = [];
  address = async () => 'ws://appliance/ws?ticket=1';
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('back-off', () => {
  it('is 1, 2, 4, 8, 16, then 30 seconds', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 50].map((failures) => retryDelayMs(failures))).toEqual([
      1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000,
    ]);
  });
});

describe('the live socket', () => {
  it('is open only once the appliance has spoken', async () => {
    start();
    await vi.advanceTimersByTimeAsync(10);
    last().accept();
    expect(connection.phase).toBe('connecting');
    last().say();
    expect(connection).toMatchObject({ phase: 'open', epoch: 1 });
  });

  it('says lost within three seconds of the last frame, though nothing was closed', async () => {
    await open();
    const heardAt = Date.now();
    await vi.advanceTimersByTimeAsync(2_400);
    expect(connection.phase).toBe('open');
    await vi.advanceTimersByTimeAsync(500);
    expect(connection).toMatchObject({ phase: 'lost', lostSince: heardAt });
  });

  it('stays open while the heart beats', async () => {
    await open();
    for (let second = 0; second < 20; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      last().say();
    }
    expect(connection.phase).toBe('open');
  });

  it('says lost at once when the connection is closed', async () => {
    await open();
    last().onclose?.({ reason: '' });
    expect(connection.phase).toBe('lost');
  });

  it('knows that an update is the reason until the appliance is back', async () => {
    await open();
    last().onclose?.({ reason: 'update' });
    expect(connection).toMatchObject({ phase: 'lost', updating: true });
    await vi.advanceTimersByTimeAsync(3_000);
    last().onclose?.({ reason: '' });
    expect(connection).toMatchObject({ phase: 'lost', updating: true });
    await vi.advanceTimersByTimeAsync(5_000);
    last().accept();
    last().say();
    expect(connection).toMatchObject({ phase: 'open', updating: false });
  });

  it('takes a loss soon after an update for the way back from it, and a later one for a loss', async () => {
    await open();
    last().onclose?.({ reason: 'update' });
    await vi.advanceTimersByTimeAsync(5_000);
    last().accept();
    last().say();
    expect(connection).toMatchObject({ phase: 'open', updating: false });
    last().onclose?.({ reason: '' });
    expect(connection).toMatchObject({ phase: 'lost', updating: true });
    await vi.advanceTimersByTimeAsync(5_000);
    last().accept();
    for (let second = 0; second < 200; second += 1) {
      last().say();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    last().onclose?.({ reason: '' });
    expect(connection).toMatchObject({ phase: 'lost', updating: false });
  });

  it('waits four seconds at most while an update has taken the appliance away', async () => {
    await open();
    last().onclose?.({ reason: 'update' });
    address = () => Promise.reject('no');
    await vi.advanceTimersByTimeAsync(60_000);
    expect((connection.retryAt ?? Infinity) - Date.now()).toBeLessThanOrEqual(4_000);
  });

  it('says lost when the very first connection does not come about in three seconds', async () => {
    address = () => new Promise(() => undefined);
    start();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(connection.phase).toBe('connecting');
    await vi.advanceTimersByTimeAsync(200);
    expect(connection.phase).toBe('lost');
  });

  it('calls no first connection lost that is only slow, or that comes at the second attempt', async () => {
    const seen = new Set<string>();
    address = () => Promise.reject(new Error('busy'));
    start();
    for (let tenth = 0; tenth < 9; tenth += 1) {
      await vi.advanceTimersByTimeAsync(100);
      seen.add(connection.phase);
    }
    address = async () => 'ws://appliance/ws?ticket=2';
    await vi.advanceTimersByTimeAsync(1_900);
    seen.add(connection.phase);
    expect([...seen]).toEqual(['connecting']);
    last().accept();
    last().say();
    expect(connection).toMatchObject({ phase: 'open', retryAt: null, lostSince: null });
  });

  /** The clock goes on while nothing of the page runs. */
  const busyFor = (ms: number) => vi.setSystemTime(Date.now() + ms);

  it('hears what was said while the page itself was busy before it calls it silence', async () => {
    await open();
    await vi.advanceTimersByTimeAsync(500);
    busyFor(4_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(connection.phase).toBe('open');
    last().say();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(connection.phase).toBe('open');
  });

  it('says lost at the next look when nothing was said meanwhile, and in a tab whose looks are all late', async () => {
    await open();
    busyFor(4_000);
    await vi.advanceTimersByTimeAsync(200);
    expect(connection.phase).toBe('lost');
    last().accept();
    last().say();
    expect(connection.phase).toBe('lost');
    await vi.advanceTimersByTimeAsync(1_100);
    last().accept();
    last().say();
    expect(connection.phase).toBe('open');
    for (let minute = 0; minute < 2; minute += 1) {
      busyFor(60_000);
      await vi.advanceTimersToNextTimerAsync();
    }
    expect(connection.phase).toBe('lost');
  });

  it('tries again after 1, 2, 4 seconds with a new ticket each time', async () => {
    let tickets = 0;
    address = async () => {
      tickets += 1;
      throw new Error('down');
    };
    start();
    await vi.advanceTimersByTimeAsync(10);
    for (const [after, expected] of [
      [980, 1],
      [30, 2],
      [1_960, 2],
      [30, 3],
      [3_980, 3],
      [30, 4],
    ] as const) {
      await vi.advanceTimersByTimeAsync(after);
      expect(tickets).toBe(expected);
    }
  });

  it('comes back with a new epoch and asks for its topics again', async () => {
    const socket = await open();
    socket.subscribe({ topic: 'dashboard' });
    socket.subscribe({ topic: 'live', equipment_id: 'a' });
    socket.unsubscribe({ topic: 'live', equipment_id: 'a' });
    last().onclose?.({ reason: '' });
    await vi.advanceTimersByTimeAsync(1_100);
    last().accept();
    last().say();
    expect(FakeSocket.all).toHaveLength(2);
    expect(last().sent).toEqual([{ event: 'subscribe', data: { topic: 'dashboard' } }]);
    expect(connection).toMatchObject({ phase: 'open', epoch: 2, lostSince: null });
  });

  it('remembers the first moment of the loss over many failed attempts', async () => {
    await open();
    const heardAt = Date.now();
    address = async () => {
      throw new Error('down');
    };
    last().onclose?.({ reason: '' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection).toMatchObject({ phase: 'lost', lostSince: heardAt });
  });

  it('does not listen to a connection that it has given up', async () => {
    await open();
    const old = last();
    await vi.advanceTimersByTimeAsync(2_900);
    old.say();
    expect(connection.phase).toBe('lost');
  });

  it('gives up a handshake that hangs', async () => {
    await open();
    last().onclose?.({ reason: '' });
    address = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connection.retryAt).toBeNull();
    await vi.advanceTimersByTimeAsync(8_100);
    expect(connection.retryAt).not.toBeNull();
  });

  it.each([
    ['refuses', () => Promise.reject(new Error('no'))],
    ['swallows everything', () => new Promise<string>(() => undefined)],
  ])('is back within ten seconds on a wall after a long hour that %s', async (_, silence) => {
    const socket = start();
    socket.hurry(4_000);
    address = silence;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(connection.phase).toBe('lost');
    address = async () => 'ws://appliance/ws?ticket=2';
    for (let second = 0; second < 10 && connection.phase !== 'open'; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      const socketNow = FakeSocket.all[FakeSocket.all.length - 1];
      if (socketNow?.url.endsWith('2')) {
        socketNow.accept();
        socketNow.say();
      }
    }
    expect(connection.phase).toBe('open');
  });

  it('stops when the session has ended', async () => {
    address = () => Promise.reject('ended');
    start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.phase).toBe('idle');
    expect(FakeSocket.all).toHaveLength(0);
  });

  it('drops what is no frame and lives on', async () => {
    await open();
    last().onmessage?.({ data: '<html>' });
    last().say(7);
    expect(connection.phase).toBe('open');
    expect(frames).toHaveLength(1);
    expect(readFrame('{"event":"x"}')).toBeNull();
  });
});

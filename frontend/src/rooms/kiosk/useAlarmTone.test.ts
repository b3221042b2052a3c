import { effectScope, ref } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useAlarmTone, type Urgency } from './useAlarmTone';

const started = vi.fn();
let state: AudioContextState;
class FakeContext {
  get state() {
    return state;
  }
  currentTime = 0;
  destination = {};
  resume = () => new Promise<void>(() => undefined);
  close = () => Promise.resolve();
  createOscillator = () => ({
    frequency: { value: 0 },
    connect: (next: unknown) => next,
    start: started,
    stop: () => undefined,
  });
  createGain = () => ({
    gain: { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined },
    connect: (next: unknown) => next,
  });
}

let scope: ReturnType<typeof effectScope>;
const urgency = ref<Urgency>('none');
const listen = () => scope.run(() => useAlarmTone(urgency))!;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('AudioContext', FakeContext);
  scope = effectScope();
  urgency.value = 'none';
  state = 'running';
  started.mockReset();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('sounds again and again until somebody has acknowledged', async () => {
  listen();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(started).not.toHaveBeenCalled();
  urgency.value = 'high';
  await vi.advanceTimersByTimeAsync(0);
  const once = started.mock.calls.length;
  expect(once).toBeGreaterThan(0);
  await vi.advanceTimersByTimeAsync(60_000);
  const often = started.mock.calls.length;
  expect(often).toBeGreaterThan(once * 10);
  urgency.value = 'none';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(started).toHaveBeenCalledTimes(often);
});

it('calls less often for what is less urgent', async () => {
  listen();
  urgency.value = 'low';
  await vi.advanceTimersByTimeAsync(59_000);
  expect(started).toHaveBeenCalledTimes(4);
});

it('says that the browser lets it not sound, and sounds as soon as it does', async () => {
  state = 'suspended';
  const { blocked } = listen();
  urgency.value = 'high';
  await vi.advanceTimersByTimeAsync(10_000);
  expect(blocked.value).toBe(true);
  expect(started).not.toHaveBeenCalled();
  state = 'running';
  await vi.advanceTimersByTimeAsync(5_000);
  expect(blocked.value).toBe(false);
  expect(started).toHaveBeenCalled();
});

it('is quiet once the screen shows something else', async () => {
  listen();
  urgency.value = 'high';
  await vi.advanceTimersByTimeAsync(0);
  const often = started.mock.calls.length;
  scope.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(started).toHaveBeenCalledTimes(often);
});

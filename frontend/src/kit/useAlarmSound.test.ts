import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import { useAlarmSound } from './useAlarmSound';

/** As much of an audio device as the alarm touches. */
class Audio {
  static state: AudioContextState = 'running';
  static tones = 0;
  currentTime = 0;
  destination = {};
  get state() {
    return Audio.state;
  }
  resume = () => Promise.resolve();
  close = () => Promise.resolve();
  createGain = () => ({
    gain: { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined },
    connect: (to: unknown) => to,
  });
  createOscillator = () => ({
    frequency: { value: 0 },
    connect: (to: unknown) => to,
    start: () => (Audio.tones += 1),
    stop: () => undefined,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('AudioContext', Audio);
  Audio.tones = 0;
  Audio.state = 'running';
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the alarm', () => {
  it('sounds while it is wanted, and not a moment longer', async () => {
    const wanted = ref(false);
    const scope = effectScope();
    scope.run(() => useAlarmSound(wanted));
    vi.advanceTimersByTime(10_000);
    expect(Audio.tones).toBe(0);
    wanted.value = true;
    await nextTick();
    expect(Audio.tones).toBe(2);
    vi.advanceTimersByTime(4_000);
    expect(Audio.tones).toBe(6);
    wanted.value = false;
    await nextTick();
    vi.advanceTimersByTime(10_000);
    expect(Audio.tones).toBe(6);
    scope.stop();
  });

  it('says that the browser keeps it silent until somebody touches the page', () => {
    Audio.state = 'suspended';
    const scope = effectScope();
    const alarm = scope.run(() => useAlarmSound(ref(true)))!;
    expect(alarm.blocked.value).toBe(true);
    Audio.state = 'running';
    window.dispatchEvent(new Event('pointerdown'));
    expect(alarm.blocked.value).toBe(false);
    expect(Audio.tones).toBe(2);
    scope.stop();
    vi.advanceTimersByTime(10_000);
    expect(Audio.tones).toBe(2);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, nextTick, ref } from 'vue';
import { deskAlarm, useAlarmSound, wallAlarms, type AlarmPattern } from './useAlarmSound';

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
    const wanted = ref<AlarmPattern | null>(null);
    const scope = effectScope();
    scope.run(() => useAlarmSound(wanted));
    vi.advanceTimersByTime(10_000);
    expect(Audio.tones).toBe(0);
    wanted.value = deskAlarm;
    await nextTick();
    expect(Audio.tones).toBe(2);
    vi.advanceTimersByTime(4_000);
    expect(Audio.tones).toBe(6);
    wanted.value = null;
    await nextTick();
    vi.advanceTimersByTime(10_000);
    expect(Audio.tones).toBe(6);
    scope.stop();
  });

  it('says that the browser keeps it silent until somebody touches the page', () => {
    Audio.state = 'suspended';
    const scope = effectScope();
    const alarm = scope.run(() => useAlarmSound(ref(deskAlarm)))!;
    expect(alarm.blocked.value).toBe(true);
    Audio.state = 'running';
    window.dispatchEvent(new Event('pointerdown'));
    expect(alarm.blocked.value).toBe(false);
    expect(Audio.tones).toBe(2);
    scope.stop();
    vi.advanceTimersByTime(10_000);
    expect(Audio.tones).toBe(2);
  });

  it('calls less often from a wall for what is less urgent', async () => {
    const wanted = ref<AlarmPattern | null>(wallAlarms.low);
    const scope = effectScope();
    scope.run(() => useAlarmSound(wanted));
    vi.advanceTimersByTime(59_000);
    expect(Audio.tones).toBe(4);
    wanted.value = wallAlarms.high;
    await nextTick();
    vi.advanceTimersByTime(59_000);
    expect(Audio.tones).toBe(4 + 15 * 3);
    scope.stop();
  });

  it('looks again with each call whether it may sound: nobody touches a wall', () => {
    Audio.state = 'suspended';
    const scope = effectScope();
    const alarm = scope.run(() => useAlarmSound(ref(wallAlarms.high)))!;
    vi.advanceTimersByTime(10_000);
    expect([alarm.blocked.value, Audio.tones]).toEqual([true, 0]);
    Audio.state = 'running';
    vi.advanceTimersByTime(4_000);
    expect([alarm.blocked.value, Audio.tones]).toEqual([false, 3]);
    scope.stop();
  });

  it('is silent on a machine without any sound', () => {
    vi.stubGlobal('AudioContext', undefined);
    const scope = effectScope();
    const alarm = scope.run(() => useAlarmSound(ref(deskAlarm)))!;
    vi.advanceTimersByTime(10_000);
    expect(alarm.blocked.value).toBe(false);
    scope.stop();
  });
});

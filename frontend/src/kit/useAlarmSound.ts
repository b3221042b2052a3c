// The one sound of the page: tones, again and again, for as long as they are wanted.
import { onScopeDispose, ref, watch, type Ref } from 'vue';

export interface AlarmPattern {
  tonesHz: number[];
  /** How long a tone is, and how long until the next one, s. */
  toneS: number;
  stepS: number;
  /** From one call to the next, ms. */
  everyMs: number;
  loudness: number;
}

/** At a desk: two short tones, heard over machines, and no siren in a quiet room. */
export const deskAlarm: AlarmPattern = {
  tonesHz: [880, 660],
  toneS: 0.18,
  stepS: 0.26,
  everyMs: 2_000,
  loudness: 0.25,
};
const wall = { toneS: 0.22, stepS: 0.264, loudness: 0.35 };
/** From a wall, into a hall: what is urgent calls more often, and in another tune. */
export const wallAlarms: Record<'low' | 'high', AlarmPattern> = {
  low: { ...wall, tonesHz: [660], everyMs: 15_000 },
  high: { ...wall, tonesHz: [880, 660, 880], everyMs: 4_000 },
};

/** A tone that is cut off cracks, s. */
const EDGE_S = 0.02;
/** The gestures after which a browser lets a page sound. */
const GESTURES = ['pointerdown', 'keydown'] as const;

function play(context: AudioContext, { tonesHz, toneS, stepS, loudness }: AlarmPattern): void {
  tonesHz.forEach((hertz, index) => {
    const from = context.currentTime + index * stepS;
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(loudness, from + EDGE_S);
    gain.gain.setValueAtTime(loudness, from + toneS - EDGE_S);
    gain.gain.linearRampToValueAtTime(0, from + toneS);
    tone.connect(gain).connect(context.destination);
    tone.start(from);
    tone.stop(from + toneS);
  });
}

/**
 * Sounds in a pattern until that is null. A browser lets a page sound only after somebody touched
 * it, or when it is told to: `blocked` says that it is wanted and not heard, so that the page can
 * say so. It is tried again with each call, since nobody touches a wall.
 */
export function useAlarmSound(wanted: Readonly<Ref<AlarmPattern | null>>) {
  const blocked = ref(false);
  let audio: AudioContext | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;

  function sound(): void {
    // A machine without a loudspeaker may have no audio at all.
    if (!wanted.value || typeof AudioContext === 'undefined') return;
    audio ??= new AudioContext();
    // A context that may not start never answers; the next call looks again.
    if (audio.state !== 'running') void audio.resume().catch(() => undefined);
    blocked.value = audio.state !== 'running';
    if (!blocked.value) play(audio, wanted.value);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    blocked.value = false;
  }

  const touched = () => {
    if (timer !== undefined && blocked.value) sound();
  };
  for (const gesture of GESTURES) window.addEventListener(gesture, touched, { passive: true });

  watch(
    wanted,
    (now) => {
      stop();
      if (!now) return;
      timer = setInterval(sound, now.everyMs);
      sound();
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    stop();
    for (const gesture of GESTURES) window.removeEventListener(gesture, touched);
    void audio?.close().catch(() => undefined);
  });

  return { blocked };
}

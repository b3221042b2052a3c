// The sound of a wall: two tones, again and again, until somebody has acknowledged.
import { onScopeDispose, ref, watch, type Ref } from 'vue';

export type Urgency = 'none' | 'low' | 'high';

/** Between two calls, ms; what is urgent calls more often. */
const pauseMs: Record<Exclude<Urgency, 'none'>, number> = { low: 15_000, high: 4_000 };
const tonesHz: Record<Exclude<Urgency, 'none'>, number[]> = { low: [660], high: [880, 660, 880] };
const TONE_S = 0.22;
const LOUDNESS = 0.35;

export function useAlarmTone(urgency: Ref<Urgency>) {
  /** The browser lets no page sound that nobody has touched, unless it is told to. */
  const blocked = ref(false);
  let audio: AudioContext | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function tone(context: AudioContext, hz: number, at: number): void {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.frequency.value = hz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
    gain.gain.linearRampToValueAtTime(0, at + TONE_S);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + TONE_S);
  }

  async function call(): Promise<void> {
    const now = urgency.value;
    if (now === 'none') return;
    timer = setTimeout(() => void call(), pauseMs[now]);
    try {
      audio ??= new AudioContext();
      // A context that may not start never answers; the next call looks again.
      if (audio.state !== 'running') void audio.resume().catch(() => undefined);
      blocked.value = audio.state !== 'running';
      if (blocked.value) return;
      const context = audio;
      tonesHz[now].forEach((hz, index) =>
        tone(context, hz, context.currentTime + index * TONE_S * 1.2),
      );
    } catch {
      blocked.value = true;
    }
  }

  watch(
    urgency,
    (now) => {
      clearTimeout(timer);
      if (now === 'none') blocked.value = false;
      else void call();
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearTimeout(timer);
    void audio?.close().catch(() => undefined);
  });
  return { blocked };
}

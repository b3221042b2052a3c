import { onScopeDispose, ref, watch, type Ref } from 'vue';

/** Two short tones, a pause: heard over machines, and no siren in a quiet room. */
const BEEP_S = 0.18;
const GAP_S = 0.08;
const REPEAT_MS = 2_000;
const TONES_HZ = [880, 660];
const LOUDNESS = 0.25;

/** The gestures after which a browser lets a page sound. */
const GESTURES = ['pointerdown', 'keydown'] as const;

/**
 * Sounds for as long as it is wanted. A browser lets a page sound only after somebody touched it:
 * `blocked` says that it is wanted and not heard, so that the page can say so.
 */
export function useAlarmSound(wanted: Readonly<Ref<boolean>>) {
  const blocked = ref(false);
  let audio: AudioContext | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;

  function beep(context: AudioContext): void {
    TONES_HZ.forEach((hertz, n) => {
      const from = context.currentTime + n * (BEEP_S + GAP_S);
      const tone = context.createOscillator();
      const loudness = context.createGain();
      tone.frequency.value = hertz;
      // Rises and falls within a hundredth of a second: a tone that is cut off cracks.
      loudness.gain.setValueAtTime(0, from);
      loudness.gain.linearRampToValueAtTime(LOUDNESS, from + 0.01);
      loudness.gain.setValueAtTime(LOUDNESS, from + BEEP_S - 0.01);
      loudness.gain.linearRampToValueAtTime(0, from + BEEP_S);
      tone.connect(loudness).connect(context.destination);
      tone.start(from);
      tone.stop(from + BEEP_S);
    });
  }

  function sound(): void {
    // A machine without a loudspeaker may have no audio at all.
    if (typeof AudioContext === 'undefined') return;
    audio ??= new AudioContext();
    if (audio.state === 'suspended') void audio.resume().catch(() => undefined);
    blocked.value = audio.state !== 'running';
    if (!blocked.value) beep(audio);
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
      timer = setInterval(sound, REPEAT_MS);
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

import { useI18n } from 'vue-i18n';
import { stateWord } from '@/kit/state';
import { useFormat } from '@/kit/useFormat';
import type { Reading, Tone } from './age';

/** Everything that ReadingText draws. */
export interface Shown {
  text: string;
  unit: string | null;
  tone: Tone;
  note: string | null;
}

/** Younger than this is simply "now"; seconds that tick on every tile would tire the eye. */
const NOW_MS = 15_000;
/** Below a minute the age moves in steps, for the same reason. */
const STEP_MS = 10_000;
const MINUTE_MS = 60_000;

/** "flow_rate" as a person would write it. */
const plain = (metric: string) =>
  (metric.charAt(0).toUpperCase() + metric.slice(1)).replace(/_/g, ' ');

export function useReadingText() {
  const { t, te } = useI18n();
  const format = useFormat();

  function ageText(ms: number | null): string {
    if (ms === null) return t('age.never');
    if (ms < NOW_MS) return t('age.now');
    const rounded = ms < MINUTE_MS ? Math.floor(ms / STEP_MS) * STEP_MS : ms;
    return t('age.ago', { age: format.duration(rounded) });
  }

  function noteOf({ reason, ageMs }: Reading): string | null {
    if (reason === 'none') return null;
    if (ageMs === null || reason === 'no_data') return t(`reading.${reason}`);
    return t(`reading.${reason}For`, { age: format.duration(ageMs) });
  }

  /** "● open", "○ closed", "◐ 25% open": a state in words; `null` for what is none. */
  function stateText(metric: string, value: number | null): string | null {
    const said = stateWord(metric, value);
    if (!said) return null;
    const word = t(`state.${said.key}`);
    return said.share === null
      ? `${said.sign} ${word}`
      : `${said.sign} ${t('state.share', { share: format.percent(said.share), state: word })}`;
  }

  /** A value and its unit as a text; of a state the word. */
  const valueText = (metric: string, value: number | null, unit: string | null): string =>
    stateText(metric, value) ?? `${format.quantity(value, unit)} ${unit ?? ''}`.trim();

  function show(reading: Reading, unit: string | null, metric = ''): Shown {
    const state = stateText(metric, reading.value);
    if (state !== null)
      return { text: state, unit: null, tone: reading.tone, note: noteOf(reading) };
    const [text, shownUnit] =
      unit === 'kW' ? format.power(reading.value) : [format.quantity(reading.value, unit), unit];
    return { text, unit: shownUnit, tone: reading.tone, note: noteOf(reading) };
  }

  /** "Voltage L1"; a plant's own metric shows under its own name. */
  function metricName(metric: string, phase: string | null = null): string {
    const numbered = /^(digital|relay)_(\d+)(_on)?$/.exec(metric);
    if (numbered) return t(`state.${numbered[1] ?? ''}`, { number: numbered[2] ?? '' });
    const key = `metric.${metric}`;
    const name = te(key) || te(key, 'en') ? t(key) : plain(metric);
    return phase ? `${name} ${phase}` : name;
  }

  return { show, stateText, valueText, ageText, metricName };
}

// The live table: what the appliance listed, under what the socket said since. Pure.
import type { LiveValue, SocketValue } from '@/api/types';
import { readingOf, type Moment, type Reading } from '@/live/age';
import { valueKey } from '@/live/frames';

export interface ShownValue {
  key: string;
  metric: string;
  phase: string | null;
  unit: string | null;
  quality: string;
  reading: Reading;
  register: LiveValue['register'];
}

const order = [
  'power',
  'consumption',
  'voltage',
  'current',
  'power_factor',
  'frequency',
  'temperature',
];
const rank = (metric: string) => (order.indexOf(metric) + order.length + 1) % (order.length + 1);

/** Here, and only here, a person looks for the fault: what cannot be true is shown, greyed. */
function shownOf(value: LiveValue | SocketValue, moment: Moment): Reading {
  const reading = readingOf(value, moment);
  if (value.quality !== 'bad' || value.value === null) return reading;
  return { ...reading, value: value.value, tone: 'old' };
}

export function liveValues(
  listed: LiveValue[],
  pushed: Map<string, SocketValue> | undefined,
  moment: Moment,
): ShownValue[] {
  const known = new Map<string, LiveValue | SocketValue>();
  for (const value of listed) known.set(valueKey(value), value);
  for (const [key, value] of pushed ?? []) known.set(key, value);
  const registers = new Map(listed.map((value) => [valueKey(value), value.register]));
  return [...known]
    .map(([key, value]) => ({
      key,
      metric: value.metric,
      phase: value.phase,
      unit: value.unit,
      quality: value.quality,
      reading: shownOf(value, moment),
      register: registers.get(key) ?? null,
    }))
    .sort(
      (a, b) =>
        rank(a.metric) - rank(b.metric) ||
        a.metric.localeCompare(b.metric) ||
        (a.phase ?? '').localeCompare(b.phase ?? ''),
    );
}

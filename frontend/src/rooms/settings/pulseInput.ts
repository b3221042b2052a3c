// Which inputs may give the pulse of the utility: counters of pulses and contacts. Pure.
import type { HistorySeries, SiteWishes } from '@/api/types';

type Pulse = NonNullable<SiteWishes['demand_pulse']>;

/** Names of what counts pulses, or closes for a moment. */
const NAMES = /(_count|_pulse|_pulses|_sync)$|^digital_\d+$|pulse|sync/;

/** Equipment and quantity in one value of a list; nothing is an empty one. */
export const pulseKey = (pulse: Pulse | null | undefined): string =>
  pulse ? `${pulse.equipment} ${pulse.metric}` : '';

export function pulseOf(key: string): Pulse | null {
  const [equipment, metric] = key.split(' ');
  return equipment && metric ? { equipment, metric } : null;
}

/** The inputs of a site that may give it; the chosen one is always among them. */
export function pulseInputs(
  series: HistorySeries[],
  chosen: string,
  nameOf: (metric: string) => string,
) {
  const found = series
    .filter(({ phase, metric }) => !phase && NAMES.test(metric))
    .map(({ equipment_id, equipment, metric }) => ({
      value: pulseKey({ equipment: equipment_id, metric }),
      label: `${equipment} · ${nameOf(metric)}`,
    }));
  if (!chosen || found.some(({ value }) => value === chosen)) return found;
  return [...found, { value: chosen, label: nameOf(chosen.split(' ')[1] ?? chosen) }];
}

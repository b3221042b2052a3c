// The presets of the trend and how finely each one asks. Pure.
import type { History, HistoryPoint, Resolution } from '@/api/types';
import type { ChartData } from '@/kit/chartData';

export const ranges = ['1h', '24h', '7d', '30d'] as const;
export type Range = (typeof ranges)[number];

const HOUR_S = 3_600;

/** Energy is a sum per bucket and wants fewer, wider ones than a curve. */
const plans: Record<Range, { seconds: number; curve: Resolution; bars: Resolution }> = {
  '1h': { seconds: HOUR_S, curve: '1min', bars: '5min' },
  '24h': { seconds: 24 * HOUR_S, curve: '5min', bars: '1hour' },
  '7d': { seconds: 7 * 24 * HOUR_S, curve: '30min', bars: '2hour' },
  '30d': { seconds: 30 * 24 * HOUR_S, curve: '2hour', bars: 'daily' },
};

export const isEnergy = (metric: string) => metric === 'consumption';

export function planOf(range: Range, metric: string, now: number) {
  const plan = plans[range];
  return {
    from: new Date(now - plan.seconds * 1000).toISOString(),
    to: new Date(now).toISOString(),
    resolution: isEnergy(metric) ? plan.bars : plan.curve,
  };
}

export const spanOf = (range: Range, now: number): [number, number] => [
  now / 1000 - plans[range].seconds,
  now / 1000,
];

/** The few metrics whose field has another name than the metric. */
const fieldOf: Record<string, keyof HistoryPoint> = { power_factor: 'powerFactor' };

export function valueOf(point: HistoryPoint, metric: string): number | null {
  const own = point[(fieldOf[metric] ?? metric) as keyof HistoryPoint];
  return point.value ?? (typeof own === 'number' ? own : null);
}

export function chartOf(history: History, metric: string): ChartData {
  const { series } = history;
  const data: ChartData = {
    times: series.map((point) => Date.parse(point.timestamp) / 1000),
    values: series.map((point) => valueOf(point, metric)),
  };
  const banded = !isEnergy(metric) && series.some((point) => point.min != null);
  if (!banded) return data;
  return {
    ...data,
    low: series.map((point) => point.min ?? null),
    high: series.map((point) => point.max ?? null),
  };
}

export interface Summary {
  low: number;
  mean: number;
  high: number;
  sum: number;
}

export function summaryOf(data: ChartData): Summary | null {
  const known = (values: (number | null)[]) =>
    values.filter((value): value is number => value !== null);
  const values = known(data.values);
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  const least = (list: number[]) => list.reduce((a, b) => Math.min(a, b));
  const most = (list: number[]) => list.reduce((a, b) => Math.max(a, b));
  return {
    low: least(known(data.low ?? data.values).concat(values)),
    mean: sum / values.length,
    high: most(known(data.high ?? data.values).concat(values)),
    sum,
  };
}

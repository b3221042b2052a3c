// The figures of EEMUA 191 with what each of them should be. Pure.
import type { AlertQuality, Level } from '@/api/types';
import type { ChartData } from '@/kit/chartData';

/** Share of the time in flood that is aimed at; the share of the ten that say most, at most. */
const FLOOD_SHARE = 0.01;
const TOP_SHARE = 0.5;
/** Alerts of the worst hour, at most. */
const PEAK_HOUR = 15;
/** Floods that are listed. */
export const FLOODS_SHOWN = 10;

export interface Judged {
  name:
    | 'alerts'
    | 'perTenMinutes'
    | 'peak'
    | 'peakHour'
    | 'flood'
    | 'top'
    | 'chattering'
    | 'stale'
    | 'standing'
    | 'acknowledged'
    | 'timeToAcknowledge'
    | 'shelved';
  value: number | null;
  kind: 'number' | 'share' | 'time';
  /** Null where no figure is aimed at. */
  good: boolean | null;
}

export function judged(quality: AlertQuality): Judged[] {
  const row = (
    name: Judged['name'],
    value: number | null,
    kind: Judged['kind'] = 'number',
    good: boolean | null = null,
  ): Judged => ({ name, value, kind, good });
  const { per_ten_minutes: mean, peak_ten_minutes: peak, top_share: top } = quality;
  return [
    row('alerts', quality.alerts),
    row('perTenMinutes', mean, 'number', mean <= quality.steady_limit),
    row('peak', peak, 'number', peak <= quality.flood_limit),
    row('peakHour', quality.peak_hour, 'number', quality.peak_hour <= PEAK_HOUR),
    row('flood', quality.flood_share, 'share', quality.flood_share <= FLOOD_SHARE),
    // Ten of few alerts are always most of them.
    row('top', top, 'share', quality.top.length < 10 ? null : top <= TOP_SHARE),
    row('chattering', quality.chattering, 'number', quality.chattering === 0),
    row('stale', quality.stale_total, 'number', quality.stale_total === 0),
    row('standing', quality.standing),
    row('acknowledged', quality.acknowledged_share, 'share'),
    row('timeToAcknowledge', quality.mean_time_to_acknowledge_s, 'time'),
    row('shelved', quality.shelved),
  ];
}

export interface Mixed {
  levels: Level[];
  alerts: number;
  share: number;
  /** The share that is aimed at. */
  aim: number;
}

/** How urgent the alerts were, beside what EEMUA 191 aims at. */
export function mixed(quality: AlertQuality): Mixed[] {
  const of = (levels: Level[], aim: number): Mixed => {
    const those = quality.levels.filter(({ level }) => levels.includes(level));
    return {
      levels,
      alerts: those.reduce((sum, { alerts }) => sum + alerts, 0),
      share: those.reduce((sum, { share }) => sum + share, 0),
      aim,
    };
  };
  return [
    of(['Emergency', 'Critical', 'High'], 0.05),
    of(['Medium'], 0.15),
    of(['Low', 'Informational'], 0.8),
  ];
}

/** Widths of a bar, ms; the chart takes the finest of which there are not too many. */
const BAR_STEPS_MS = [600_000, 3_600_000, 4 * 3_600_000, 12 * 3_600_000];
const BARS_MOST = 200;
/** Rows of the table that stands for the picture. */
export const BARS_LISTED = 50;

export interface Bar {
  /** When it begins, ms since 1970. */
  at: number;
  /** The most alerts of ten minutes within it. */
  alerts: number;
}

/** How long a bar is: ten minutes, or as many of them as a wide span needs. */
export function barStep({ from, to }: Pick<AlertQuality, 'from' | 'to'>): number {
  const length = Date.parse(to) - Date.parse(from);
  const fits = (step: number) => length / step <= BARS_MOST;
  return BAR_STEPS_MS.find(fits) ?? Math.max(...BAR_STEPS_MS);
}

/** The worst ten minutes of each bar, oldest first; bars without alerts are left out. */
export function bars({ bins }: Pick<AlertQuality, 'bins'>, stepMs: number): Bar[] {
  const most = new Map<number, number>();
  for (const { at, alerts } of bins) {
    const start = Math.floor(Date.parse(at) / stepMs) * stepMs;
    most.set(start, Math.max(most.get(start) ?? 0, alerts));
  }
  return [...most].map(([at, alerts]) => ({ at, alerts })).sort((a, b) => a.at - b.at);
}

/** Those bars over the whole span, zeroes too, so that each is as wide as its time. */
export function barChart(quality: AlertQuality, stepMs: number): ChartData {
  const of = new Map(bars(quality, stepMs).map(({ at, alerts }) => [at, alerts]));
  const data: ChartData = { times: [], values: [] };
  const first = Math.floor(Date.parse(quality.from) / stepMs) * stepMs;
  for (let at = first; at < Date.parse(quality.to); at += stepMs) {
    data.times.push(at / 1_000);
    data.values.push(of.get(at) ?? 0);
  }
  return data;
}

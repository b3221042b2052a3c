// The figures of EEMUA 191 with what each of them should be. Pure.
import type { AlertQuality, Level } from '@/api/types';

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

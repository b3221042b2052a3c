// What may be drawn in normal ink, decided in one place. Pure: values in, values out.
import type { Quality, SocketValue } from '@/api/types';

export type Tone = 'good' | 'marked' | 'old' | 'none';
export type Reason =
  | 'none'
  | 'waiting'
  | 'no_data'
  | 'missing'
  | 'bad'
  | 'stale'
  | 'disconnected'
  | 'substituted'
  | 'manual';

/** A value on its way to the screen: how to draw it, and what to say about it. */
export interface Reading {
  value: number | null;
  tone: Tone;
  reason: Reason;
  ageMs: number | null;
}

export interface Moment {
  /** The appliance's time, not this panel's. */
  now: number;
  /** False while the connection is lost, and until the value came again over the new one. */
  current: boolean;
}

export const nothing = (reason: Reason = 'no_data'): Reading => ({
  value: null,
  tone: 'none',
  reason,
  ageMs: null,
});

export function ageMs(timestamp: string | null, now: number): number | null {
  if (!timestamp) return null;
  const at = Date.parse(timestamp);
  return Number.isNaN(at) ? null : Math.max(0, now - at);
}

const byQuality: Record<Quality, { tone: Tone; reason: Reason }> = {
  good: { tone: 'good', reason: 'none' },
  substituted: { tone: 'marked', reason: 'substituted' },
  manual: { tone: 'marked', reason: 'manual' },
  stale: { tone: 'old', reason: 'stale' },
  missing: { tone: 'none', reason: 'missing' },
  bad: { tone: 'none', reason: 'bad' },
};

export function readingOf(
  value: Pick<SocketValue, 'value' | 'quality' | 'timestamp'> | null | undefined,
  moment: Moment,
): Reading {
  if (!value) return nothing();
  const age = ageMs(value.timestamp, moment.now);
  // A quality that this page does not know is not trusted.
  const { tone, reason } = byQuality[value.quality] ?? byQuality.bad;
  if (value.value == null || tone === 'none') {
    return { value: null, tone: 'none', reason: tone === 'none' ? reason : 'no_data', ageMs: age };
  }
  if (!moment.current)
    return { value: value.value, tone: 'old', reason: 'disconnected', ageMs: age };
  return { value: value.value, tone, reason, ageMs: age };
}

/** A push that failed to come three times running is not current, though the line is alive. */
const MISSED_PUSHES = 3;
const SHORTEST_PUSH_LIMIT_MS = 15_000;

export function pushIsCurrent(receivedAt: number, now: number, cadenceMs: number): boolean {
  return now - receivedAt <= Math.max(SHORTEST_PUSH_LIMIT_MS, MISSED_PUSHES * cadenceMs);
}

/** A site figure: the push says null when nothing fresh is known. */
export function siteReading(
  value: number | null | undefined,
  timestamp: string | null,
  moment: Moment & { fresh: boolean },
): Reading {
  const age = ageMs(timestamp, moment.now);
  // The page was just opened: that nothing came yet says nothing about the meters.
  if (timestamp === null) return nothing('waiting');
  if (value === null || value === undefined)
    return { value: null, tone: 'none', reason: 'missing', ageMs: null };
  if (!moment.current) return { value, tone: 'old', reason: 'disconnected', ageMs: age };
  if (!moment.fresh) return { value, tone: 'old', reason: 'stale', ageMs: age };
  return { value, tone: 'good', reason: 'none', ageMs: age };
}

// Where a value and its usual range stand on a scale from 0 to 1. Pure.

/** How much wider than the range the scale is, to each side. */
const ROOM = 0.6;

export interface Scale {
  band: [from: number, to: number] | null;
  mark: number | null;
}

export function scaleOf(
  value: number | null,
  low: number | null,
  high: number | null,
  fromZero: boolean,
): Scale {
  if (low === null || high === null) return { band: null, mark: null };
  const width = Math.max(high - low, Math.abs(high) * 0.01, 1e-6);
  const seen = value ?? (low + high) / 2;
  const bottom = fromZero && low >= 0 && seen >= 0 ? 0 : Math.min(low - width * ROOM, seen);
  const top = Math.max(high + width * ROOM, seen);
  const at = (one: number) => (one - bottom) / (top - bottom);
  return { band: [at(low), at(high)], mark: value === null ? null : at(value) };
}

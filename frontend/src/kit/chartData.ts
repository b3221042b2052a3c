// What a chart draws, before any library sees it. Pure.

export interface ChartData {
  /** Seconds since 1970, ascending. */
  times: number[];
  values: (number | null)[];
  low?: (number | null)[];
  high?: (number | null)[];
}

export const emptyChart = (): ChartData => ({ times: [], values: [] });

/** Where two points are farther apart than `limitS`, a hole is put between them: no line crosses it. */
export function withHoles(data: ChartData, limitS: number): ChartData {
  const out: ChartData = { times: [], values: [] };
  if (data.low && data.high) Object.assign(out, { low: [], high: [] });
  data.times.forEach((time, index) => {
    const before = data.times[index - 1];
    if (before !== undefined && time - before > limitS) {
      out.times.push(before + limitS / 2);
      out.values.push(null);
      out.low?.push(null);
      out.high?.push(null);
    }
    out.times.push(time);
    out.values.push(data.values[index] ?? null);
    out.low?.push(data.low?.[index] ?? null);
    out.high?.push(data.high?.[index] ?? null);
  });
  return out;
}

/** Adds the newest point and lets go of what is older than the window. */
export function append(
  data: ChartData,
  time: number,
  value: number | null,
  windowS: number,
): ChartData {
  const last = data.times[data.times.length - 1];
  if (last !== undefined && time <= last) return data;
  const start = data.times.findIndex((at) => at >= time - windowS);
  const from = start < 0 ? data.times.length : start;
  return {
    times: [...data.times.slice(from), time],
    values: [...data.values.slice(from), value],
  };
}

/** Digits that an axis with this step needs, so that 0.25 does not read as 0.3. */
export function stepDigits(step: number): number {
  const MOST = 4;
  for (let digits = 0; digits < MOST; digits += 1) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 && scaled >= 1) return digits;
  }
  return MOST;
}

/** The axis starts at zero for power and energy; elsewhere it hugs the values. */
export function valueRange(
  low: number | null,
  high: number | null,
  fromZero: boolean,
): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high))
    return [0, 1];
  if (fromZero) {
    const bottom = Math.min(0, low);
    const top = Math.max(0, high);
    const pad = (top - bottom || 1) * 0.08;
    return [bottom < 0 ? bottom - pad : 0, top + pad];
  }
  const pad = (high - low || Math.abs(high) * 0.02 || 1) * 0.15;
  return [low - pad, high + pad];
}

// The last hour as points and holes. Pure.
import type { HistoryPoint } from '@/api/types';
import { withHoles, type ChartData } from '@/kit/chartData';

export const WINDOW_S = 3_600;
/** Without two points to learn the beat from, a minute of silence is a hole. */
const DEFAULT_HOLE_S = 60;
const SHORTEST_HOLE_S = 15;
const MISSED_BEATS = 3;

/** Three missed beats are a hole, whatever the beat of the plant is. */
export function holeAfterS(times: number[]): number {
  const steps = times
    .slice(1)
    .map((time, index) => time - (times[index] ?? time))
    .sort((a, b) => a - b);
  const middle = steps[Math.floor(steps.length / 2)];
  if (middle === undefined) return DEFAULT_HOLE_S;
  return Math.max(SHORTEST_HOLE_S, middle * MISSED_BEATS);
}

export function powerPoints(series: HistoryPoint[]): ChartData {
  return {
    times: series.map((point) => Date.parse(point.timestamp) / 1000),
    values: series.map((point) => point.power ?? null),
  };
}

/**
 * The stored hour, then what the socket brought since, without a line across the holes. Stored
 * minutes and live beats have their own pace, so each part knows its own holes.
 */
export function joined(stored: ChartData, live: ChartData): ChartData {
  const end = stored.times[stored.times.length - 1] ?? -Infinity;
  const from = live.times.findIndex((time) => time > end);
  if (from < 0) return withHoles(stored, holeAfterS(stored.times));
  const late = { times: live.times.slice(from), values: live.values.slice(from) };
  const limitS = holeAfterS(stored.times);
  const before = withHoles(stored, limitS);
  const after = withHoles(late, holeAfterS(late.times));
  const seam = end > -Infinity && (late.times[0] ?? end) - end > limitS;
  return {
    times: [...before.times, ...(seam ? [end + limitS / 2] : []), ...after.times],
    values: [...before.values, ...(seam ? [null] : []), ...after.values],
  };
}

/** What is usual at each point, behind the curve. */
export function withBand(
  data: ChartData,
  bandAt: (second: number) => { low: number | null; high: number | null },
): ChartData {
  const bands = data.times.map(bandAt);
  return { ...data, low: bands.map(({ low }) => low), high: bands.map(({ high }) => high) };
}

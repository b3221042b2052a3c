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

/** The stored hour, then what the socket brought since, without a line across the holes. */
export function joined(stored: ChartData, live: ChartData): ChartData {
  const end = stored.times[stored.times.length - 1] ?? -Infinity;
  const from = live.times.findIndex((time) => time > end);
  const late = from < 0 ? { times: [], values: [] } : live;
  const all = {
    times: [...stored.times, ...late.times.slice(Math.max(0, from))],
    values: [...stored.values, ...late.values.slice(Math.max(0, from))],
  };
  return withHoles(all, holeAfterS(all.times));
}

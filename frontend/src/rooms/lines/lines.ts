// What a line shows, from what the appliance counted. Pure.
import type { Frame, Line, LineState, Outcome, Tally } from '@/api/types';
import { withHoles, type ChartData } from '@/kit/chartData';
import type { StatusLook } from '@/live/status';

const looks: Record<LineState, StatusLook> = {
  connecting: { shape: 'ring', tone: 'off' },
  working: { shape: 'circle', tone: 'normal' },
  troubled: { shape: 'diamond', tone: 'attention' },
  partly: { shape: 'triangle', tone: 'abnormal' },
  silent: { shape: 'triangle', tone: 'abnormal' },
  unreachable: { shape: 'triangle', tone: 'abnormal' },
};

export const lineLook = (state: LineState): StatusLook => looks[state];

const rank: Record<LineState, number> = {
  unreachable: 0,
  silent: 1,
  partly: 2,
  troubled: 3,
  connecting: 4,
  working: 5,
};

/** The worst first: it is what the page was opened for. */
export const worstLinesFirst = (lines: Line[]): Line[] =>
  [...lines].sort((a, b) => rank[a.state] - rank[b.state] || a.key.localeCompare(b.key));

/** The devices of a line that do not answer now. */
export const silentOn = (line: Line): string[] =>
  line.devices.filter(({ link }) => link.failures > 0).map(({ name }) => name);

export interface TripBar {
  /** The end of the span, ms; null for the last, which has none. */
  endMs: number | null;
  /** Where it begins, ms. */
  startMs: number;
  count: number;
  /** Of the longest bar, %. */
  percent: number;
}

/** The spans of round trips from the first to the last in which anything was counted. */
export function tripBars(counts: number[], endsMs: number[]): TripBar[] {
  const most = Math.max(0, ...counts);
  if (most === 0) return [];
  const first = counts.findIndex((count) => count > 0);
  const last = counts.reduce((found, count, index) => (count > 0 ? index : found), first);
  return counts.slice(first, last + 1).map((count, index) => ({
    endMs: endsMs[first + index] ?? null,
    startMs: endsMs[first + index - 1] ?? 0,
    count,
    percent: (count / most) * 100,
  }));
}

/** Questions and failed connections of a time that went wrong. */
export const wrongOf = (tally: Tally): number =>
  tally.asked - tally.answered + tally.connect_failures;

const QUARTER_S = 900;

/** What went wrong by quarter of an hour; a quarter in which nothing was said is a hole. */
export function troubleChart(quarters: Tally[]): ChartData {
  return withHoles(
    {
      times: quarters.map(({ at }) => Date.parse(at) / 1000),
      values: quarters.map(wrongOf),
    },
    QUARTER_S,
  );
}

/** How a frame ended looks like this: good is quiet. */
export function outcomeLook(outcome: Outcome): StatusLook {
  if (outcome === 'answered') return { shape: 'circle', tone: 'normal' };
  if (outcome === 'connected') return { shape: 'ring', tone: 'off' };
  if (outcome === 'exception') return { shape: 'diamond', tone: 'attention' };
  return { shape: 'triangle', tone: 'abnormal' };
}

/** Filters of the frames, as the appliance takes them. */
export function framesQuery(unit: string, outcome: string) {
  return {
    ...(unit ? { unit: Number(unit) } : {}),
    ...(outcome ? { outcome } : {}),
  };
}

/** New frames in front of those that were loaded before, each once, at most so many. */
export function joined(newer: Frame[], older: Frame[], most: number): Frame[] {
  const oldest = newer[newer.length - 1]?.number ?? Infinity;
  return [...newer, ...older.filter(({ number }) => number < oldest)].slice(0, most);
}

/** Words as a manual writes them. */
export const hexWord = (word: number): string => word.toString(16).toUpperCase().padStart(4, '0');

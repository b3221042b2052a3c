// The running quarter of an hour: what it has used, and where it will end. Pure.
// Demand is the mean power of a window on the clock; a bill is often made of the highest of them.
import type { EnergyDemand, EnergyPeaks } from '@/api/types';
import type { ChartData } from '@/kit/chartData';

export const QUARTER_S = 900;
/** The rest of the window is taken to go on like these last seconds. */
const RECENT_S = 120;
/** A value stands for no longer than this, whatever comes after it. */
const HOLDS_S = 90;

export interface Demand {
  startS: number;
  endS: number;
  elapsedS: number;
  /** Mean power so far, kW. */
  meanKw: number;
  /** What the window ends with if nothing is drawn from now on, kW. */
  securedKw: number;
  /** Where it ends if it goes on like now, kW; null when nothing is known of now. */
  endsKw: number | null;
  /** How much of what has passed was measured, 0 to 1. */
  coverage: number;
}

/** Energy in kWs and the seconds that are known, between two instants. */
function sumOf({ times, values }: ChartData, fromS: number, toS: number) {
  let kws = 0;
  let knownS = 0;
  times.forEach((time, index) => {
    const value = values[index];
    if (value == null) return;
    const end = Math.min(times[index + 1] ?? Infinity, time + HOLDS_S, toS);
    const seconds = end - Math.max(time, fromS);
    if (seconds <= 0) return;
    kws += value * seconds;
    knownS += seconds;
  });
  return { kws, knownS };
}

export function demandOf(curve: ChartData, nowS: number): Demand | null {
  const startS = Math.floor(nowS / QUARTER_S) * QUARTER_S;
  const elapsedS = nowS - startS;
  const { kws, knownS } = sumOf(curve, startS, nowS);
  if (knownS <= 0) return null;
  const meanKw = kws / knownS;
  const recent = sumOf(curve, nowS - RECENT_S, nowS);
  const drawn = meanKw * elapsedS;
  const rest = QUARTER_S - elapsedS;
  return {
    startS,
    endS: startS + QUARTER_S,
    elapsedS,
    meanKw,
    securedKw: drawn / QUARTER_S,
    endsKw: recent.knownS > 0 ? (drawn + (recent.kws / recent.knownS) * rest) / QUARTER_S : null,
    coverage: Math.min(1, knownS / elapsedS),
  };
}

export interface Ordered {
  kw: number;
  /** What may be drawn beside what is drawn now; below zero is what has to go. */
  availableKw: number | null;
  exceeds: boolean;
}

/** What the appliance says of the running window, and the ordered power where the tariff has one. */
export function answered(
  running: NonNullable<EnergyDemand['running']>,
  nowS: number,
): { demand: Demand; ordered: Ordered | null } {
  const startS = Date.parse(running.from) / 1000;
  const endS = Date.parse(running.to) / 1000;
  const kw = running.contracted_kw ?? null;
  return {
    demand: {
      startS,
      endS,
      elapsedS: Math.min(Math.max(nowS - startS, 0), endS - startS),
      meanKw: running.mean_kw,
      securedKw: running.kwh_so_far / ((endS - startS) / 3600),
      endsKw: running.forecast_kw,
      coverage: running.coverage,
    },
    ordered:
      kw === null
        ? null
        : { kw, availableKw: running.available_kw ?? null, exceeds: running.will_exceed },
  };
}

export interface Peak {
  kw: number;
  at: number;
  /** Length of the windows it is the highest of, s. */
  lengthS: number;
  /** Whether a meter was not read often enough to tell it. */
  estimated: boolean;
}

/** The highest window that the appliance knows of. */
export function highestOf(peaks: EnergyPeaks | null): Peak | null {
  const first = peaks?.items[0];
  if (!first) return null;
  const { at, kw, estimated } = first;
  return { kw: Number(kw), at: Date.parse(at), lengthS: peaks.window_minutes * 60, estimated };
}

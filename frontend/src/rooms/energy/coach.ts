// What to do about the window that is running: where it may end, and what to switch off. Pure.
import type { DemandNow, NamedLoad } from '@/api/types';

export interface Band {
  low: number;
  high: number;
}

/**
 * Where the window ends if it goes on as it did so far, and as in its last minutes: far apart while
 * something was just switched, and one figure at the end.
 */
export function bandOf({ mean_kw, forecast_kw }: DemandNow): Band {
  return { low: Math.min(mean_kw, forecast_kw), high: Math.max(mean_kw, forecast_kw) };
}

/** What the window ends with if nothing is drawn from now on, kW. */
export function securedKw({ from, to, kwh_so_far }: DemandNow): number {
  const hours = (Date.parse(to) - Date.parse(from)) / 3_600_000;
  return hours > 0 ? kwh_so_far / hours : 0;
}

export interface Shed {
  /** The fewest loads that are enough, the greatest first. */
  drop: NamedLoad[];
  /** What they free, kW. */
  freesKw: number;
  enough: boolean;
}

/** What can be switched off: something with a meter that draws. */
const droppable = ({ part, kw }: NamedLoad) => Boolean(part) && (kw ?? 0) > 0;

/**
 * The fewest loads whose power is at least what has to go. Of loads that would do alone, the one that
 * takes the least too much: nobody stops an oven for two kilowatts.
 */
export function shed(loads: NamedLoad[], needKw: number): Shed {
  const known = loads.filter(droppable).sort((a, b) => (b.kw ?? 0) - (a.kw ?? 0));
  const drop: NamedLoad[] = [];
  let freesKw = 0;
  for (let rest = needKw; rest > 0 && drop.length < known.length; rest = needKw - freesKw) {
    const free = known.filter((load) => !drop.includes(load));
    const alone = free.filter(({ kw }) => (kw ?? 0) >= rest);
    const next = alone[alone.length - 1] ?? free[0]!;
    drop.push(next);
    freesKw += next.kw ?? 0;
  }
  return { drop, freesKw, enough: freesKw >= needKw };
}

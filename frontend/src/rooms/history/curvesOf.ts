// What the charts draw, from what the appliance answered. Pure.
import type { Curve, Mark } from '@/kit/curves';
import { durationOf } from './heat';
import { holesOf, type Points } from './points';
import { fromZero, tagOf, type Known, type Side } from './series';
import type { Answered } from './useHistoryData';

/** How a series looks wherever it appears. */
export interface Shown {
  known: Known;
  name: string;
  side: Side;
}

/** With more lines than this their envelopes would cover each other. */
const BANDS_MAX = 3;

function curveOf(
  { known, name, side }: Shown,
  n: number,
  points: Points,
  ghost: boolean,
  { columns, banded, until }: { columns: boolean; banded: boolean; until: number },
): Curve {
  const bars = columns || known.counter;
  const band = banded && !bars && !ghost && points.low.some((value) => value !== null);
  return {
    key: `${known.meter}:${known.key}${ghost ? ':before' : ''}`,
    tag: tagOf(n) + (ghost ? '′' : ''),
    name,
    unit: known.unit,
    look: n,
    ghost,
    shape: bars ? 'bars' : 'line',
    side,
    fromZero: fromZero(known) || bars,
    times: points.times,
    ends: points.ends,
    values: points.values,
    low: band ? points.low : null,
    high: band ? points.high : null,
    cover: points.cover,
    doubt: bars && known.unit === 'kWh' && !ghost ? points.spread : null,
    until: ghost ? Infinity : until,
  };
}

/** The compared period lies behind, so it comes first. */
export function curvesOf(shown: Shown[], answered: Answered, columns: boolean): Curve[] {
  const how = { columns, banded: shown.length <= BANDS_MAX, until: answered.asked.now };
  return shown.flatMap((one, n) => {
    const [now, before] = [answered.points[n], answered.before?.[n]];
    const curves: Curve[] = [];
    if (before) curves.push(curveOf(one, n, before, true, how));
    if (now) curves.push(curveOf(one, n, now, false, how));
    return curves;
  });
}

/** Holes that all have, what some lack, what people corrected and what they did to the counters. */
export function marksOf(shown: Shown[], answered: Answered): Mark[] {
  const { from, to } = answered.asked;
  const holes = answered.points.map((points) => holesOf(points, from, to));
  const first = holes[0] ?? [];
  const shared = first.filter(
    (hole) =>
      hole.kind === 'gap' &&
      holes.every((list) =>
        list.some(
          (other) => other.kind === 'gap' && other.from <= hole.from && other.to >= hole.to,
        ),
      ),
  );
  const rest = holes.flat().filter((hole) => !shared.includes(hole));
  const corrected = shown.flatMap(({ known }) =>
    known.corrections.map((correction): Mark => ({
      from: Date.parse(correction.from),
      to: Date.parse(correction.to),
      kind: 'corrected',
    })),
  );
  const partial = rest.map((hole): Mark => ({ ...hole, kind: 'partial' }));
  const events = answered.events.flat().map(({ at }): Mark => {
    const time = Date.parse(at);
    return { from: time, to: time, kind: 'event' };
  });
  const inside = [...corrected, ...events].filter((mark) => mark.to > from && mark.from < to);
  return [...shared, ...partial, ...inside];
}

export function durationCurves(shown: Shown[], answered: Answered): Curve[] {
  const { from, to } = answered.asked;
  const curve = (one: Shown, n: number, points: Points, ghost: boolean): Curve => {
    const { shares, values } = durationOf(points, from, to);
    const whole = shares.map(() => 1);
    return {
      ...curveOf(one, n, points, ghost, { columns: false, banded: false, until: Infinity }),
      shape: 'line',
      times: shares,
      ends: shares,
      values,
      cover: whole,
      doubt: null,
    };
  };
  return shown.flatMap((one, n) => {
    const [now, before] = [answered.points[n], answered.before?.[n]];
    return [
      ...(before ? [curve(one, n, before, true)] : []),
      ...(now ? [curve(one, n, now, false)] : []),
    ];
  });
}

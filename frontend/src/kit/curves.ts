// Several curves of one chart, before any library sees them. Pure.

export interface Curve {
  key: string;
  /** The letter that stands at its end and in the legend. */
  tag: string;
  name: string;
  unit: string;
  /** Which colour and dash, from 0. */
  look: number;
  /** The compared period or what only accompanies: thinner and dotted. */
  ghost: boolean;
  shape: 'line' | 'bars';
  side: 'left' | 'right';
  fromZero: boolean;
  /** Where each point begins and ends on the axis; a reading has no length. */
  times: number[];
  ends: number[];
  values: (number | null)[];
  /** The envelope; null when there is none. */
  low: (number | null)[] | null;
  high: (number | null)[] | null;
  cover: number[];
  /** The part of each value that was not read there but reckoned; null when there is none. */
  doubt: (number | null)[] | null;
  /** What ends later is still under way. */
  until: number;
}

/** A span of the axis that needs a word: nothing measured, not all measured, corrected by a person;
 * or an instant at which something was done. */
export interface Mark {
  from: number;
  to: number;
  kind: 'gap' | 'partial' | 'corrected' | 'event';
}

export interface TipLine {
  tag: string;
  look: number;
  ghost: boolean;
  text: string;
  note: string | null;
}

export interface Tip {
  title: string;
  lines: TipLine[];
}

export const LOOKS = 8;
/** A bucket of which less was measured is shown as incomplete. */
export const COMPLETE_SHARE = 0.95;

/** Line patterns, so that nobody needs the colours: [on, off, …] in tenths of a rem. */
export const dashes: number[][] = [
  [],
  [6, 3],
  [10, 3, 2, 3],
  [3, 2.5],
  [14, 4],
  [8, 2.5, 2, 2.5, 2, 2.5],
  [5, 5],
  [12, 2.5, 5, 2.5],
];
export const ghostDash = [1, 2.2];

/** Where a point is drawn: a bucket in its middle, a reading where it was taken. */
export const placeOf = ({ times, ends }: Curve, index: number): number =>
  ((times[index] ?? 0) + (ends[index] ?? 0)) / 2;

type Column = (number | null | undefined)[];

/** All curves over one axis. A place where a curve has no point is left undefined, so that its line
 * goes on; a point without a value is null, and a hole. */
export function aligned(curves: Curve[]): { places: number[]; columns: Column[] } {
  const own = curves.map((curve) => curve.times.map((_, index) => placeOf(curve, index)));
  const places = [...new Set(own.flat())].sort((a, b) => a - b);
  const at = new Map(places.map((place, index) => [place, index]));
  const columns = curves.flatMap((curve, n) => {
    const spread = (values: (number | null)[]) => {
      const column: Column = new Array<undefined>(places.length).fill(undefined);
      values.forEach((value, index) => (column[at.get(own[n]?.[index] ?? NaN) ?? 0] = value));
      return column;
    };
    const main = spread(curve.values);
    return curve.low && curve.high ? [spread(curve.high), spread(curve.low), main] : [main];
  });
  return { places, columns };
}

/** Of a column, which decides about the steps of the axis. */
const lengthOf = ({ shape, times, ends }: Curve) =>
  shape === 'bars' ? (ends[0] ?? 0) - (times[0] ?? 0) : 0;

/** What cannot be changed without drawing the chart anew. */
export const shapeOf = (curves: Curve[]): string =>
  curves
    .map((c) =>
      [
        c.key,
        c.look,
        c.ghost,
        c.shape,
        c.side,
        c.fromZero,
        c.unit,
        c.low !== null,
        lengthOf(c),
      ].join(),
    )
    .join(';');

/** Zooms a span around a place by a factor; below one is nearer. */
export function zoomed(
  [from, to]: [number, number],
  around: number,
  factor: number,
  [least, most]: [number, number],
): [number, number] {
  const length = Math.min(most, Math.max(least, (to - from) * factor));
  const share = (around - from) / (to - from);
  const start = around - share * length;
  return [start, start + length];
}

export const panned = ([from, to]: [number, number], by: number): [number, number] => [
  from + by,
  to + by,
];

/** The next place of any curve in a direction, for who steps with the keyboard. */
export function stepFrom(places: number[], at: number | null, steps: number): number | null {
  if (places.length === 0) return null;
  // From nowhere a step enters at the near end; to the beginning or the end is what it says.
  const first = steps > 0 !== !Number.isFinite(steps);
  if (at === null) return (first ? places[0] : places[places.length - 1]) ?? null;
  let nearest = 0;
  places.forEach((place, index) => {
    if (Math.abs(place - at) < Math.abs((places[nearest] ?? 0) - at)) nearest = index;
  });
  const next = Math.min(places.length - 1, Math.max(0, nearest + steps));
  return places[next] ?? null;
}

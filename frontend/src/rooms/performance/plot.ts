// Where things stand in a plot, and at which round numbers its lines: pure.

export interface Dot {
  x: number;
  y: number;
  /** Left out of the model: drawn hollow. */
  out?: boolean;
  /** What the pointer shows. */
  title?: string;
}
export type Range = [low: number, high: number];

/** Round numbers from below the smallest to above the greatest: 1, 2 or 5 times a power of ten. */
export function ticks([low, high]: Range, wanted = 5): number[] {
  const step = stepOf(high - low, wanted);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // The product is rounded: 3 × 0.1 is 0.30000000000000004.
  const tidy = (n: number) => Number((n * step).toPrecision(12));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => tidy(first + n));
}

/** How many digits behind the point the figures at lines of this range need. */
export function digitsOf([low, high]: Range, wanted = 5): number {
  const step = stepOf(high - low, wanted);
  return Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

function stepOf(length: number, wanted: number): number {
  const rough = length / Math.max(1, wanted) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** A range that holds all of these with a little room; `base` is always inside. */
export function rangeOf(values: number[], base?: number): Range {
  const all = values.filter(Number.isFinite);
  if (base !== undefined) all.push(base);
  if (!all.length) return [0, 1];
  let low = Infinity;
  let high = -Infinity;
  for (const value of all) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  const floor = base === low && base !== undefined ? low : low - room;
  const roof = base === high && base !== undefined ? high : high + room;
  return [floor, roof];
}

/** From values to places: the length may run backwards, as heights do. */
export const scale =
  ([low, high]: Range, from: number, to: number) =>
  (value: number): number =>
    from + ((value - low) / (high - low || 1)) * (to - from);

/** A path through points; it breaks where one is not known. */
export function pathOf(points: (readonly [number, number] | null)[]): string {
  let pen = false;
  return points
    .map((point) => {
      if (!point) {
        pen = false;
        return '';
      }
      const step = `${pen ? 'L' : 'M'}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
      pen = true;
      return step;
    })
    .join('');
}

/** Every n-th of a row of labels, so that no two of them touch. */
export function thinned<T>(items: T[], most: number): T[] {
  const each = Math.ceil(items.length / Math.max(1, most));
  return items.filter((_, n) => n % each === 0);
}

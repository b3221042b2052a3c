// The figures side by side: one row per bucket. Pure.
import type { Shown } from './curvesOf';
import type { Points } from './points';

export interface Cell {
  value: number | null;
  low: number | null;
  high: number | null;
  /** Null where the series has no such bucket. */
  cover: number | null;
}

export interface Row {
  at: number;
  end: number;
  cells: Cell[];
}

/** Rows of all series within a period, oldest first. */
export function rowsOf(points: Points[], from: number, to: number): Row[] {
  const rows = new Map<number, Row>();
  const empty = (): Cell => ({ value: null, low: null, high: null, cover: null });
  points.forEach((list, n) =>
    list.times.forEach((at, index) => {
      const end = list.ends[index] ?? at;
      if (at >= to || (list.step === 'raw' ? at < from : end <= from)) return;
      let row = rows.get(at);
      if (!row) rows.set(at, (row = { at, end, cells: points.map(empty) }));
      row.cells[n] = {
        value: list.values[index] ?? null,
        low: list.low[index] ?? null,
        high: list.high[index] ?? null,
        cover: list.cover[index] ?? null,
      };
    }),
  );
  return [...rows.values()].sort((a, b) => a.at - b.at);
}

/** A cell of a CSV file, which a sheet must not take for a formula. */
const cell = (text: string) => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
};

/** The table as CSV: times in UTC, empty where nothing was measured, coverage from 0 to 1. */
export function tableText(shown: Shown[], points: Points[], from: number, to: number): string {
  const head = shown.flatMap(({ name, known }) => {
    const title = known.unit ? `${name} (${known.unit})` : name;
    return [title, `${title} min`, `${title} max`, `${title} coverage`];
  });
  const number = (value: number | null) => (value === null ? '' : String(value));
  const lines = rowsOf(points, from, to).map(({ at, cells }) => [
    new Date(at).toISOString(),
    ...cells.flatMap(({ value, low, high, cover }) => [value, low, high, cover].map(number)),
  ]);
  return [['timestamp', ...head].map(cell), ...lines]
    .map((line) => line.join(',') + '\r\n')
    .join('');
}

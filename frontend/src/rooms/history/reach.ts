// Which span an answer covers, and when the next one is wanted. Pure.

type Span = [number, number];

/** What was asked for, as far as time goes. */
export interface Reach {
  from: number;
  to: number;
  /** When it was asked: what lies ahead of it cannot be known. */
  now: number;
}

/** Share of what is in sight that comes along on each side of it, so that a pull shows it at once. */
export const BESIDE = 0.5;
/** With less than this share left on a side the next question goes out while the hand still pulls. */
export const RESERVE = 0.25;

/** Whether everything in a span that can be known was asked for, with this share of it beside. */
export function covers({ from, to, now }: Reach, [start, end]: Span, beside = 0): boolean {
  const more = (end - start) * beside;
  return from <= start - more && to >= Math.min(end + more, now);
}

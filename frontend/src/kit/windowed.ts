// Which lines of a long list are drawn: those in sight and a few around them. Pure.

export interface Slice {
  first: number;
  /** The first that is not drawn any more. */
  end: number;
  /** Room for what is not drawn, above and below, in the unit of the heights. */
  before: number;
  after: number;
}

/** Where each line begins, and at the end where the last one ends. */
export function startsOf(heights: number[]): number[] {
  const starts = [0];
  for (const height of heights) starts.push((starts[starts.length - 1] ?? 0) + height);
  return starts;
}

/** The last line that begins at or above a place. */
function lineAt(starts: number[], place: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function sliceOf(starts: number[], top: number, height: number, spare: number): Slice {
  const count = starts.length - 1;
  const whole = starts[count] ?? 0;
  const first = Math.min(Math.max(0, lineAt(starts, Math.max(0, top - spare))), count);
  const end = Math.min(count, lineAt(starts, Math.max(0, top + height + spare)) + 1);
  return {
    first,
    end: Math.max(first, end),
    before: starts[first] ?? 0,
    after: whole - (starts[Math.max(first, end)] ?? whole),
  };
}

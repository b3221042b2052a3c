// Which page of a wall is shown, and where it stands on the glass. Pure.

export interface Turn {
  name: string;
  seconds: number;
}

/** The page at an instant: the round goes by the clock, so that a reload does not disturb it. */
export function turnAt(turns: Turn[], atS: number): number {
  const round = turns.reduce((sum, { seconds }) => sum + seconds, 0);
  if (round <= 0) return 0;
  let left = ((atS % round) + round) % round;
  return Math.max(
    0,
    turns.findIndex(({ seconds }) => (left -= seconds) < 0),
  );
}

/**
 * The page that is shown: the one whose turn it is, unless the appliance is away and cannot bring what
 * has never stood here; then the page that stands keeps its place.
 */
export function pageShown(
  due: string,
  shown: string | null,
  { lost, stood }: { lost: boolean; stood: ReadonlySet<string> },
): string {
  return lost && shown !== null && !stood.has(due) ? shown : due;
}

/** Points around the middle, in shares of a step; no pixel carries the same edge for long. */
const orbit = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
] as const;
export const SHIFT_EVERY_S = 60;
const SHIFT_PX = 3;

/** How far the picture stands from its place, px. */
export function shiftAt(atS: number): { x: number; y: number } {
  const [x, y] = orbit[Math.floor(atS / SHIFT_EVERY_S) % orbit.length] ?? [0, 0];
  return { x: x * SHIFT_PX, y: y * SHIFT_PX };
}

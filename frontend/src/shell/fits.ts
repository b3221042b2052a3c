/** Widths of the window, and how many entries of the main menu fit beside the rest. */
const steps: [below: number, entries: number][] = [
  // A bar of its own at the foot of a telephone.
  [768, 4],
  [900, 1],
  [1060, 2],
  [1200, 4],
  [1400, 5],
];

/** How many entries stand in the main menu itself; one alone is not put behind a button. Pure. */
export function entriesThatFit(width: number, entries: number): number {
  const fit = steps.find(([below]) => width < below)?.[1] ?? entries;
  return entries - fit <= 1 && width >= 768 ? Math.min(entries, fit + 1) : Math.min(entries, fit);
}

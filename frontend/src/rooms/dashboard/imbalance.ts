// How far the phases are apart. Pure.

/** The greatest distance of a phase from the mean of the three, as a share of that mean. */
export function imbalance(values: (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => value != null);
  if (known.length < 3) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  if (Math.abs(mean) < 1e-9) return null;
  return Math.max(...known.map((value) => Math.abs(value - mean))) / Math.abs(mean);
}

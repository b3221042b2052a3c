// Today against yesterday at the same time, and against what the whole day is to need. Pure.

/** As a share; null when there is nothing to compare. */
export function difference(today: number | null, yesterday: number | null): number | null {
  if (today === null || yesterday === null || yesterday <= 0) return null;
  return (today - yesterday) / yesterday;
}

/** Two bars on one scale, 0 to 1, and the difference between them. */
export function comparison(today: number | null, yesterday: number | null) {
  const share = difference(today, yesterday);
  if (today === null || yesterday === null || share === null) return null;
  const most = Math.max(today, yesterday);
  return { today: Math.max(0, today) / most, before: yesterday / most, share };
}

/** How much of the target of the day is used up, as a share; null without a target or a figure. */
export function usedUp(
  today: number | string | null | undefined,
  target: number | string | null | undefined,
): number | null {
  if (today == null || target == null) return null;
  const [used, most] = [Number(today), Number(target)];
  return Number.isFinite(used) && most > 0 ? Math.max(0, used) / most : null;
}

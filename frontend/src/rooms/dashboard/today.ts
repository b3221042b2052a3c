// Today against yesterday at the same time. Pure.

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

/** Today against yesterday at the same time, as a share; null when there is nothing to compare. */
export function difference(today: number | null, yesterday: number | null): number | null {
  if (today === null || yesterday === null || yesterday <= 0) return null;
  return (today - yesterday) / yesterday;
}

// The days that a report is of, as a person chooses them. Pure.
const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** People name the last day; the appliance wants the first one after. */
export const dayAfter = (day: string): string =>
  DAY.test(day)
    ? new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10)
    : day;

/** What is wrong with days that a person chose; what lies ahead the appliance knows. */
export function periodErrors(
  { which, from, to }: { which: string; from: string; to: string },
  t: (key: string) => string,
): Record<string, string> {
  if (which !== 'own') return {};
  const errors: Record<string, string> = {};
  if (!DAY.test(from)) errors.from = t('reports.wantDay');
  if (!DAY.test(to)) errors.to = t('reports.wantDay');
  else if (DAY.test(from) && to < from) errors.to = t('reports.wantOrder');
  return errors;
}

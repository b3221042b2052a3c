// What a person enters as a date and a time at the site, as an instant. Pure.

/** The minutes that a zone is ahead of UTC at an instant. */
function aheadMinutes(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  );
  return Math.round((wall - at) / 60_000);
}

/**
 * "2026-11-21T08:30" at the site as RFC 3339 in UTC; null when it is no time. Of the hour that
 * comes twice in autumn the first is meant; one that does not exist in spring is moved past the gap.
 */
export function instantAt(local: string, timeZone: string): string | null {
  const wall = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(local) ? Date.parse(`${local}Z`) : NaN;
  if (Number.isNaN(wall)) return null;
  const day = 24 * 3_600_000;
  const offsets = [wall - day, wall + day].map((at) => aheadMinutes(at, timeZone));
  const candidates = offsets.map((ahead) => wall - ahead * 60_000).sort((a, b) => a - b);
  const fits = candidates.find((at) => at + aheadMinutes(at, timeZone) * 60_000 === wall);
  return new Date(fits ?? candidates[candidates.length - 1]!).toISOString();
}

/** An instant as a field for date and time shows it, at the site. */
export function localAt(at: number, timeZone: string): string {
  return new Date(at + aheadMinutes(at, timeZone) * 60_000).toISOString().slice(0, 16);
}

// What a screen on a wall shows, as it stands in its record or in its address: the pages with their seconds, the
// hours of the night, and whether it sounds. Pure.

export interface Arrangement {
  pages: { name: string; seconds: number }[];
  /** Minutes of the day at the site; null when it never dims. */
  night: { from: number; to: number } | null;
  sound: boolean;
}

export const SECONDS = 20;
export const SECONDS_LEAST = 5;
export const SECONDS_MOST = 3_600;
const NIGHT = { from: 22 * 60, to: 6 * 60 };

export const defaultArrangement = (known: string[]): Arrangement => ({
  pages: known.map((name) => ({ name, seconds: SECONDS })),
  night: { ...NIGHT },
  sound: true,
});

/** What a record says, without the pages that this version of the page does not have. */
export function recordedOf(record: Arrangement | null, known: string[]): Arrangement | null {
  if (!record) return null;
  const pages = record.pages.filter(({ name }) => known.includes(name));
  return { ...record, pages: pages.length ? pages : defaultArrangement(known).pages };
}

const clamped = (seconds: number) =>
  Number.isFinite(seconds) ? Math.min(SECONDS_MOST, Math.max(SECONDS_LEAST, seconds)) : SECONDS;

/** "22:30" or "22" as minutes of the day. */
export function minuteOf(text: string): number | null {
  const [, hour, minute] = /^(\d{1,2})(?::(\d{2}))?$/.exec(text.trim()) ?? [];
  if (hour === undefined) return null;
  const minutes = Number(hour) * 60 + Number(minute ?? 0);
  return minutes < 24 * 60 && Number(minute ?? 0) < 60 ? minutes : null;
}

export const clockOf = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');

function nightOf(text: string | null, usual: Arrangement['night']): Arrangement['night'] {
  if (text === null) return usual;
  if (text === 'off') return null;
  const [from, to] = text.split('-').map(minuteOf);
  return from == null || to == null || from === to ? usual : { from, to };
}

/** What an address says; what it leaves out or says wrongly is as usual. */
export function arrangementOf(address: URLSearchParams, known: string[]): Arrangement {
  const usual = defaultArrangement(known);
  const each = clamped(Number(address.get('seconds') ?? SECONDS));
  const asked = (address.get('pages') ?? '')
    .split(',')
    .map((part) => part.split(':'))
    .filter(([name]) => known.includes(name ?? ''))
    .map(([name = '', own]) => ({ name, seconds: own ? clamped(Number(own)) : each }));
  return {
    pages: asked.length ? asked : usual.pages.map((page) => ({ ...page, seconds: each })),
    night: nightOf(address.get('night'), usual.night),
    sound: address.get('sound') !== 'off',
  };
}

/**
 * The address of an arrangement. It always names the pages: an address that says nothing means
 * what the browser of the screen has kept.
 */
export function addressOf(arrangement: Arrangement): string {
  const pages = arrangement.pages
    .map(({ name, seconds }) => (seconds === SECONDS ? name : `${name}:${seconds}`))
    .join(',');
  const { night, sound } = arrangement;
  const hours = night ? `${clockOf(night.from)}-${clockOf(night.to)}` : 'off';
  const usualHours = `${clockOf(NIGHT.from)}-${clockOf(NIGHT.to)}`;
  const said = [
    `pages=${pages}`,
    hours === usualHours ? '' : `night=${hours}`,
    sound ? '' : 'sound=off',
  ].filter(Boolean);
  return `/kiosk?${said.join('&')}`;
}

export function isNight(night: Arrangement['night'], minute: number): boolean {
  if (!night) return false;
  const { from, to } = night;
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

// Numbers, units and local time for the eye. Pure: the locale and the zone come as arguments.

export const NO_VALUE = '–';

export interface Place {
  /** A BCP 47 tag for Intl. */
  locale: string;
  /** The site's zone; every time on the page is the site's time. */
  timeZone: string;
}

const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  let format = numberFormats.get(key);
  if (!format) numberFormats.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

function dateFormat(place: Place, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = place.locale + place.timeZone + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) {
    const full = { ...options, timeZone: place.timeZone };
    dateFormats.set(key, (format = new Intl.DateTimeFormat(place.locale, full)));
  }
  return format;
}

export function fixed(value: number | null | undefined, digits: number, locale: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_VALUE;
  // A small negative number must not read as "-0".
  const rounded = Number(value.toFixed(digits));
  return numberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(rounded === 0 ? 0 : rounded);
}

/** About three significant digits: 4.27, 42.7, 427, 4,271. */
export function sensibleDigits(value: number): number {
  const size = Math.abs(value);
  if (size < 9.995) return 2;
  return size < 99.95 ? 1 : 0;
}

const digitsByUnit: Record<string, (value: number) => number> = {
  V: () => 1,
  Hz: () => 2,
  A: (value) => (Math.abs(value) < 9.995 ? 2 : 1),
  '°C': () => 1,
  '%': (value) => (Math.abs(value) < 9.95 ? 1 : 0),
  kWh: (value) => (Math.abs(value) < 999.95 ? 1 : 0),
};

/** Digits by unit; a bare ratio such as the power factor has two. */
export function quantity(
  value: number | null | undefined,
  unit: string | null,
  locale: string,
): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_VALUE;
  const digits = unit === null || unit === '' ? sensibleDigits : digitsByUnit[unit];
  return fixed(value, (digits ?? sensibleDigits)(value), locale);
}

/** Power stays in kW until the number gets too long to read from afar. */
export function power(kw: number | null | undefined, locale: string): [text: string, unit: string] {
  if (kw === null || kw === undefined || !Number.isFinite(kw)) return [NO_VALUE, 'kW'];
  if (Math.abs(kw) >= 99_999.5) return [fixed(kw / 1000, 1, locale), 'MW'];
  return [fixed(kw, sensibleDigits(kw), locale), 'kW'];
}

export function money(amount: string | null | undefined, currency: string, locale: string): string {
  const value = amount === null || amount === undefined ? NaN : Number(amount);
  if (!Number.isFinite(value)) return NO_VALUE;
  return numberFormat(locale, { style: 'currency', currency }).format(value);
}

// Without the sign, its spaces and the marks that turn the writing direction.
const moneyDigits = new Set(['minusSign', 'integer', 'group', 'decimal', 'fraction']);

/** An amount and its currency apart, so that the number can be big and the sign small. */
export function moneyParts(
  amount: string | null | undefined,
  currency: string,
  locale: string,
): [text: string, unit: string] {
  const value = amount === null || amount === undefined ? NaN : Number(amount);
  if (!Number.isFinite(value)) return [NO_VALUE, currency];
  const format = numberFormat(locale, { style: 'currency', currency, currencyDisplay: 'code' });
  const text = format
    .formatToParts(value)
    .filter((part) => moneyDigits.has(part.type))
    .map((part) => part.value)
    .join('');
  return [text, currency];
}

/** A number and its unit inside a sentence: in Arabic too the unit stays behind the number, and on its line. */
export const withUnit = (text: string, unit: string | null): string =>
  unit ? `\u2066${text}\u00a0${unit}\u2069` : text;

export function percent(ratio: number | null | undefined, locale: string): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return NO_VALUE;
  return numberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(ratio);
}

/** "+8%", "−3%", "0%": a difference always shows its direction. */
export function signedPercent(ratio: number, locale: string, digits = 0): string {
  const options = {
    style: 'percent',
    maximumFractionDigits: digits,
    signDisplay: 'exceptZero',
  } as const;
  return numberFormat(locale, options).format(ratio);
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** "4.2 MB", "4,2 Mo": steps of 1024, as the limits of the appliance are meant. Arabic spells its units out. */
export function bytes(value: number | null | undefined, locale: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_VALUE;
  let [size, step] = [value, 0];
  while (size >= 1024 && step < SIZES.length - 1) [size, step] = [size / 1024, step + 1];
  return numberFormat(locale, {
    style: 'unit',
    unit: SIZES[step],
    unitDisplay: step === 0 || locale.startsWith('ar') ? 'long' : 'short',
    maximumFractionDigits: step > 0 && size < 100 ? 1 : 0,
  })
    .format(size)
    .replace(' ', '\u00a0');
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "40 sec", "12 min", "3 hr", "5 days": one unit, rounded down, as a person would say it. */
export function duration(ms: number, locale: string): string {
  const [size, unit] =
    ms < MINUTE
      ? [SECOND, 'second']
      : ms < HOUR
        ? [MINUTE, 'minute']
        : ms < 2 * DAY
          ? [HOUR, 'hour']
          : [DAY, 'day'];
  const count = Math.floor(Math.max(0, ms) / size);
  return numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(count);
}

type Moment = number | string | Date;

function shown(at: Moment | null | undefined, format: Intl.DateTimeFormat): string {
  if (at === null || at === undefined) return NO_VALUE;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? NO_VALUE : format.format(date);
}

const clock: Intl.DateTimeFormatOptions = {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
};

export const time = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, clock));

export const hourMinute = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }));

export const dayMonth = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, { day: 'numeric', month: 'short' }));

export const year = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, { year: 'numeric' }));

/** "Sunday". */
export const weekday = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, { weekday: 'long' }));

export const longDay = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, { weekday: 'short', day: 'numeric', month: 'short' }));

export const dateTime = (at: Moment | null | undefined, place: Place) =>
  shown(at, dateFormat(place, { day: 'numeric', month: 'short', year: 'numeric', ...clock }));

/** To the minute: when a link ends, when somebody was last here. */
export const dateMinute = (at: Moment | null | undefined, place: Place) =>
  shown(
    at,
    dateFormat(place, {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }),
  );

/** "21 Nov 2026, 07:13 – 09:21": the day is said once when it is the same. */
export function span(from: number, to: number, place: Place): string {
  const day = (at: number) => dayIn(new Date(at), place.timeZone);
  const end = day(from) === day(to) ? hourMinute(to, place) : dateMinute(to, place);
  return `${dateMinute(from, place)} – ${end}`;
}

/** The calendar day "2026-11-21" that it is in a zone. */
export function dayIn(at: Date, timeZone: string): string {
  const parts = dateFormat(
    { locale: 'en-CA', timeZone },
    { year: 'numeric', month: '2-digit', day: '2-digit' },
  ).formatToParts(at);
  const part = (type: string) => parts.find((item) => item.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** A calendar day such as an installation date belongs to no zone. */
export const calendarDay = (day: string | null | undefined, locale: string) =>
  shown(
    day,
    dateFormat({ locale, timeZone: 'UTC' }, { day: 'numeric', month: 'long', year: 'numeric' }),
  );

/** "14:03:12" on the same day, the full date when it is older. */
export function since(at: number, now: number, place: Place): string {
  const sameDay = dayMonth(at, place) === dayMonth(now, place) && now - at < DAY;
  return sameDay ? time(at, place) : dateTime(at, place);
}

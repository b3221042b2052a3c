// Time zones and currencies as the browser knows them. Pure, but for what the browser offers.
import type { Choice } from '@/kit/choices';

type Listing = { supportedValuesOf?: (key: 'timeZone' | 'currency') => string[] };

const listed = (key: 'timeZone' | 'currency', otherwise: string[]): string[] =>
  (Intl as Listing).supportedValuesOf?.(key) ?? otherwise;

const someZones = ['Africa/Tunis', 'Africa/Algiers', 'Africa/Casablanca', 'Europe/Paris'];
const someCurrencies = [
  'TND',
  'DZD',
  'MAD',
  'LYD',
  'EGP',
  'EUR',
  'GBP',
  'CHF',
  'USD',
  'SAR',
  'AED',
];

export const browserZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

/** "UTC+01:00" for the zone now. */
export function offsetOf(zone: string, at: Date): string {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  } as Intl.DateTimeFormatOptions).formatToParts(at);
  return (parts.find((part) => part.type === 'timeZoneName')?.value ?? '').replace('GMT', 'UTC');
}

function note(zone: string): string | undefined {
  try {
    return offsetOf(zone, new Date());
  } catch {
    // An older browser does not know the long offset; the name alone will do.
    return undefined;
  }
}

export function zoneChoices(): Choice[] {
  const zones = new Set([browserZone(), ...listed('timeZone', someZones), 'UTC']);
  return [...zones]
    .sort((a, b) => a.localeCompare(b))
    .map((zone) => ({ value: zone, label: zone.replace(/_/g, ' '), note: note(zone) }));
}

export function currencyChoices(locale: string): Choice[] {
  const names = new Intl.DisplayNames([locale], { type: 'currency' });
  return listed('currency', someCurrencies).map((code) => ({
    value: code,
    label: code,
    note: names.of(code),
  }));
}

const byZone: Record<string, string> = {
  'Africa/Tunis': 'TND',
  'Africa/Algiers': 'DZD',
  'Africa/Casablanca': 'MAD',
  'Africa/Tripoli': 'LYD',
  'Africa/Cairo': 'EGP',
  'Africa/Dakar': 'XOF',
  'Africa/Abidjan': 'XOF',
  'Asia/Riyadh': 'SAR',
  'Asia/Dubai': 'AED',
  'Asia/Qatar': 'QAR',
  'Asia/Kuwait': 'KWD',
  'Europe/London': 'GBP',
  'Europe/Zurich': 'CHF',
  'Europe/Istanbul': 'TRY',
  'Europe/Warsaw': 'PLN',
  'Europe/Prague': 'CZK',
  'Europe/Budapest': 'HUF',
  'Europe/Bucharest': 'RON',
  'Europe/Stockholm': 'SEK',
  'Europe/Oslo': 'NOK',
  'Europe/Copenhagen': 'DKK',
  'America/New_York': 'USD',
  'America/Chicago': 'USD',
  'America/Denver': 'USD',
  'America/Los_Angeles': 'USD',
  'America/Toronto': 'CAD',
};

const euroCities =
  'Amsterdam Athens Berlin Bratislava Brussels Dublin Helsinki Lisbon Ljubljana Luxembourg Madrid ' +
  'Malta Monaco Paris Riga Rome Sofia Tallinn Vienna Vilnius Zagreb';
for (const city of euroCities.split(' ')) byZone[`Europe/${city}`] = 'EUR';

/** The currency where the zone leaves no doubt; null elsewhere, and then the person chooses. */
export const currencyOf = (zone: string): string | null => byZone[zone] ?? null;

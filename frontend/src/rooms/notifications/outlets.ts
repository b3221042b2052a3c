// The outlets as a person fills them in, and as they are sent. Pure.
import type { Level, Outlet, OutletInput, OutletKind } from '@/api/types';

export const outletKinds: OutletKind[] = [
  'smtp',
  'sendgrid',
  'sms',
  'whatsapp',
  'webhook',
  'push',
  'horn',
];

/** From the most serious down, as lists show them. */
export const levels: Level[] = ['Emergency', 'Critical', 'High', 'Medium', 'Low', 'Informational'];

/** What an outlet asks for, in the order of the form. */
export interface Field {
  name: string;
  kind: 'text' | 'number' | 'choice';
  start: string;
  optional?: boolean;
  choices?: string[];
}

const text = (name: string, start = ''): Field => ({ name, kind: 'text', start });
const number = (name: string, start: string): Field => ({ name, kind: 'number', start });

const twilio = [text('account'), text('from'), text('url', 'https://api.twilio.com')];

export const fieldsOf: Record<OutletKind, Field[]> = {
  smtp: [
    text('host'),
    number('port', '587'),
    { name: 'security', kind: 'choice', start: 'starttls', choices: ['starttls', 'tls', 'none'] },
    { ...text('username'), optional: true },
    text('from'),
  ],
  sendgrid: [text('from'), text('url', 'https://api.sendgrid.com')],
  sms: twilio,
  whatsapp: twilio,
  webhook: [text('url')],
  push: [text('url', 'https://ntfy.sh'), text('topic')],
  horn: [
    text('host'),
    number('port', '502'),
    number('unit', '1'),
    number('coil', '0'),
    { name: 'from_level', kind: 'choice', start: 'Critical', choices: levels },
    { name: 'until', kind: 'choice', start: 'acknowledged', choices: ['acknowledged', 'over'] },
  ],
};

/** A figure as the forms of this room take it: digits alone, so that "1.5" or "12 h" is no 1 and no 12. */
export const isWhole = (text: string): boolean => /^\d{1,9}$/.test(text.trim());

/** The figures of an outlet that are none, by their paths in the form. */
export const slipsOf = (kind: OutletKind, { settings }: OutletForm): string[] =>
  fieldsOf[kind]
    .filter(({ name, kind: is }) => is === 'number' && !isWhole(settings[name] ?? ''))
    .map(({ name }) => `settings.${name}`);

/** Whether the outlet speaks to a server that may have an authority of its own. */
export const hasAuthority = (kind: OutletKind): boolean => kind !== 'horn';
export const hasSecret = (kind: OutletKind): boolean => kind !== 'horn';
export const writesMail = (kind: OutletKind): boolean => kind === 'smtp' || kind === 'sendgrid';
export const callsPhone = (kind: OutletKind): boolean => kind === 'sms' || kind === 'whatsapp';
/** Whether one place hears it, whoever is meant. */
export const leadsToOne = (kind: OutletKind): boolean => !writesMail(kind) && !callsPhone(kind);

export interface OutletForm {
  enabled: boolean;
  secret: string;
  settings: Record<string, string>;
}

export function formOf(kind: OutletKind, outlet: Outlet | null): OutletForm {
  const stored = (outlet?.settings ?? {}) as unknown as Record<string, unknown>;
  const settings: Record<string, string> = {};
  for (const { name, start } of fieldsOf[kind]) {
    const value = outlet?.settings ? stored[name] : start;
    settings[name] = value === null || value === undefined ? '' : String(value);
  }
  if (hasAuthority(kind)) settings['ca_pem'] = String(stored['ca_pem'] ?? '');
  return { enabled: outlet?.settings ? outlet.enabled : true, secret: '', settings };
}

/** The request; a secret that was not typed stays as it is. */
export function inputOf(kind: OutletKind, form: OutletForm): OutletInput {
  const settings: Record<string, unknown> = { kind };
  for (const field of fieldsOf[kind]) {
    const value = (form.settings[field.name] ?? '').trim();
    if (field.kind === 'number') {
      // What is no number is sent as it is, and refused at its place.
      settings[field.name] = /^\d+$/.test(value) ? Number(value) : value;
    } else settings[field.name] = field.optional && value === '' ? null : value;
  }
  if (hasAuthority(kind)) settings['ca_pem'] = form.settings['ca_pem']?.trim() || null;
  return {
    enabled: form.enabled,
    settings,
    secret: form.secret === '' ? undefined : form.secret,
  };
}

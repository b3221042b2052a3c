// API tokens: what they reach, how long they live, how they are tried. Pure.
import * as v from 'valibot';
import type { ApiToken, NewApiToken, Scope } from '@/api/types';
import { errorsOf, required } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';

const DAY_MS = 86_400_000;
/** A token that ends within this time is worth a word. */
const SOON_MS = 30 * DAY_MS;

/** Every scope once, in the order in which the form shows them; the compiler misses none. */
const order: Record<Scope, number> = {
  'readings:write': 0,
  'readings:read': 1,
  'equipment:read': 2,
  'security:report': 3,
  'metrics:read': 4,
};
export const scopes = (Object.keys(order) as Scope[]).sort((a, b) => order[a] - order[b]);

/** The word of a scope: "readings:write" stands under `tokens.scope.readings_write`. */
export const scopeKey = (scope: string): string => scope.replace(/\W/g, '_');

/** Lives that can be chosen, days; the appliance gives two years at most. */
export const lives = ['30', '90', '365', '730'] as const;

export interface TokenForm {
  name: string;
  scopes: Scope[];
  site: string;
  days: string;
  /** As typed: one after the other. */
  addresses: string;
}

export const blankToken = (site: string): TokenForm => ({
  name: '',
  scopes: [],
  site,
  days: '365',
  addresses: '',
});

/** Addresses and networks as a person writes them beside each other. */
export const listed = (typed: string): string[] =>
  typed.split(/[\s,;،؛]+/).filter((part) => part !== '');

const schema = v.object({
  name: required(),
  scopes: v.pipe(v.array(v.string()), v.minLength(1, 'tokens.scopeMissing')),
});

export const checkToken = (form: TokenForm, translate: (key: string) => string): Errors =>
  errorsOf(schema, form, translate);

export const inputOf = (form: TokenForm, now: number): NewApiToken => ({
  name: form.name.trim(),
  scopes: form.scopes,
  site: form.site || null,
  expires_at: new Date(now + Number(form.days) * DAY_MS).toISOString(),
  addresses: listed(form.addresses),
});

export type TokenState = 'live' | 'soon' | 'over';

export function tokenState(token: ApiToken, now: number): TokenState {
  const left = Date.parse(token.expires_at) - now;
  return left <= 0 ? 'over' : left <= SOON_MS ? 'soon' : 'live';
}

/** What a person may type into a console to see the token work. */
export const exampleOf = (origin: string, token: string, reaches: Scope[]): string =>
  reaches.includes('readings:write')
    ? [
        `curl -X POST '${origin}/api/v2/write?precision=s' \\`,
        `  -H 'Authorization: Token ${token}' \\`,
        `  --data-binary 'readings,equipment_id=ID power=12.5'`,
      ].join('\n')
    : reaches.every((scope) => scope === 'security:report')
      ? [
          `curl -X POST '${origin}/api/security/log' \\`,
          `  -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' \\`,
          `  -d '{"source": "Firewall", "event_type": "test", "severity": "info", "message": "A try."}'`,
        ].join('\n')
      : reaches.every((scope) => scope === 'metrics:read')
        ? [`curl '${origin}/metrics' \\`, `  -H 'Authorization: Bearer ${token}'`].join('\n')
        : [
            reaches.includes('readings:read')
              ? `curl '${origin}/api/historical/consumption?from=2026-01-01&to=2026-01-02' \\`
              : `curl '${origin}/api/equipment' \\`,
            `  -H 'Authorization: Bearer ${token}'`,
          ].join('\n');

import * as v from 'valibot';
import type { SetupRequest } from '@/api/types';
import { email, errorsOf, optionalDecimal, required } from '@/kit/check';
import { password } from '@/session/newPassword';

/** Same shape and paths as the request, so that a refused field finds its input. */
export interface SetupForm {
  token: string;
  site: { name: string; time_zone: string; currency: string; price_per_kwh: string };
  administrator: { name: string; email: string; username: string; password: string };
}

const schema = v.object({
  token: required(),
  site: v.object({
    name: required(),
    time_zone: required(),
    currency: required(),
    price_per_kwh: optionalDecimal('check.price', (value) => value >= 0),
  }),
  administrator: v.object({
    name: required(),
    email: email(),
    username: v.pipe(v.string(), v.regex(/^\S*$/, 'check.username')),
    password,
  }),
});

export const checkSetup = (form: SetupForm, translate: (key: string) => string) =>
  errorsOf(schema, form, translate);

export function setupRequest(form: SetupForm): SetupRequest {
  const { site, administrator } = form;
  const price = site.price_per_kwh.trim().replace(',', '.');
  const username = administrator.username.trim();
  return {
    token: form.token.trim(),
    site: {
      name: site.name.trim(),
      time_zone: site.time_zone,
      currency: site.currency,
      ...(price && { price_per_kwh: price }),
    },
    administrator: {
      name: administrator.name.trim(),
      email: administrator.email.trim(),
      password: administrator.password,
      ...(username && { username }),
    },
  };
}

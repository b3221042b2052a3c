import * as v from 'valibot';
import type { SetupRequest } from '@/api/types';
import { email, errorsOf, required } from '@/kit/check';
import { password } from '@/session/newPassword';
import { siteOf, siteSchema, type SiteForm } from '@/session/siteForm';

/** Same shape and paths as the request, so that a refused field finds its input. */
export interface SetupForm {
  token: string;
  site: SiteForm;
  administrator: { name: string; email: string; username: string; password: string };
}

const schema = v.object({
  token: required(),
  site: siteSchema,
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
  const username = administrator.username.trim();
  return {
    token: form.token.trim(),
    site: siteOf(site),
    administrator: {
      name: administrator.name.trim(),
      email: administrator.email.trim(),
      password: administrator.password,
      ...(username && { username }),
    },
  };
}

import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api, ApiError, holdLogin } from '@/api';
import type { Login, User } from '@/api/types';
import { i18n } from '@/words';
import { useSession } from './session';
import StepUpDialog from './StepUpDialog.vue';

/** What the appliance holds against a password here. */
const RIGHT = 'Warm bread at Six 1!';
let proven: boolean;
let sent: unknown[];

const answer = (status: number, body: object) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json' },
  });
const wrong = (path: string) => {
  const details = { fields: [{ path, message: 'It does not fit.' }] };
  return answer(400, { error: 'It does not fit.', error_code: 'VALIDATION_ERROR', details });
};

async function appliance(request: Request): Promise<Response> {
  if (!request.url.endsWith('/auth/step-up'))
    return proven
      ? answer(200, { data: { token: 'K7QF', expires_at: '' } })
      : answer(403, { error: 'Show who you are.', error_code: 'STEP_UP_REQUIRED' });
  const proof = (await request.json()) as { password?: string; code?: string };
  sent.push(proof);
  proven = proof.password === RIGHT || proof.code === '287082';
  return proven ? answer(200, { data: {} }) : wrong('code' in proof ? 'code' : 'password');
}

const user = (two_factor: boolean) => ({ email: 'amel@plant.example', two_factor }) as User;
function stage(two_factor = false) {
  setActivePinia(createPinia());
  const session = useSession();
  session.$patch({ status: 'signed-in', user: user(two_factor) });
  mount(StepUpDialog, { attachTo: document.body, global: { plugins: [i18n] } });
  return session;
}
const dialog = () => document.querySelector<HTMLElement>('[role=dialog]');
const input = () => dialog()!.querySelector<HTMLInputElement>('.input')!;
const button = (words: string) =>
  [...dialog()!.querySelectorAll('button')].find(
    ({ textContent }) => textContent.trim() === words,
  )!;
async function show(text: string) {
  input().value = text;
  input().dispatchEvent(new Event('input'));
  dialog()!.querySelector('form')!.requestSubmit();
  await flushPromises();
}
async function dangerous() {
  const done = api.makeResetCode('a').catch((error: unknown) => error);
  await vi.waitFor(() => expect(dialog()).not.toBeNull());
  return { done };
}

enableAutoUnmount(afterEach);
beforeEach(() => {
  proven = false;
  sent = [];
  holdLogin({ token: 'good', expires_in: 3600, user: {} as User } satisfies Login);
  vi.stubGlobal('fetch', appliance);
});
afterEach(() => {
  holdLogin(null);
  vi.unstubAllGlobals();
});

it('takes the password, says at the field that one is wrong, and lets the act go on', async () => {
  stage();
  const { done } = await dangerous();
  expect(dialog()!.textContent).toContain('Is it you?');
  await show('');
  expect(dialog()!.textContent).toContain('Fill in this field.');
  expect(sent).toEqual([]);
  await show('guess');
  expect(dialog()!.querySelector('[aria-invalid]')).toBe(input());
  expect(dialog()!.textContent).toContain('It does not fit.');
  await show(RIGHT);
  expect(await done).toMatchObject({ token: 'K7QF' });
  await vi.waitFor(() => expect(dialog()).toBeNull());
  expect(sent).toEqual([{ password: 'guess' }, { password: RIGHT }]);
});

it('asks for a code where a second factor is in use, and takes the password as well', async () => {
  stage(true);
  const { done } = await dangerous();
  await show('000000');
  button('Use the password instead').click();
  await flushPromises();
  expect(input().type).toBe('password');
  button('Use a code of the app instead').click();
  await flushPromises();
  await show(' 287082 ');
  expect(await done).toMatchObject({ token: 'K7QF' });
  expect(sent).toEqual([{ code: '000000' }, { code: '287082' }]);
});

it.each(['Cancel', 'Escape', 'signed out'])('does nothing after %s', async (way) => {
  const session = stage();
  const { done } = await dangerous();
  await show('guess');
  if (way === 'Cancel') button('Cancel').click();
  else if (way === 'Escape')
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  else session.$patch({ status: 'signed-out' });
  const error = await done;
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ unproven: true });
  await vi.waitFor(() => expect(dialog()).toBeNull());
});

it('starts empty when it is asked again', async () => {
  stage();
  const { done } = await dangerous();
  await show('guess');
  button('Cancel').click();
  await done;
  await dangerous();
  expect(input().value).toBe('');
  expect(dialog()!.querySelector('[aria-invalid]')).toBeNull();
});

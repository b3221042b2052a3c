import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api, holdLogin, whenProofIsWanted } from '.';
import type { Login, User } from './types';

const answer = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json' },
  });
const refused = (code: string) =>
  answer(403, { success: false, error: 'Show who you are first.', error_code: code });

let proven: boolean;
let bodies: string[];
beforeEach(() => {
  proven = false;
  bodies = [];
  holdLogin({ token: 'good', expires_in: 3600, user: {} as User } satisfies Login);
  vi.stubGlobal('fetch', async (request: Request) => {
    bodies.push(await request.text());
    return proven ? answer(200, { data: { id: 'a' } }) : refused('STEP_UP_REQUIRED');
  });
});
afterEach(() => {
  holdLogin(null);
  whenProofIsWanted(() => Promise.resolve(false));
  vi.unstubAllGlobals();
});

/** A person who shows who he is, a moment after he was asked. */
function person(shows: boolean) {
  const ask = vi.fn(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    proven = shows;
    return shows;
  });
  whenProofIsWanted(ask);
  return ask;
}

it('asks for a proof and sends the request again as it was', async () => {
  const ask = person(true);
  expect(await api.changeUser('a', { name: 'Amina' })).toEqual({ id: 'a' });
  expect(bodies).toEqual(['{"name":"Amina"}', '{"name":"Amina"}']);
  expect(ask).toHaveBeenCalledTimes(1);
});

it('asks once for requests that want a proof together', async () => {
  const ask = person(true);
  await Promise.all([api.makeResetCode('a'), api.inviteAgain('b'), api.takeTwoFactorAway('c')]);
  expect(ask).toHaveBeenCalledTimes(1);
  expect(bodies).toHaveLength(6);
});

it('does not ask again for a refusal that comes after the proof', async () => {
  const ask = person(true);
  const slow = vi.fn(async (request: Request) => {
    if (!request.url.endsWith('/users/late'))
      return proven ? answer(200, { data: {} }) : refused('STEP_UP_REQUIRED');
    while (!proven) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return lateAnswers.shift() ?? answer(200, { data: {} });
  });
  const lateAnswers = [refused('STEP_UP_REQUIRED')];
  vi.stubGlobal('fetch', slow);
  await Promise.all([api.changeUser('late', {}), api.changeUser('quick', {})]);
  expect(ask).toHaveBeenCalledTimes(1);
});

it('does nothing when nobody shows who he is, and says so', async () => {
  person(false);
  const error: unknown = await api.makeResetCode('a').catch((problem: unknown) => problem);
  expect(error).toMatchObject({ unproven: true });
  expect(bodies).toHaveLength(1);
});

it('asks once only: a second refusal is an answer', async () => {
  const ask = vi.fn(() => Promise.resolve(true));
  whenProofIsWanted(ask);
  await expect(api.makeResetCode('a')).rejects.toThrow('Show who you are first.');
  expect([ask.mock.calls.length, bodies.length]).toEqual([1, 2]);
});

it('asks nobody about what he may not do at all', async () => {
  const ask = person(true);
  vi.stubGlobal('fetch', () => Promise.resolve(refused('INSUFFICIENT_PERMISSIONS')));
  await expect(api.makeResetCode('a')).rejects.toMatchObject({ status: 403, unproven: false });
  expect(ask).not.toHaveBeenCalled();
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api, ApiError, holdLogin, whenAway, whenSessionEnds } from '.';
import { retryAfterSeconds } from './errors';
import type { Login, User } from './types';

const login = (token: string): Login => ({ token, expires_in: 3600, user: {} as User });
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
const good = (data: unknown) => answer(200, { success: true, data, timestamp: '' });
const refused = () =>
  answer(401, { success: false, error: 'Log in first.', error_code: 'UNAUTHENTICATED' });

let calls: string[];
let server: (request: Request) => Promise<Response> | Response;
const countOf = (path: string) => calls.filter((call) => call.includes(path)).length;

beforeEach(() => {
  calls = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    calls.push(`${new URL(request.url).pathname} ${request.headers.get('Authorization') ?? ''}`);
    return server(request);
  });
});
afterEach(() => {
  holdLogin(null);
  whenSessionEnds(() => undefined);
  whenAway(() => false);
  vi.unstubAllGlobals();
});

/** Accepts only the token that the last refresh gave out. */
function serverWithRefresh(refresh: () => Promise<Response> | Response) {
  server = (request) => {
    if (request.url.endsWith('/auth/refresh')) return refresh();
    const fresh = request.headers.get('Authorization') === 'Bearer new';
    return fresh ? good({ items: [] }) : refused();
  };
}

it('sends the token and takes the data out of the envelope', async () => {
  holdLogin(login('new'));
  serverWithRefresh(refused);
  expect(await api.sites()).toEqual({ items: [] });
  expect(calls).toEqual(['/api/sites Bearer new']);
});

it('refreshes once for many requests that meet a 401 together, then repeats each', async () => {
  holdLogin(login('old'));
  serverWithRefresh(() => new Promise((r) => setTimeout(() => r(good(login('new'))), 5)));
  await Promise.all([api.sites(), api.profile('a'), api.today()]);
  expect(countOf('/auth/refresh')).toBe(1);
  expect(countOf('Bearer new')).toBe(3);
});

it('repeats a body as it was', async () => {
  holdLogin(login('old'));
  const bodies: string[] = [];
  server = async (request) => {
    if (request.url.endsWith('/auth/refresh')) return good(login('new'));
    bodies.push(await request.text());
    return request.headers.get('Authorization') === 'Bearer new' ? good({ id: 'a' }) : refused();
  };
  await api.updateEquipment('a', { name: 'Oven' });
  expect(bodies).toEqual(['{"name":"Oven"}', '{"name":"Oven"}']);
});

it('ends the session when the refresh is refused, and says so once', async () => {
  const ended = vi.fn();
  whenSessionEnds(ended);
  holdLogin(login('old'));
  serverWithRefresh(refused);
  await expect(api.sites()).rejects.toMatchObject({ status: 401, message: 'Log in first.' });
  expect(ended).toHaveBeenCalledTimes(1);
});

it('keeps the session when the appliance cannot be reached', async () => {
  const ended = vi.fn();
  whenSessionEnds(ended);
  holdLogin(login('old'));
  serverWithRefresh(() => Promise.reject(new TypeError('Failed to fetch')));
  const error = await api.sites().catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).network).toBe(true);
  expect(ended).not.toHaveBeenCalled();
});

it('renews a token that is about to end before it uses it', async () => {
  holdLogin({ ...login('old'), expires_in: 5 });
  serverWithRefresh(() => good(login('new')));
  await api.sites();
  expect(calls.map((call) => call.trim())).toEqual(['/api/auth/refresh', '/api/sites Bearer new']);
});

it('does not try to refresh because of a wrong password', async () => {
  server = () =>
    answer(401, { success: false, error: 'Invalid email or password', error_code: 'X' });
  await expect(api.login({ email: 'a', password: 'b' })).rejects.toMatchObject({
    message: 'Invalid email or password',
  });
  expect(countOf('/auth/refresh')).toBe(0);
});

it('carries the field errors and the waiting time', async () => {
  const fields = [{ path: 'modbus.port', message: 'No.' }];
  server = () => answer(429, { error: 'Slow.', details: { fields } }, { 'Retry-After': '12' });
  const error = (await api.setupState().catch((problem: unknown) => problem)) as ApiError;
  expect(error.fields).toEqual(fields);
  expect(error.retryAfterS).toBe(12);
});

it('reads both forms of Retry-After', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(retryAfterSeconds('30', now)).toBe(30);
  expect(retryAfterSeconds('Sat, 21 Nov 2026 12:00:10 GMT', now)).toBe(10);
  expect(retryAfterSeconds(null, now)).toBeNull();
  expect(retryAfterSeconds('soon', now)).toBeNull();
});

it('takes a file under the name that the server gave it, and a refusal as a sentence', async () => {
  holdLogin(login('new'));
  const headers = { 'Content-Disposition': 'attachment; filename="consumption_export_x.csv"' };
  server = () => new Response('timestamp,power\r\n', { headers });
  const query = { from: '', to: '', resolution: 'raw', format: 'csv' };
  const { blob, name } = await api.exportHistory(query);
  expect([await blob.text(), name]).toEqual(['timestamp,power\r\n', 'consumption_export_x.csv']);
  const sentence = 'Ask for a shorter range.';
  server = () => answer(400, { success: false, error: sentence, error_code: 'VALIDATION_ERROR' });
  await expect(api.exportHistory(query)).rejects.toThrow(sentence);
});

it('sends no change while the appliance is away, and asks for the way back', async () => {
  server = () => good({ items: [] });
  whenAway(() => true);
  const late = api.deleteAlertRule('rule-1');
  await expect(late).rejects.toMatchObject({ code: 'NETWORK' });
  expect(calls, 'nothing waits on the wire until somebody else presses').toEqual([]);
  await api.sites();
  await api.socketTicket();
  expect(calls).toHaveLength(2);
  whenAway(() => false);
  await api.deleteAlertRule('rule-1');
  expect(calls).toHaveLength(3);
});

it('sends no change that waited for a new token until the appliance was away', async () => {
  let away = false;
  whenAway(() => away);
  holdLogin({ ...login('old'), expires_in: 1 });
  serverWithRefresh(() => {
    away = true;
    return good(login('new'));
  });
  await expect(api.deleteAlertRule('rule-1')).rejects.toMatchObject({ code: 'NETWORK' });
  expect(calls).toEqual(['/api/auth/refresh ']);
});

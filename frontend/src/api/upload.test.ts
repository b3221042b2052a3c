import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError, holdLogin, whenAway } from '.';
import type { Login } from './types';
import { upload } from './upload';

/** Answers one after the other, in the place of the browser's own. */
class Wire {
  static answers: { status: number; body: unknown }[] = [];
  static sent: Wire[] = [];
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  head: Record<string, string> = {};
  form: FormData | null = null;
  status = 0;
  statusText = '';
  response: unknown = null;
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  path = '';
  open(_: string, path: string) {
    this.path = path;
  }
  setRequestHeader(name: string, value: string) {
    this.head[name] = value;
  }
  getResponseHeader() {
    return null;
  }
  abort() {
    this.onabort?.();
  }
  send(form: FormData) {
    this.form = form;
    Wire.sent.push(this);
    const next = Wire.answers.shift();
    this.upload.onprogress?.({ loaded: 5, total: 10 });
    if (!next) return;
    [this.status, this.response] = [next.status, next.body];
    this.onload?.();
  }
}

const file = new File(['0123456789'], 'plan.pdf');
const login = { token: 'first', expires_in: 900 } as Login;

beforeEach(() => {
  [Wire.answers, Wire.sent] = [[], []];
  vi.stubGlobal('XMLHttpRequest', Wire);
  holdLogin(login);
});
afterEach(() => {
  vi.unstubAllGlobals();
  whenAway(() => false);
  holdLogin(null);
});

it('sends the file with the token and says how far it is', async () => {
  Wire.answers = [{ status: 201, body: { data: { id: '1' } } }];
  const moved = vi.fn();
  expect(await upload('/equipment/7/documents', { file, field: 'file', moved })).toEqual({
    id: '1',
  });
  const [sent] = Wire.sent;
  expect(sent?.path).toBe('/api/equipment/7/documents');
  expect(sent?.head.Authorization).toBe('Bearer first');
  expect((sent?.form?.get('file') as File).name).toBe('plan.pdf');
  expect(moved).toHaveBeenCalledWith(0.5);
});

it('brings the sentence of a refusal', async () => {
  const body = { error: 'Only JPG and PNG are kept.', error_code: 'UNSUPPORTED_MEDIA' };
  Wire.answers = [{ status: 415, body }];
  const refused = upload('/x', { file, field: 'photo', moved: () => undefined });
  await expect(refused).rejects.toMatchObject({ message: body.error, status: 415 });
});

it('ends when it is told to', async () => {
  const stop = new AbortController();
  const sending = upload('/x', { file, field: 'photo', moved: () => undefined, stop: stop.signal });
  await vi.waitFor(() => expect(Wire.sent).toHaveLength(1));
  stop.abort();
  const error: unknown = await sending.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).network).toBe(true);
});

it('sends no file while the appliance is away', async () => {
  let away = true;
  whenAway(() => away);
  const sending = { file, field: 'photo', moved: () => undefined };
  await expect(upload('/x', sending)).rejects.toMatchObject({ code: 'NETWORK' });
  expect(Wire.sent).toHaveLength(0);
  away = false;
  Wire.answers = [{ status: 201, body: { data: { id: '1' } } }];
  expect(await upload('/x', sending)).toEqual({ id: '1' });
});

it('sends no file that waited for a new token until the appliance was away', async () => {
  let away = false;
  whenAway(() => away);
  holdLogin({ ...login, expires_in: 1 });
  vi.stubGlobal('fetch', () => {
    away = true;
    return Promise.resolve(Response.json({ data: { token: 'second', expires_in: 900 } }));
  });
  const sending = { file, field: 'photo', moved: () => undefined };
  await expect(upload('/x', sending)).rejects.toMatchObject({ code: 'NETWORK' });
  expect(Wire.sent).toHaveLength(0);
});

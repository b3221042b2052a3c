// The only fetch of the page. The access token lives in this module's memory and nowhere else.
import createClient from 'openapi-fetch';
import { ApiError, errorFrom, networkError, notProven, STEP_UP_REQUIRED } from './errors';
import type { Answer } from './answer';
import type { paths } from './schema.gen';
import type { Login } from './types';

/** Long enough for a Modbus test read on a slow line, short enough that nobody stares at nothing. */
const REQUEST_TIMEOUT_MS = 35_000;
/** A token this close to its end is renewed first, so that a request is not sent in vain. */
const RENEW_BEFORE_END_MS = 20_000;

interface Envelope<T> {
  data: T;
}

let accessToken: string | null = null;
let accessTokenEndsAt = 0;
let refreshing: Promise<Login> | null = null;
let onSessionEnd: () => void = () => {};
/** Asks the person to show who he is; false when he will not. */
let askForProof: () => Promise<boolean> = () => Promise.resolve(false);
let proving: Promise<boolean> | null = null;
/** How often somebody has shown who he is, so that late refusals are not asked about again. */
let proofs = 0;

export function holdLogin(login: Login | null): void {
  accessToken = login?.token ?? null;
  accessTokenEndsAt = login ? Date.now() + login.expires_in * 1000 : 0;
}

export function whenSessionEnds(react: () => void): void {
  onSessionEnd = react;
}

export function whenProofIsWanted(ask: () => Promise<boolean>): void {
  askForProof = ask;
}

async function send(request: Request): Promise<Response> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), REQUEST_TIMEOUT_MS);
  try {
    return await fetch(request, { signal: stop.signal });
  } catch {
    throw networkError();
  } finally {
    clearTimeout(timer);
  }
}

/** The part of the data that an update has copied, 0 to 1, as the launcher tells meanwhile. */
export async function updateProgress(): Promise<number | null> {
  try {
    const answer = await send(new Request(new URL('/health', location.origin)));
    const told = (await answer.json()) as { step?: string; percent?: number };
    return told.step === 'copying' && told.percent !== undefined ? told.percent / 100 : null;
  } catch {
    // Between two versions nobody answers.
    return null;
  }
}

/** One refresh at a time: ten requests that meet a 401 together wait for the same answer. */
export function refreshLogin(): Promise<Login> {
  refreshing ??= requestLogin().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** What stays signed in by its cookie: a person's session, or a screen on a wall. */
type Holder = 'person' | 'kiosk';
const renewals: Record<Holder, string> = {
  person: '/api/auth/refresh',
  kiosk: '/api/kiosk/session',
};
let holder: Holder = 'person';

/** Whose token is held from now on, and by which cookie it is renewed. */
export function holdFor(who: Holder): void {
  holder = who;
}

async function requestLogin(): Promise<Login> {
  const request = new Request(new URL(renewals[holder], location.origin), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(holder === 'person' ? { cookie: true } : {}),
    credentials: 'same-origin',
  });
  const response = await send(request);
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw errorFrom(response, body);
  const login = (body as Envelope<Login>).data;
  // A screen that has to be let in again is answered with the word to wait.
  if (login.token === undefined) throw new ApiError('', 'UNAUTHENTICATED', 401);
  holdLogin(login);
  return login;
}

function withToken(request: Request): Request {
  if (accessToken) request.headers.set('Authorization', `Bearer ${accessToken}`);
  return request;
}

/** What needs no session: a 401 there is an answer about a password, a code or a link. */
const PUBLIC =
  /\/api\/(setup|kiosk\/(pairing|session)|auth\/(login|2fa\/login|refresh|activate|(reset|forgot)-password))$/;
const isPublic = (url: string) => PUBLIC.test(url);

async function renew(): Promise<void> {
  try {
    await refreshLogin();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      holdLogin(null);
      onSessionEnd();
    }
    throw error;
  }
}

/** The access token for what is sent another way, renewed before its end; `anew` when it was
 * refused. */
export async function tokenNow(anew = false): Promise<string | null> {
  if (anew || (accessToken && Date.now() > accessTokenEndsAt - RENEW_BEFORE_END_MS)) await renew();
  return accessToken;
}

let away: () => boolean = () => false;

/** Tells when the appliance is away: no change is sent then, because it might come when nobody means it any more. */
export function whenAway(is: () => boolean): void {
  away = is;
}

/** Asks for a way back, or leaves. */
const ALWAYS = /\/api\/auth\/(ws-ticket|logout)$/;

/** Before every change, however it is sent. */
export function refuseWhileAway(): void {
  if (away()) throw networkError();
}

/** A change goes now or never. */
function changesNow({ method, url }: Request): void {
  if (method !== 'GET' && !ALWAYS.test(url)) refuseWhileAway();
}

async function sendWithToken(request: Request): Promise<Response> {
  changesNow(request);
  if (accessToken && Date.now() > accessTokenEndsAt - RENEW_BEFORE_END_MS) await renew();
  // The renewal may have waited until the appliance was away.
  changesNow(request);
  const again = request.clone();
  const tokenUsed = accessToken;
  const response = await send(withToken(request));
  if (response.status !== 401) return response;
  // Another request may have renewed the token while this one was under way.
  if (accessToken === tokenUsed) await renew();
  changesNow(again);
  return send(withToken(again));
}

async function wantsProof(response: Response): Promise<boolean> {
  if (response.status !== 403) return false;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return errorFrom(response, body).code === STEP_UP_REQUIRED;
}

/** One question at a time: ten requests that want a proof together wait for the same one. */
async function prove(): Promise<void> {
  proving ??= askForProof().finally(() => {
    proving = null;
  });
  if (!(await proving)) throw notProven();
  proofs += 1;
}

/** Sends a request; once more when the appliance wanted a proof first, and somebody gave it. */
async function sendWithProof(request: Request): Promise<Response> {
  if (isPublic(request.url)) return send(request);
  const again = request.clone();
  const proofsThen = proofs;
  const response = await sendWithToken(request);
  if (!(await wantsProof(response))) return response;
  // Another request may have brought the proof while this one was under way.
  if (proofs === proofsThen) await prove();
  return sendWithToken(again);
}

export const client = createClient<paths>({
  baseUrl: `${location.origin}/api`,
  credentials: 'same-origin',
  fetch: sendWithProof,
});

/** The file of an answer that is one, under the name that the server gave it. */
export async function file(
  answer: Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<{ blob: Blob; name: string }> {
  const { data: blob, error, response } = await answer;
  if (!response.ok || !(blob instanceof Blob)) throw errorFrom(response, error);
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '');
  return { blob, name: name?.[1] ?? 'export' };
}

/** The text of an answer that is one. */
export async function text(
  answer: Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<string> {
  const { data: words, error, response } = await answer;
  if (!response.ok || typeof words !== 'string') throw errorFrom(response, error);
  return words;
}

/** Takes the data out of the envelope, or throws an ApiError with the server's sentence. */
export async function data<T>(
  answer: Promise<{ data?: Envelope<T>; error?: unknown; response: Response }>,
): Promise<Answer<T>> {
  const { data: envelope, error, response } = await answer;
  if (!response.ok || !envelope) throw errorFrom(response, error);
  return envelope.data as Answer<T>;
}

import { effectScope } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api, ApiError } from '@/api';
import { usePairing } from './usePairing';

const login = { token: 't', expires_in: 3600, user: {} };
const waiting = { waiting: true, expires_at: '' };
const gone = () => new ApiError('Show a code.', 'UNAUTHENTICATED', 401);
const spies = () => ({
  session: vi.spyOn(api, 'kioskSession'),
  pair: vi.spyOn(api, 'pairKiosk'),
});
let { session, pair } = spies();
const answer = (...answers: unknown[]) => {
  for (const one of answers)
    if (one instanceof Error) session.mockRejectedValueOnce(one);
    else session.mockResolvedValueOnce(one as never);
};

let scope: ReturnType<typeof effectScope>;
const enter = vi.fn();
const start = () => scope.run(() => usePairing(enter))!;
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

beforeEach(() => {
  vi.useFakeTimers();
  scope = effectScope();
  enter.mockReset().mockResolvedValue(undefined);
  ({ session, pair } = spies());
  let number = 0;
  pair.mockImplementation(() =>
    Promise.resolve({ code: `CODE-${(number += 1)}`, expires_at: '', expires_in: 600 }),
  );
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

it('shows a code, waits with it and goes in by itself', async () => {
  answer(gone(), waiting, waiting, login);
  const { shown } = start();
  await pass(0);
  expect(shown.value?.code).toBe('CODE-1');
  expect(shown.value!.endsAt - Date.now()).toBe(600_000);
  await pass(6);
  expect(enter).not.toHaveBeenCalled();
  await pass(3);
  expect(enter).toHaveBeenCalledWith(login);
  await pass(60);
  expect(session).toHaveBeenCalledTimes(4);
  expect(pair).toHaveBeenCalledTimes(1);
});

it('shows a new code when the old one is over, and after a reload', async () => {
  answer(waiting, waiting, gone(), waiting);
  const { shown } = start();
  await pass(0);
  expect(shown.value?.code, 'nobody knows the code of before the reload').toBe('CODE-1');
  await pass(6);
  expect(shown.value?.code).toBe('CODE-2');
});

it('never gives up: it says what is wrong and asks again, as late as it is told', async () => {
  const slow = new ApiError('Too many attempts.', 'RATE_LIMITED', 429, null, 40);
  answer(new ApiError('', 'NETWORK', 0), slow, login);
  const { problem } = start();
  await pass(0);
  expect(problem.value).toMatchObject({ network: true });
  await pass(3);
  expect(problem.value).toBe(slow);
  await pass(39);
  expect(enter).not.toHaveBeenCalled();
  await pass(1);
  expect(enter).toHaveBeenCalledTimes(1);
});

it('asks no more once the screen shows something else', async () => {
  answer(gone());
  session.mockResolvedValue(waiting as never);
  start();
  await pass(0);
  scope.stop();
  await pass(60);
  expect(session).toHaveBeenCalledTimes(1);
});

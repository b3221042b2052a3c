// How a screen on a wall gets in: it shows a code and asks until somebody has let it in. It never
// gives up, because nobody stands before it who would press a button.
import { onScopeDispose, ref, shallowRef } from 'vue';
import { api, ApiError } from '@/api';
import type { Login } from '@/api/types';

/** How often it asks whether it was let in: soon enough for who walks back from the other screen. */
const ASK_EVERY_MS = 3_000;
const LONGEST_WAIT_MS = 30_000;

export interface ShownCode {
  code: string;
  /** By the clock of this screen, which may be wrong. */
  endsAt: number;
}

export function usePairing(enter: (login: Login) => Promise<void>) {
  const shown = shallowRef<ShownCode | null>(null);
  const problem = shallowRef<unknown>(null);
  const done = ref(false);
  let failures = 0;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** What the cookie of this screen is worth; null when it has to show a new code. */
  async function ask() {
    try {
      return await api.kioskSession();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  }

  async function step(): Promise<void> {
    const answer = await ask();
    if (stopped) return;
    if (answer && 'token' in answer) {
      await enter(answer);
      done.value = true;
      return;
    }
    // After a reload the cookie still waits, but its code is not known here any more.
    if (answer && shown.value) return;
    const { code, expires_in } = await api.pairKiosk();
    shown.value = { code, endsAt: Date.now() + expires_in * 1_000 };
  }

  function waitMs(error: unknown): number {
    failures += 1;
    const asked = error instanceof ApiError ? (error.retryAfterS ?? 0) * 1_000 : 0;
    return Math.max(asked, Math.min(ASK_EVERY_MS * failures, LONGEST_WAIT_MS));
  }

  async function run(): Promise<void> {
    let wait = ASK_EVERY_MS;
    try {
      await step();
      failures = 0;
      problem.value = null;
    } catch (error) {
      problem.value = error;
      wait = waitMs(error);
    }
    if (!stopped && !done.value) timer = setTimeout(() => void run(), wait);
  }

  onScopeDispose(() => {
    stopped = true;
    clearTimeout(timer);
  });
  void run();

  return { shown, problem };
}

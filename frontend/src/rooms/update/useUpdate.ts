import { computed, onScopeDispose, ref } from 'vue';
import { api } from '@/api';
import type { Standing } from '@/api/types';
import { useReload } from '@/live/feed';
import { useTask } from '@/kit/useTask';
import { useAttempt } from '@/session/useAttempt';
import { isOver } from './update';

/** How often it is asked how far an update is, ms. */
const ASK_EVERY_MS = 3_000;

/** What the screen knows of updates, and what it can ask for. */
export function useUpdate() {
  const standing = useTask(api.updateStanding);
  const { busy, problem, attempt } = useAttempt();
  /** While an update is under way: what was known of the last one before. */
  const waitingSince = ref<{ lastAt: number | null } | null>(null);
  /** The part of the data that is copied for the new version, while it is. */
  const copied = ref<number | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const load = () => standing.run();
  /** An update that somebody else began is followed as well. */
  async function follow(): Promise<void> {
    const now = await load();
    if (now?.on_trial && !waitingSince.value) wait(now);
  }
  void follow();
  useReload(() => void follow());

  function wait(before: Standing | null): void {
    waitingSince.value = { lastAt: before?.on_trial ? null : (before?.last?.at_ms ?? null) };
    clearTimeout(timer);
    timer = setTimeout(() => void look(), ASK_EVERY_MS);
  }

  async function look(): Promise<void> {
    // Nobody answers while the versions change places: that is no error here.
    const now = await api.updateStanding().catch(() => null);
    const since = waitingSince.value;
    if (!since) return;
    if (now) standing.data.value = now;
    copied.value = now ? null : await api.updateProgress();
    if (now && isOver(now, since.lastAt)) waitingSince.value = null;
    else timer = setTimeout(() => void look(), ASK_EVERY_MS);
  }

  onScopeDispose(() => clearTimeout(timer));

  /** Whether it is done; the list is read again in any case. */
  async function take(work: () => Promise<unknown>): Promise<boolean> {
    const done = await attempt(work);
    await load();
    return done;
  }

  async function begin(work: () => Promise<unknown>): Promise<boolean> {
    const before = standing.data.value;
    const done = await attempt(work);
    if (done) wait(before);
    return done;
  }

  return {
    standing,
    load,
    busy,
    problem,
    copied,
    waiting: computed(() => waitingSince.value !== null),
    upload: (file: File) => take(() => api.sendUpdate(file)),
    check: (path: string) => take(() => api.checkUpdate(path)),
    install: (hash: string) => begin(() => api.installUpdate(hash)),
    goBack: (oldData: boolean) => begin(() => api.goBack(oldData)),
  };
}

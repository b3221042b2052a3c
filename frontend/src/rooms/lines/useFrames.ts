import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue';
import { api } from '@/api';
import type { Frame } from '@/api/types';
import { framesQuery, joined } from './lines';

const REFRESH_MS = 2_000;
const PAGE = 100;
/** More rows than this nobody reads on a screen; the download has them all. */
const SHOWN_MAX = 1_000;

/** The frames of a line: the newest by themselves, older ones when asked, none while paused. */
export function useFrames(key: () => string, connected: () => boolean) {
  const unit = ref('');
  const outcome = ref('');
  const paused = ref(false);
  const frames: Ref<Frame[]> = shallowRef([]);
  const next = ref<number | null>(null);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);
  let turn = 0;

  async function ask(before: number | null): Promise<void> {
    const mine = ++turn;
    busy.value = true;
    try {
      const page = await api.lineFrames(key(), {
        ...framesQuery(unit.value, outcome.value),
        limit: PAGE,
        ...(before === null ? {} : { before }),
      });
      if (mine !== turn) return;
      error.value = null;
      take(page.items, page.next, before !== null);
    } catch (problem) {
      if (mine === turn) error.value = problem;
    } finally {
      if (mine === turn) busy.value = false;
    }
  }

  function take(items: Frame[], more: number | null, older: boolean): void {
    if (older) {
      frames.value = [...frames.value, ...items].slice(0, SHOWN_MAX);
      next.value = frames.value.length < SHOWN_MAX ? more : null;
      return;
    }
    const known = frames.value[0]?.number ?? 0;
    const gap = (items[items.length - 1]?.number ?? 0) > known;
    // With a gap between them the old ones would look as if nothing had happened in between.
    const behind = gap ? [] : frames.value;
    if (behind.length === 0) next.value = more;
    frames.value = joined(items, behind, SHOWN_MAX);
  }

  watch([unit, outcome, key], () => {
    frames.value = [];
    next.value = null;
    void ask(null);
  });
  void ask(null);
  const timer = setInterval(() => {
    if (!paused.value && !busy.value && connected()) void ask(null);
  }, REFRESH_MS);
  onScopeDispose(() => {
    turn += 1;
    clearInterval(timer);
  });

  return {
    unit,
    outcome,
    paused,
    frames,
    next,
    error,
    older: () => ask(next.value),
    reload: () => ask(null),
  };
}

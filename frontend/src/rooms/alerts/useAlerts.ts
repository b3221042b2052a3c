import { onScopeDispose, ref, shallowRef } from 'vue';
import { api } from '@/api';
import type { Alert, AlertQuery } from '@/api/types';

const PAGE = 50;
/** More rows than this nobody works through on one screen; a filter narrows them. */
const SHOWN_MAX = 500;

/** The newest alerts that fit, and older ones when asked. The last question wins. */
export function useAlerts() {
  const alerts = shallowRef<Alert[] | null>(null);
  const next = ref<string | null>(null);
  const total = ref(0);
  const totalIsLeast = ref(false);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);
  let query: AlertQuery = {};
  let turn = 0;

  /** Asks from a place on, until so many are there or no more come. */
  async function ask(from: string | null, before: Alert[], wanted: number): Promise<void> {
    const mine = ++turn;
    busy.value = true;
    try {
      let found = before;
      let cursor = from;
      do {
        const page = await api.alerts({ ...query, page_size: PAGE, ...(cursor ? { cursor } : {}) });
        if (mine !== turn) return;
        found = [...found, ...page.items];
        cursor = page.has_more ? (page.next_cursor ?? null) : null;
        if (!from) [total.value, totalIsLeast.value] = [page.total, page.total_is_least];
      } while (cursor && found.length < Math.min(wanted, SHOWN_MAX));
      alerts.value = found;
      next.value = found.length < SHOWN_MAX ? cursor : null;
      error.value = null;
    } catch (problem) {
      if (mine === turn) error.value = problem;
    } finally {
      if (mine === turn) busy.value = false;
    }
  }

  onScopeDispose(() => (turn += 1));

  return {
    alerts,
    next,
    total,
    totalIsLeast,
    error,
    busy,
    find: (wanted: AlertQuery) => {
      query = wanted;
      return ask(null, [], PAGE);
    },
    /** The same question once more, as far down as the list has come. */
    again: () => ask(null, [], alerts.value?.length ?? PAGE),
    older: () => {
      const shown = alerts.value ?? [];
      return ask(next.value, shown, shown.length + 1);
    },
  };
}

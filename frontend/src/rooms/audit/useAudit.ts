import { onScopeDispose, ref, shallowRef } from 'vue';
import { api } from '@/api';
import type { AuditEntry, AuditQuery } from '@/api/types';

const PAGE = 50;
/** More rows than this nobody reads on a screen; the export has them all. */
const SHOWN_MAX = 1_000;

/** The newest entries that fit, and older ones when asked. The last question wins. */
export function useAudit() {
  const entries = shallowRef<AuditEntry[] | null>(null);
  const next = ref<number | null>(null);
  /** Nothing is said of entries older than this; null when the log was looked at to its end. */
  const searchedUntil = ref<string | null>(null);
  /** Keys of the sites that it is a part for; null when it is the log of the whole appliance. */
  const onlySites = shallowRef<string[] | null>(null);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);
  let query: AuditQuery = {};
  let turn = 0;

  async function ask(cursor: number | null): Promise<void> {
    const mine = ++turn;
    busy.value = true;
    try {
      const page = await api.auditLog({
        ...query,
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      });
      if (mine !== turn) return;
      const shown = cursor === null ? [] : (entries.value ?? []);
      entries.value = [...shown, ...page.items];
      onlySites.value = page.only_sites ?? null;
      next.value = entries.value.length < SHOWN_MAX ? (page.next_cursor ?? null) : null;
      searchedUntil.value = page.next_cursor == null ? null : (page.searched_until ?? null);
      error.value = null;
    } catch (problem) {
      if (mine === turn) error.value = problem;
    } finally {
      if (mine === turn) busy.value = false;
    }
  }

  onScopeDispose(() => (turn += 1));

  return {
    entries,
    next,
    searchedUntil,
    onlySites,
    error,
    busy,
    find: (wanted: AuditQuery) => {
      query = wanted;
      return ask(null);
    },
    older: () => ask(next.value),
  };
}

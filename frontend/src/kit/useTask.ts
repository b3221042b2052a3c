import { onScopeDispose, ref, shallowRef } from 'vue';

/** Below this a skeleton would only flicker. */
const SKELETON_AFTER_MS = 300;

/** One load of a screen: its data, whether it is slow, and what went wrong. The last call wins. */
export function useTask<T, A extends unknown[]>(work: (...args: A) => Promise<T>) {
  const data = shallowRef<T | null>(null);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);
  const slow = ref(false);
  let latest = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function run(...args: A): Promise<T | null> {
    const mine = ++latest;
    busy.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => (slow.value = true), SKELETON_AFTER_MS);
    try {
      const result = await work(...args);
      if (mine !== latest) return null;
      data.value = result;
      error.value = null;
      return result;
    } catch (problem) {
      if (mine === latest) error.value = problem;
      return null;
    } finally {
      if (mine === latest) {
        busy.value = false;
        slow.value = false;
        clearTimeout(timer);
      }
    }
  }

  /** Forgets the result, and the answer that may still be under way. */
  function clear(): void {
    latest += 1;
    clearTimeout(timer);
    data.value = null;
    error.value = null;
    busy.value = false;
    slow.value = false;
  }

  onScopeDispose(clear);

  return { data, error, busy, slow, run, clear };
}

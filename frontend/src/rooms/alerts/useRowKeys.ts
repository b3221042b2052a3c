import { nextTick, onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue';
import { stepped } from './alerts';

const typing = 'input:not([type="checkbox"]), select, textarea, [role="dialog"], [role="menu"]';

/** Walks the rows with j and k or the arrows; `act` takes every other letter. */
export function useRowKeys(ids: Ref<string[]>, act: (letter: string, id: string) => void) {
  const here = ref<string | null>(null);
  watch(ids, (now) => {
    if (here.value !== null && !now.includes(here.value)) here.value = null;
  });

  async function walk(step: 1 | -1): Promise<void> {
    here.value = stepped(ids.value, here.value, step);
    await nextTick();
    const row = here.value ? document.getElementById(`alert-${here.value}`) : null;
    row?.querySelector<HTMLElement>('.alerts__link')?.focus();
  }

  function onKey(event: KeyboardEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    if (event.ctrlKey || event.metaKey || event.altKey || target?.closest(typing)) return;
    const inRow = target?.closest('.alerts__row') !== null && target !== null;
    const down = event.key === 'j' || (inRow && event.key === 'ArrowDown');
    const up = event.key === 'k' || (inRow && event.key === 'ArrowUp');
    if (down || up) {
      event.preventDefault();
      void walk(down ? 1 : -1);
    } else if (here.value !== null && /^[a-z]$/.test(event.key)) {
      // The letter that opens a dialog must not be typed into its first field.
      event.preventDefault();
      act(event.key, here.value);
    }
  }
  onMounted(() => window.addEventListener('keydown', onKey));
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey));
  return here;
}

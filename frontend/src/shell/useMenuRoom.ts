// How many entries of the main menu fit beside the name of the site and the tools: measured, since
// it hangs on the language, on the rooms of who is signed in, and on how many alerts wait.
import { useResizeObserver, useWindowSize } from '@vueuse/core';
import { computed, nextTick, shallowRef, watch, type ShallowRef } from 'vue';
import { entriesThatFit, ON_TELEPHONE } from './fits';

/** As in the styles of the header, px. */
const TELEPHONE_BELOW = 768;
/** Longer names of sites are cut, px. */
const NAME_MOST = 240;

type Element = Readonly<ShallowRef<HTMLElement | null>>;

export function useMenuRoom(
  count: () => number,
  parts: { bar: Element; ruler: Element; tools: Element },
) {
  const { width } = useWindowSize();
  const fitting = shallowRef(Infinity);
  function measure(): void {
    const [bar, ruler, tools] = [parts.bar.value, parts.ruler.value, parts.tools.value];
    const name = bar?.querySelector('.header__site');
    const brand = name?.parentElement;
    // Where nothing is laid out, as in a test, nothing is hidden.
    if (!bar?.clientWidth || !ruler || !tools || !name || !brand) return;
    const { paddingInlineStart, paddingInlineEnd, columnGap } = getComputedStyle(bar);
    const gaps = parseFloat(columnGap) * 3 + parseFloat(paddingInlineStart);
    const named = brand.clientWidth - name.clientWidth + Math.min(name.scrollWidth, NAME_MOST);
    const taken = gaps + parseFloat(paddingInlineEnd) + named + tools.offsetWidth;
    const widths = [...ruler.children].map((child) => child.getBoundingClientRect().width + 2);
    const more = widths.pop() ?? 0;
    fitting.value = entriesThatFit(bar.clientWidth - taken, widths, more);
  }
  useResizeObserver([parts.bar, parts.ruler, parts.tools], measure);
  watch(count, () => void nextTick(measure), { flush: 'post' });
  return computed(() => (width.value < TELEPHONE_BELOW ? ON_TELEPHONE : fitting.value));
}

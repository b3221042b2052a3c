import { useElementBounding, useElementSize, useWindowSize } from '@vueuse/core';
import { computed, type Ref } from 'vue';
import { sliceOf, startsOf } from './windowed';

/** Lines are drawn this much beyond the edges, so that a quick scroll meets no empty place, px. */
const SPARE_PX = 600;

/** Draws only what is in sight of a list that scrolls with the page; heights in rem. */
export function useWindowed(box: Ref<HTMLElement | null>, heightsRem: Ref<number[]>) {
  const { top } = useElementBounding(box);
  const { width } = useElementSize(box);
  const { height } = useWindowSize();
  const remPx = computed(() => {
    // Read anew when the window changes: on a wall the letters grow with it.
    void height.value;
    void width.value;
    return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  });
  const starts = computed(() => startsOf(heightsRem.value));
  const slice = computed(() => {
    const px = remPx.value;
    return sliceOf(starts.value, -top.value / px, height.value / px, SPARE_PX / px);
  });
  const widthRem = computed(() => width.value / remPx.value);
  return { slice, widthRem };
}

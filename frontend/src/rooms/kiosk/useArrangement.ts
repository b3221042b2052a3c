// How this screen is arranged. The one place that knows where it comes from: its record, which the
// appliance sends it; without one its address, kept by the browser.
import { computed } from 'vue';
import { useRoute } from 'vue-router';
import { useFeed } from '@/live/feed';
import { arrangementOf, recordedOf } from '@/session/arrangement';

const KEY = 'indusmind_wall';

function kept(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function keep(address: string): void {
  try {
    localStorage.setItem(KEY, address);
  } catch {
    // Without storage the address has to say it each time.
  }
}

export function useArrangement(known: string[]) {
  const route = useRoute();
  const feed = useFeed();
  return computed(() => {
    const said = route.fullPath.split('?')[1] ?? '';
    if (said) keep(said);
    const recorded = recordedOf(feed.arrangement, known);
    return recorded ?? arrangementOf(new URLSearchParams(said || kept()), known);
  });
}

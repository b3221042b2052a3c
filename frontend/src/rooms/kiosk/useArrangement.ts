// How this screen is arranged. The one place that knows where it comes from: its address, kept
// by the browser, so that a start page without it shows the same.
import { computed } from 'vue';
import { useRoute } from 'vue-router';
import { arrangementOf } from '@/session/arrangement';

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
  return computed(() => {
    const said = route.fullPath.split('?')[1] ?? '';
    if (said) keep(said);
    return arrangementOf(new URLSearchParams(said || kept()), known);
  });
}

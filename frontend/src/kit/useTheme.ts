import { computed, ref } from 'vue';

const KEY = 'retv4_theme';

export type Theme = 'light' | 'dark';
/** Without a choice the system decides, and is followed when it changes. */
export type ThemeChoice = Theme | 'system';

const media = window.matchMedia('(prefers-color-scheme: dark)');

/** What was chosen in this browser; null when nothing ever was. */
function stored(): ThemeChoice | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' || value === 'system' ? value : null;
  } catch {
    return null;
  }
}

const chosen = ref<ThemeChoice | null>(stored());
/** How the site greets those who chose nothing. */
const usual = ref<Theme | null>(null);
const choice = computed<ThemeChoice>(() => chosen.value ?? usual.value ?? 'system');
const theme = ref<Theme>('light');
/** For a while, whatever was chosen: a wall at night. */
const forced = ref<Theme | null>(null);

function apply(): void {
  const system = media.matches ? 'dark' : 'light';
  theme.value = forced.value ?? (choice.value === 'system' ? system : choice.value);
  document.documentElement.dataset.theme = theme.value;
}

media.addEventListener('change', apply);
apply();

export function useTheme() {
  function choose(next: ThemeChoice): void {
    chosen.value = next;
    try {
      // Also the choice to follow the system: the site does not decide over it.
      localStorage.setItem(KEY, next);
    } catch {
      // Without storage the choice lasts for this visit.
    }
    apply();
  }
  function force(next: Theme | null): void {
    forced.value = next;
    apply();
  }
  function greet(next: Theme | null): void {
    usual.value = next;
    apply();
  }
  return { theme, choice, choose, force, greet };
}

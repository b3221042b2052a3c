import { ref } from 'vue';

const KEY = 'retv4_theme';

export type Theme = 'light' | 'dark';
/** Without a choice the system decides, and is followed when it changes. */
export type ThemeChoice = Theme | 'system';

const media = window.matchMedia('(prefers-color-scheme: dark)');

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

const choice = ref<ThemeChoice>(stored());
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
    choice.value = next;
    try {
      if (next === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Without storage the choice lasts for this visit.
    }
    apply();
  }
  function force(next: Theme | null): void {
    forced.value = next;
    apply();
  }
  return { theme, choice, choose, force };
}

// What was filled in of the set-up, for who reloads or is called away. Secrets are not kept.
import type { SetupForm } from './setupForm';

const KEY = 'retv4_setup';

type Kept = {
  site: SetupForm['site'];
  administrator: Omit<SetupForm['administrator'], 'password'>;
};

/** The strings of `from` under the names of `into`; nothing else of what was stored is believed. */
function taken<T extends object>(into: T, from: unknown): T {
  if (typeof from !== 'object' || from === null) return into;
  const known = Object.entries(from).filter(
    ([name, value]) => name in into && typeof value === 'string',
  );
  return { ...into, ...Object.fromEntries(known) };
}

export function keptDraft(blank: SetupForm): SetupForm {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<Kept> | null;
    const administrator = { ...taken(blank.administrator, kept?.administrator), password: '' };
    return { ...blank, site: taken(blank.site, kept?.site), administrator };
  } catch {
    // Without storage the form begins empty.
    return blank;
  }
}

export function keepDraft({ site, administrator }: SetupForm): void {
  const { name, email, username } = administrator;
  const kept: Kept = { site, administrator: { name, email, username } };
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Then a reload begins anew.
  }
}

export function forgetDraft(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}

// Every sentence a person reads, in three languages. What the first view says comes at once; what the
// other rooms say comes with them.
import { createI18n } from 'vue-i18n';
import { compile } from './compile';
import en from './first.en';
import type { Words } from './merge';

export const languages = ['en', 'fr', 'ar'] as const;
export type Language = (typeof languages)[number];

/** Each language by its own name, so that a person finds it who cannot read the present one. */
export const languageNames: Record<Language, string> = {
  en: 'English',
  fr: 'Français',
  ar: 'العربية',
};

const KEY = 'retv4_language';

/** The locale that numbers and dates follow; Arabic with the digits that Tunisian meters show. */
export const intlLocale: Record<Language, string> = {
  en: 'en-GB',
  fr: 'fr-FR',
  ar: 'ar-TN-u-nu-latn',
};

const pluralForms: Record<Language, Intl.LDMLPluralRule[]> = {
  en: ['one', 'other'],
  fr: ['one', 'other'],
  ar: ['zero', 'one', 'two', 'few', 'many', 'other'],
};

function pluralRule(language: Language) {
  const rules = new Intl.PluralRules(language);
  const forms = pluralForms[language];
  return (choice: number) => {
    const at = forms.indexOf(rules.select(choice));
    return at < 0 ? forms.length - 1 : at;
  };
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en' as Language,
  fallbackLocale: 'en',
  messages: { en },
  pluralRules: { en: pluralRule('en'), fr: pluralRule('fr'), ar: pluralRule('ar') },
  messageCompiler: compile,
  missingWarn: false,
  fallbackWarn: false,
});

type Loader = () => Promise<{ default: Words }>;
const first: Record<Exclude<Language, 'en'>, Loader> = {
  fr: () => import('./first.fr'),
  ar: () => import('./first.ar'),
};
const rest: Record<Language, Loader> = {
  en: () => import('./rest.en'),
  fr: () => import('./rest.fr'),
  ar: () => import('./rest.ar'),
};
/** Whether somebody has asked for the words of all rooms, and in which languages they are there. */
let whole = false;
const complete = new Set<Language>();

async function loadRest(language: Language): Promise<void> {
  if (complete.has(language)) return;
  const words = await rest[language]();
  i18n.global.mergeLocaleMessage(language, words.default);
  complete.add(language);
}

/** The words of every room, in this language and in each that is chosen from now on. */
export function allWords(): Promise<void> {
  whole = true;
  return loadRest(i18n.global.locale.value as Language);
}

export async function setLanguage(language: Language, remember = true): Promise<void> {
  if (language !== 'en' && !i18n.global.availableLocales.includes(language as 'en')) {
    const words = await first[language]();
    i18n.global.setLocaleMessage(language as 'en', words.default);
  }
  if (whole) await loadRest(language);
  (i18n.global.locale.value as Language) = language;
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
  if (!remember) return;
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Without storage the choice lasts for this visit.
  }
}

function chosenLanguage(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    // No storage: the browser's languages decide.
    return null;
  }
}

/** The language of a site, for who chose none in this browser; it is not kept as his choice. */
export async function greetIn(language: Language | null | undefined): Promise<void> {
  if (language && chosenLanguage() === null && i18n.global.locale.value !== language)
    await setLanguage(language, false);
}

export function preferredLanguage(): Language {
  for (const wanted of [chosenLanguage(), ...navigator.languages]) {
    const found = languages.find((language) => wanted?.toLowerCase().startsWith(language));
    if (found) return found;
  }
  return 'en';
}

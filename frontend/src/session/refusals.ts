import { rewordRefusals } from '@/api/errors';
import type { Reword } from '@/words/refused';
import type { Language } from '@/words';

const spoken: Record<Exclude<Language, 'en'>, () => Promise<{ default: Reword }>> = {
  fr: () => import('@/words/refused.fr'),
  ar: () => import('@/words/refused.ar'),
};
let wanted: Language = 'en';

/** From now on a refusal of the appliance is told in this language. */
export async function speakRefusals(language: Language): Promise<void> {
  wanted = language;
  const reword = language === 'en' ? null : (await spoken[language]()).default;
  if (wanted === language) rewordRefusals(reword);
}

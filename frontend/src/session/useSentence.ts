import { useI18n } from 'vue-i18n';
import { ApiError } from '@/api';

/** What happened, for a person: the server's own sentence, or ours when no answer came. */
export function useSentence() {
  const { t } = useI18n();
  return (error: unknown): string => {
    if (error instanceof ApiError && error.unproven) return t('stepUp.notDone');
    if (error instanceof ApiError && error.away) return t('error.away');
    if (error instanceof ApiError) return error.network ? t('error.network') : error.message;
    return t('error.unexpected');
  };
}

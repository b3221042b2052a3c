import { useI18n } from 'vue-i18n';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';

/** Keys of sites as their names in a row; a site that is not there any more keeps its key. */
export function useSiteNames(): (keys: readonly string[]) => string {
  const { locale } = useI18n();
  const sites = useTask(api.sites);
  void sites.run();
  return (keys) => {
    const known = new Map(sites.data.value?.items.map(({ key, name }) => [key, name]));
    const names = keys.map((key) => `\u2068${known.get(key) ?? key}\u2069`);
    return names.join(locale.value === 'ar' ? '، ' : ', ');
  };
}

import { useI18n } from 'vue-i18n';
import type { BillLine } from '@/api/types';

/** What a line of a bill is called: as its tariff has it, or in the words of the page. */
export function useLineName() {
  const { t, te } = useI18n();
  return ({ label: { code, name, version } }: Pick<BillLine, 'label'>): string => {
    // A newer appliance may know a line that this page does not.
    const known = code && te(`energy.lineName.${code}`);
    const said = known ? t(`energy.lineName.${code}`) : name;
    return version == null ? said : t('energy.lineVersion', { name: said, version });
  };
}

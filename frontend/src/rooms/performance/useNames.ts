import { computed } from 'vue';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';
import { metersOf } from './meters';

/** The machines and meters of the site by name, for choices and tables. */
export function useNames() {
  const all = useTask(api.allEquipment);
  void all.run();
  const byId = computed(() => new Map((all.data.value ?? []).map(({ id, name }) => [id, name])));
  const choices = computed(() =>
    (all.data.value ?? []).map(({ id, name }) => ({ value: id, label: name })),
  );
  return { all, choices, nameOf: (id: string) => byId.value.get(id) ?? id.slice(0, 8) };
}

/** Those of them whose energy may count: what told other quantities only, such as a cold cell its
 * temperature, is no meter. What told nothing yet may become one; what was chosen stays. */
export function useMeters(chosen: () => string[]) {
  const { choices } = useNames();
  const series = useTask(async () => (await api.historySeries()).items);
  void series.run();
  return computed(() => metersOf(choices.value, series.data.value ?? [], chosen()));
}

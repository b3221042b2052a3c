import { computed } from 'vue';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';

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

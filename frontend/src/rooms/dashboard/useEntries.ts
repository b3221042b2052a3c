import { computed } from 'vue';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';
import { useLive, useReload } from '@/live/feed';
import { useSession } from '@/session/session';
import { entriesOf, troubles } from './grid';

/** The machines of the site with their live state, for the grid and for a wall. */
export function useEntries() {
  const session = useSession();
  const feed = useLive(
    { topic: 'live' },
    ...(session.may('alerts.read') ? [{ topic: 'alerts' } as const] : []),
  );
  const list = useTask(api.allEquipment);
  const load = () => void list.run();
  load();
  useReload(load);
  const trouble = computed(() => troubles(feed.alerts.values()));
  const entries = computed(() =>
    entriesOf(list.data.value ?? [], (id) => feed.equipment.get(id), trouble.value),
  );
  const powerOf = (id: string) => {
    const value = feed.equipment.get(id)?.values.get('power');
    return value?.value ?? null;
  };
  return { session, feed, list, entries, load, powerOf };
}

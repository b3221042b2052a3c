// The draft of the meter tree: loaded, changed, held against the appliance, stored.
import { computed, ref, shallowRef } from 'vue';
import { api, ApiError } from '@/api';
import type { EnergyTree } from '@/api/types';
import { useTask } from '@/kit/useTask';
import { useReload } from '@/live/feed';
import {
  bodyOf,
  byLocation,
  draftOf,
  findingsOf,
  flatDraft,
  heldAt,
  named,
  type Draft,
  type Finding,
} from './tree';

/** To ask which meters count costs a request each; a person is allowed a hundred per minute. */
const ASKED_MOST = 60;

export function useTree() {
  const draft = ref<Draft>({ places: [], computed: [] });
  const stored = shallowRef<EnergyTree | null>(null);
  /** As it was loaded, to tell whether anything was changed. */
  const loaded = ref('');
  const findings = shallowRef<Finding[]>([]);
  const whole = shallowRef<string[]>([]);
  const saved = ref(false);

  const dirty = computed(() => JSON.stringify(draft.value) !== loaded.value);
  function take(tree: EnergyTree): void {
    stored.value = tree;
    draft.value = draftOf(tree);
    loaded.value = JSON.stringify(draft.value);
    findings.value = [];
    whole.value = [];
  }
  const load = useTask(async () => {
    const [tree, equipment] = await Promise.all([api.energyTree(), api.allEquipment()]);
    take(tree);
    return equipment;
  });
  const reload = () => {
    saved.value = false;
    saving.clear();
    void load.run();
  };
  const saving = useTask(async () => {
    const before = stored.value!;
    const kept = [
      ...before.nodes.map(({ id }) => `node:${id}`),
      ...before.virtual_meters.map(({ id }) => `virtual:${id}`),
    ];
    draft.value = named(draft.value, new Set(kept));
    take(await api.replaceEnergyTree(bodyOf(draft.value, before.revision)));
    return true;
  });
  async function save(): Promise<boolean> {
    saved.value = false;
    findings.value = [];
    whole.value = [];
    saved.value = (await saving.run()) === true;
    const error = saving.error.value;
    if (error instanceof ApiError && error.fields.length)
      ({ placed: findings.value, whole: whole.value } = findingsOf(error.fields, draft.value));
    return saved.value;
  }
  void load.run();
  // Nobody's work goes because somebody renamed a machine meanwhile.
  useReload(() => !dirty.value && !saving.busy.value && void load.run());

  const errors = computed(
    () =>
      new Map(
        findings.value
          .filter(({ where, held }) => heldAt(draft.value, where) === held)
          .map(({ where, message }) => [where, message]),
      ),
  );
  /** Everything that was refused has been changed since. */
  const settled = computed(
    () => findings.value.length > 0 && errors.value.size === 0 && whole.value.length === 0,
  );
  const meters = computed(() => stored.value?.meters ?? []);
  const equipment = computed(() => load.data.value ?? []);
  const maySortByLocation = computed(() => equipment.value.some(({ location }) => location));
  function sortByLocation(): void {
    const where = equipment.value.map(
      ({ id, location }) => [`meter:${id}`, location ?? ''] as [string, string],
    );
    draft.value = byLocation(draft.value, new Map(where));
  }
  const mayStartOver = computed(() => equipment.value.length <= ASKED_MOST);
  const startOver = useTask(async () => {
    const all = await Promise.all(equipment.value.map(({ id }) => api.equipment(id)));
    const counted = all.filter(({ in_site_total }) => in_site_total).map(({ id }) => id);
    const site = draft.value.places.find(({ parent }) => parent === null)?.name ?? '';
    draft.value = flatDraft(site, counted);
    return true;
  });
  return {
    draft,
    stored,
    dirty,
    load,
    reload,
    saving,
    save,
    saved,
    errors,
    settled,
    whole,
    meters,
    maySortByLocation,
    sortByLocation,
    mayStartOver,
    startOver,
  };
}

import { computed, nextTick, ref, shallowRef, type Ref } from 'vue';

export type Errors = Record<string, string>;

/** "modbus.port" in { modbus: { port } }; undefined when the path leads nowhere. Pure. */
export function valueAt(form: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) =>
        at !== null && typeof at === 'object' ? (at as Record<string, unknown>)[key] : undefined,
      form,
    );
}

interface Refusal {
  path: string;
  message: string;
  /** What the field held when the server refused it; another value is not refused yet. */
  value: unknown;
}

/**
 * The errors of a form: our own checks once somebody tried to send it, and the server's, each at
 * its field until that field is changed. What belongs to no field is said above the button.
 */
export function useFormErrors<T extends object>(
  form: T,
  element: Readonly<Ref<HTMLElement | null>>,
  validate: (form: T) => Errors,
) {
  const tried = ref(false);
  const refusals = shallowRef<Refusal[]>([]);

  const isField = (path: string) => valueAt(form, path) !== undefined;
  const standing = computed(() =>
    refusals.value.filter((refusal) => valueAt(form, refusal.path) === refusal.value),
  );
  const errors = computed<Errors>(() => {
    const out: Errors = tried.value ? { ...validate(form) } : {};
    for (const { path, message } of standing.value) if (isField(path)) out[path] ??= message;
    return out;
  });
  const homeless = computed(() =>
    standing.value.filter(({ path }) => !isField(path)).map(({ message }) => message),
  );

  async function focusFirst(): Promise<void> {
    await nextTick();
    element.value?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  /** True when the form may be sent; otherwise the first bad field has the focus. */
  function check(): boolean {
    tried.value = true;
    refusals.value = [];
    const good = Object.keys(errors.value).length === 0;
    if (!good) void focusFirst();
    return good;
  }

  function refuse(fields: { path: string; message: string }[]): void {
    refusals.value = fields.map((field) => ({ ...field, value: valueAt(form, field.path) }));
    void focusFirst();
  }

  /** As if nobody had tried to send it: for a form that is shown again. */
  function reset(): void {
    tried.value = false;
    refusals.value = [];
  }

  return { errors, homeless, check, refuse, reset };
}

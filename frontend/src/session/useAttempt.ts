import { ref } from 'vue';
import { ApiError, type FieldError } from '@/api';
import { useSentence } from './useSentence';

/** The part of a form that takes what the server refused. */
interface Refusing {
  refuse: (fields: FieldError[]) => void;
  homeless: { value: string[] };
}

/**
 * One act at a time that the server may refuse: each sentence goes to the field that it names, and
 * what belongs to none is said above the button.
 */
export function useAttempt(form?: Refusing) {
  const sentence = useSentence();
  const busy = ref(false);
  const problem = ref<string | null>(null);

  function explain(error: unknown, place: (error: ApiError) => FieldError[]): void {
    const fields = error instanceof ApiError ? place(error) : [];
    if (form) form.refuse(fields);
    if (!form || fields.length === 0) problem.value = sentence(error);
    else if (form.homeless.value.length > 0) problem.value = form.homeless.value.join(' ');
  }

  /** True when it was done. `place` says which field a refusal belongs to, if not the server does. */
  async function attempt(
    work: () => Promise<unknown>,
    place: (error: ApiError) => FieldError[] = (error) => error.fields,
  ): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    problem.value = null;
    try {
      await work();
      return true;
    } catch (error) {
      explain(error, place);
      return false;
    } finally {
      busy.value = false;
    }
  }

  return { busy, problem, attempt };
}

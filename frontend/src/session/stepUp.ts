// Before a dangerous action the appliance wants to know who sits at the screen. Requests wait here
// until somebody has shown it in the dialog, or will not.
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { whenProofIsWanted } from '@/api';

export const useStepUp = defineStore('stepUp', () => {
  const asking = ref(false);
  let answer: (proven: boolean) => void = () => {};

  function ask(): Promise<boolean> {
    return new Promise((resolve) => {
      answer = resolve;
      asking.value = true;
    });
  }

  /** True when he has shown it; a second answer changes nothing. */
  function close(proven: boolean): void {
    asking.value = false;
    answer(proven);
  }

  whenProofIsWanted(ask);
  return { asking, close };
});

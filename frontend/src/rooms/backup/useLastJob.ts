import { ref, watch, type Ref } from 'vue';
import { api } from '@/api';
import type { Backups, Job } from '@/api/types';

/** The job that is being done, and afterwards what became of it, as long as the screen stands. */
export function useLastJob(shown: Readonly<Ref<Backups | null>>, reload: () => unknown) {
  const job = ref<Job | null>(null);
  watch(shown, async (now) => {
    if (now?.job) {
      job.value = now.job;
      return;
    }
    const last = job.value;
    if (last?.state !== 'RUNNING') return;
    try {
      job.value = await api.job(last.id);
    } catch {
      // The appliance starts again: the next look tells.
      return;
    }
    reload();
  });
  return { job, follow: (begun: Job) => (job.value = begun) };
}

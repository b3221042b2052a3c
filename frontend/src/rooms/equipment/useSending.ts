import { computed, ref, shallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import type { Sending } from '@/api/upload';
import { fileFault, type FileLimits } from '@/kit/fileLimits';
import { useFormat } from '@/kit/useFormat';
import { useAttempt } from '@/session/useAttempt';

type Send = (sending: Omit<Sending, 'field'>) => Promise<unknown>;

/** One file on its way: how far it is, and why it was not taken. */
export function useSending(limits: FileLimits, send: Send) {
  const { t } = useI18n();
  const format = useFormat();
  const { busy, problem, attempt } = useAttempt();
  const share = ref(0);
  const name = ref('');
  const stopper = shallowRef<AbortController | null>(null);

  /** True when the appliance has it. */
  async function start(file: File): Promise<boolean> {
    if (busy.value) return false;
    const fault = fileFault(file, limits);
    if (fault) {
      const size = format.bytes(limits.max);
      const kinds = limits.endings.join(t('common.comma')).toUpperCase();
      problem.value = t(`files.refused.${fault}`, { name: file.name, size, kinds });
      return false;
    }
    const stop = new AbortController();
    [share.value, name.value, stopper.value] = [0, file.name, stop];
    const moved = (part: number) => (share.value = part);
    const done = await attempt(() => send({ file, moved, stop: stop.signal }));
    if (stop.signal.aborted) problem.value = null;
    stopper.value = null;
    return done;
  }

  const stop = () => stopper.value?.abort();
  const label = computed(() => t('files.sending', { name: name.value }));
  return { busy, problem, share, label, start, stop };
}

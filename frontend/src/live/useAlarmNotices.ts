import { onScopeDispose, watch, type Ref } from 'vue';
import type { Alert } from '@/api/types';
import { useAlertWords } from './useAlertWords';

/** A storm of alerts must not cover the desk: beyond this the page itself tells. */
const SHOWN_MAX = 5;

export const noticesAllowed = () =>
  typeof Notification !== 'undefined' && Notification.permission === 'granted';

/** Shows a notice of the system for each alert that calls, and takes it away when it no longer does. */
export function useAlarmNotices(calling: Readonly<Ref<Alert[]>>, open: (id: string) => void): void {
  const words = useAlertWords();
  const shown = new Map<string, Notification>();
  function show(alert: Alert): void {
    const said = words.message(alert);
    const options = { body: said, tag: alert.id, requireInteraction: true };
    const notice = new Notification(words.about(alert) || said, options);
    notice.onclick = () => {
      window.focus();
      open(alert.id);
    };
    shown.set(alert.id, notice);
  }
  watch(
    calling,
    (now) => {
      const here = new Set(now.map(({ id }) => id));
      for (const [id, notice] of shown) {
        if (here.has(id)) continue;
        notice.close();
        shown.delete(id);
      }
      if (!noticesAllowed()) return;
      for (const alert of now) if (!shown.has(alert.id) && shown.size < SHOWN_MAX) show(alert);
    },
    { immediate: true },
  );
  onScopeDispose(() => shown.forEach((notice) => notice.close()));
}

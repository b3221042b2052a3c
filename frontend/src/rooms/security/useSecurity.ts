// Everything that the screen shows, asked for together: the appliance decides what it is.
import { useIntervalFn } from '@vueuse/core';
import { computed } from 'vue';
import { api } from '@/api';
import { useTask } from '@/kit/useTask';
import { MINUTE_MS } from '@/kit/zone';
import { useFeed, useReload } from '@/live/feed';
import { useSession } from '@/session/session';
import { findingsOf } from './findings';

/** Refusals that are shown one after the other; the log has them all. */
const REFUSED_SHOWN = 10;

export function useSecurity() {
  const session = useSession();
  const feed = useFeed();
  const task = useTask(async () => {
    const [seen, threats, compliance, refused, sessions, https] = await Promise.all([
      api.securityDashboard(),
      api.securityThreats(),
      api.securityCompliance(),
      api.securityEvents({ category: 'refused', limit: REFUSED_SHOWN }),
      api.allSessions(true),
      api.certificate(),
    ]);
    return { seen, threats, checks: compliance.items, refused: refused.items, sessions, https };
  });
  const load = () => void task.run();
  load();
  useReload(load);
  useIntervalFn(() => feed.connected && load(), MINUTE_MS);

  const findings = computed(() => {
    const { threats, checks } = task.data.value ?? {};
    return threats && checks ? findingsOf(threats.items, checks, session.user?.id ?? null) : [];
  });
  return { known: task.data, findings, load, error: task.error, slow: task.slow };
}

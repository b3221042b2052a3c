// Everything that the screen looks at, asked for together; what may not be seen is left out.
import { useIntervalFn } from '@vueuse/core';
import { computed } from 'vue';
import { api } from '@/api';
import type { AuditEntry } from '@/api/types';
import { useTask } from '@/kit/useTask';
import { DAY_MS, MINUTE_MS } from '@/kit/zone';
import { useFeed, useReload } from '@/live/feed';
import { useSession } from '@/session/session';
import { keysOf, REFUSALS, REFUSED_DAYS, sourcesOf, type Facts } from './facts';
import { findingsOf } from './findings';

const PAGE = 100;
/** More refusals in a week tell nobody more: they are a flood, and the log has them all. */
const PAGES_MOST = 5;

async function refusedSince(from: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let cursor: number | null | undefined;
  for (let page = 0; page < PAGES_MOST; page += 1) {
    const part = await api.auditLog({
      action: REFUSALS.join(','),
      from,
      limit: PAGE,
      ...(cursor == null ? {} : { cursor }),
    });
    entries.push(...part.items);
    cursor = part.next_cursor;
    if (cursor == null) break;
  }
  return entries;
}

export function useSecurity() {
  const session = useSession();
  const feed = useFeed();
  const audits = session.may('audit.read');
  const task = useTask(async () => {
    const { now } = feed;
    const since = new Date(now - REFUSED_DAYS * DAY_MS).toISOString();
    const [accounts, sessions, tokens, devices, kiosks, refused, system, https] = await Promise.all(
      [
        api.allUsers(),
        api.allSessions(true),
        session.may('tokens.manage') ? api.allTokens() : null,
        session.may('equipment.read') ? api.allDevices() : null,
        session.may('kiosks.manage') ? api.allKiosks() : null,
        audits ? refusedSince(since) : null,
        audits ? api.system() : null,
        audits ? api.certificate() : null,
      ],
    );
    const facts: Facts = {
      now,
      me: session.user?.id ?? null,
      accounts,
      sessions,
      tokens,
      devices,
      kiosks,
      refused,
      checks: system?.checks ?? null,
    };
    return { facts, https };
  });
  const load = () => void task.run();
  load();
  useReload(load);
  useIntervalFn(() => feed.connected && load(), MINUTE_MS);

  const facts = computed(() => task.data.value?.facts ?? null);
  const findings = computed(() => (facts.value ? findingsOf(facts.value) : []));
  const sources = computed(() => sourcesOf(facts.value?.refused ?? []));
  const keys = computed(() => (facts.value ? keysOf(facts.value) : []));
  const https = computed(() => task.data.value?.https ?? null);
  return { facts, findings, sources, keys, https, load, error: task.error, slow: task.slow };
}

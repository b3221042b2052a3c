// What is open, as one list: the threats that are going on and what fails a check. The appliance
// decides what is one; here stands only where it is mended. Pure.
import type { ComplianceCheck, SecurityThreat, SystemCheck } from '@/api/types';

export type Tone = 'bad' | 'attention';

export interface Finding {
  /** Its word is `security.finding.<key>`. */
  key: string;
  tone: Tone;
  /** What the word speaks of. */
  values: {
    name?: string;
    count?: number;
    days?: number;
    at?: string;
    from?: string;
    text?: string;
  };
  /** Where it is mended, and the room that this is. */
  to: string;
  room: string;
  /** A check of the appliance has words of its own. */
  check?: SystemCheck;
}

/** Where something is looked into or mended, by what the appliance names. */
export function placeOf(object: string, me: string | null): { to: string; room: string } {
  const [kind = '', id] = object.split('/');
  switch (kind) {
    case 'user':
      if (id && id === me) return { to: '/account', room: 'account' };
      return { to: id ? `/users/${id}` : '/users', room: 'users' };
    case 'session':
      return { to: '/users/sessions', room: 'users' };
    case 'api_token':
      return { to: '/tokens', room: 'tokens' };
    case 'device':
      return { to: `/devices/${id ?? ''}`, room: 'devices' };
    case 'kiosk':
      return { to: '/kiosks', room: 'kiosks' };
    case 'backup':
      return { to: '/backup', room: 'backup' };
    case 'audit':
      return { to: '/audit', room: 'audit' };
    default:
      return { to: '/system', room: 'system' };
  }
}

const said = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

function ofThreat(threat: SecurityThreat, me: string | null): Finding {
  const place = placeOf(threat.object, me);
  const guessed = threat.kind === 'guessing' && threat.address;
  const to =
    place.room === 'audit' && guessed
      ? `/audit?action=auth&text=${encodeURIComponent(guessed)}`
      : threat.kind === 'reported'
        ? '/audit?action=security'
        : place.to;
  return {
    key: threat.kind,
    tone: threat.severity === 'critical' ? 'bad' : 'attention',
    values: {
      // Whoever guesses is known by his address alone.
      name: said(threat.name ?? threat.address ?? '–'),
      count: threat.count,
      at: threat.last_at,
      from: threat.address ?? '–',
      text: threat.description,
    },
    room: place.room,
    to,
  };
}

/** Guessing ends by itself; a copied key and a wrong one are open until somebody saw to them. */
const LASTING = ['refresh_reused', 'key_two_places', 'wrong_device_key', 'entered_after_guessing'];

/** The worst first; within that, threats before accounts before keys before the machine. */
export function findingsOf(
  threats: SecurityThreat[],
  checks: ComplianceCheck[],
  me: string | null,
): Finding[] {
  const open = threats.filter(({ status, kind }) => status === 'active' || LASTING.includes(kind));
  const failing = checks.flatMap(({ findings }) =>
    findings.map(({ key, tone, name, count, days, at, object, check }): Finding => ({
      key,
      tone,
      values: { name: said(name), count: said(count), days: said(days), at: said(at) },
      ...placeOf(object, me),
      ...(check ? { check } : {}),
    })),
  );
  const all = [...open.map((threat) => ofThreat(threat, me)), ...failing];
  return [...all.filter(({ tone }) => tone === 'bad'), ...all.filter(({ tone }) => tone !== 'bad')];
}

// What is typed of a wall, as an arrangement. Pure.
import {
  clockOf,
  minuteOf,
  SECONDS,
  SECONDS_LEAST,
  SECONDS_MOST,
  type Arrangement,
} from '@/session/arrangement';

export interface DraftPage {
  name: string;
  seconds: string;
  shown: boolean;
}

export interface Draft {
  pages: DraftPage[];
  dims: boolean;
  from: string;
  to: string;
  sound: boolean;
}

/** An arrangement as it is typed: the pages that it leaves out stand below, unchosen. */
export function draftOf(arrangement: Arrangement, known: string[], usual: Arrangement): Draft {
  const shown = arrangement.pages.filter(({ name }) => known.includes(name));
  const left = known.filter((name) => !shown.some((page) => page.name === name));
  const { night, sound } = arrangement;
  const hours = night ?? usual.night ?? { from: 0, to: 0 };
  return {
    pages: [
      ...shown.map(({ name, seconds }) => ({ name, seconds: String(seconds), shown: true })),
      ...left.map((name) => ({ name, seconds: String(SECONDS), shown: false })),
    ],
    dims: night !== null,
    from: clockOf(hours.from),
    to: clockOf(hours.to),
    sound,
  };
}

export const isSame = (one: Arrangement, other: Arrangement): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

function secondsOf(typed: string | number, usual: number): number {
  const seconds = Math.round(Number(typed));
  if (!Number.isFinite(seconds) || seconds <= 0) return usual;
  return Math.min(SECONDS_MOST, Math.max(SECONDS_LEAST, seconds));
}

/** Half-typed fields count as usual, so that what is sent can be shown. */
export function arrangedOf(draft: Draft, usual: Arrangement): Arrangement {
  const each = usual.pages[0]?.seconds ?? SECONDS_LEAST;
  const pages = draft.pages
    .filter(({ shown }) => shown)
    .map(({ name, seconds }) => ({ name, seconds: secondsOf(seconds, each) }));
  const from = minuteOf(draft.from);
  const to = minuteOf(draft.to);
  const hours = from === null || to === null || from === to ? usual.night : { from, to };
  return {
    pages: pages.length ? pages : usual.pages,
    night: draft.dims ? hours : null,
    sound: draft.sound,
  };
}

/** One place earlier or later; at the ends it stays. */
export function moved(pages: DraftPage[], index: number, by: number): DraftPage[] {
  const to = index + by;
  if (to < 0 || to >= pages.length) return pages;
  const next = [...pages];
  next.splice(to, 0, ...next.splice(index, 1));
  return next;
}

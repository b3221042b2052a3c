// What is typed of a wall, as an arrangement. Pure.
import { minuteOf, SECONDS_LEAST, SECONDS_MOST, type Arrangement } from '@/session/arrangement';

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

function secondsOf(typed: string | number, usual: number): number {
  const seconds = Math.round(Number(typed));
  if (!Number.isFinite(seconds) || seconds <= 0) return usual;
  return Math.min(SECONDS_MOST, Math.max(SECONDS_LEAST, seconds));
}

/** Half-typed fields count as usual, so that the address is right at every moment. */
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

// What an update says, chosen for who reads it.
import type { Standing, StagedUpdate } from '@/api/types';

const MB = 1024 * 1024;
/** Copies at least this fast on a disk of ten years ago, bytes a second. */
const COPIES_PER_S = 60 * MB;
/** What stopping, looking and starting take besides, s. */
const BESIDES_S = 20;

/** The notes in the reader's language, else in English, else in any. */
export function notesFor(notes: Record<string, string>, locale: string): string {
  const language = locale.split('-')[0] ?? 'en';
  return notes[language] ?? notes['en'] ?? Object.values(notes)[0] ?? '';
}

/** How long nothing is measured, about, s. */
export function downFor(staged: StagedUpdate): number {
  return Math.ceil(staged.data_bytes / COPIES_PER_S) + BESIDES_S;
}

/** A hash in groups of eight, to be compared by eye. */
export function grouped(hash: string): string {
  return hash.match(/.{1,8}/g)?.join(' ') ?? hash;
}

/** Who of them does not answer yet; the appliance names the first few. A name keeps its direction. */
export function silentNames(
  { before, now, silent }: NonNullable<Standing['answering']>,
  locale: string,
): string {
  const names = silent.map((name) => `\u2068${name}\u2069`);
  const comma = locale.startsWith('ar') ? '، ' : ', ';
  return (before - now > silent.length ? [...names, '…'] : names).join(comma);
}

/** Whether what became of an update differs from what was known before it began. */
export function isOver(now: Standing, lastAt: number | null): boolean {
  return !now.on_trial && now.last !== null && now.last.at_ms !== lastAt;
}

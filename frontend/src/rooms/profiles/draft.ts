// What a person brings: a text in one of three shapes, or rows of a form; and the request it
// becomes. Pure.
import type { ProfileFile, ProfileQuery } from '@/api/types';
import { decimalOf } from '@/kit/check';

export type Shape = 'form' | 'toml' | 'csv' | 'list';

export interface Row {
  metric: string;
  address: string;
  type: NonNullable<ProfileFile['registers'][string]['type']>;
  function: NonNullable<ProfileFile['registers'][string]['function']>;
  word_order: NonNullable<ProfileFile['registers'][string]['word_order']>;
  scale: string;
  unit: string;
  /** The one bit that is meant; empty for the whole number. */
  bit: string;
  /** How many bits from there on make a number; empty for that one. */
  bits: string;
  /** A state that is on at 0, or a number that counts the other way round. */
  reversed: boolean;
}

/** Whether each address of a table is a single bit. */
export const isBits = (table: Row['function']): boolean => table === 'coil' || table === 'discrete';

/** Whether a row is on or off: a coil, a discrete input, a truth value, or one bit of a number. */
export const isState = (row: Row): boolean =>
  isBits(row.function) ||
  row.type === 'bool' ||
  (row.bit.trim() !== '' && ['', '1'].includes(row.bits.trim()));

export interface Draft {
  shape: Shape;
  text: string;
  id: string;
  brand: string;
  model: string;
  source: string;
  addresses: 'zero_based' | 'printed';
  rows: Row[];
}

export const blankRow = (): Row => ({
  metric: '',
  address: '',
  type: 'float32',
  function: 'holding',
  word_order: 'big',
  scale: '1',
  unit: '',
  bit: '',
  bits: '',
  reversed: false,
});

export const blankDraft = (): Draft => ({
  shape: 'form',
  text: '',
  id: '',
  brand: '',
  model: '',
  source: '',
  addresses: 'zero_based',
  rows: [blankRow()],
});

/** The shape of a file, by its name and what it begins with. */
export function shapeOf(name: string, text: string): Exclude<Shape, 'form'> {
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.json$/i.test(name) || text.trimStart().startsWith('{')) return 'list';
  return 'toml';
}

/** "Acme M-1" as an id: "acme-m-1". */
export const idOf = (brand: string, model: string): string =>
  `${brand} ${model}`
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);

/** A copy of a file under another id, as a first revision that nobody has checked. */
export function copied(text: string, id: string): string {
  return text
    .replace(/^id = .*$/m, `id = "${id}"`)
    .replace(/^revision = .*$/m, 'revision = 1')
    .replace(/^verified = .*\n/m, '');
}

const kinds = { form: 'application/json', toml: 'application/toml', csv: 'text/csv' } as const;

export interface ProfileRequest {
  kind: string;
  body: string;
  query: ProfileQuery;
}

/** What the form says of a register; the rest has its default. */
type Register = Partial<ProfileFile['registers'][string]> & { address: number };

/** A coil or a discrete input is a state: it says nothing of type, scale and unit. */
function registerOf(row: Row): Register {
  const address = row.address.trim() === '' ? -1 : Number(row.address);
  const turned = row.reversed ? { reversed: true } : {};
  if (isBits(row.function)) return { address, function: row.function, ...turned };
  const place = { address, type: row.type, function: row.function, ...turned };
  const several = row.bits.trim() === '' ? {} : { bits: Number(row.bits) };
  if (row.type === 'bool') return place;
  return {
    ...place,
    word_order: row.word_order,
    scale: decimalOf(row.scale),
    unit: row.unit.trim(),
    ...(row.bit.trim() === '' ? {} : { bit: Number(row.bit), ...several }),
  };
}

function fileOf(draft: Draft): ProfileFile {
  const registers = draft.rows.map((row) => [row.metric.trim(), registerOf(row)]);
  return {
    id: draft.id.trim(),
    brand: draft.brand.trim(),
    model: draft.model.trim(),
    source: draft.source.trim(),
    revision: 1,
    registers: Object.fromEntries(registers) as ProfileFile['registers'],
  };
}

export function requestOf(draft: Draft): ProfileRequest {
  const query: ProfileQuery = { addresses: draft.addresses };
  if (draft.shape === 'form')
    return { kind: kinds.form, body: JSON.stringify(fileOf(draft)), query };
  if (draft.shape === 'toml') return { kind: kinds.toml, body: draft.text, query };
  const identity = {
    id: draft.id.trim(),
    brand: draft.brand.trim(),
    model: draft.model.trim(),
    source: draft.source.trim(),
  };
  const kind = draft.shape === 'csv' ? kinds.csv : kinds.form;
  return { kind, body: draft.text, query: { ...query, ...identity } };
}

/** The line that a sentence names, and where it begins and ends in the text. */
export function lineIn(text: string, message: string): [number, number] | null {
  const line = Number(/^Line (\d+)\b/.exec(message)?.[1] ?? 0);
  if (line < 1) return null;
  const lines = text.split('\n');
  if (line > lines.length) return null;
  const start = lines.slice(0, line - 1).reduce((sum, part) => sum + part.length + 1, 0);
  return [start, start + (lines[line - 1]?.length ?? 0)];
}

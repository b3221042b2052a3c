// A supplier's bill as it is typed: its lines, and what is wrong with them. Pure.
import type { TypedLine } from '@/api/types';

export interface TypedRow {
  key: number;
  name: string;
  quantity: string;
  price: string;
  amount: string;
}

export type Field = 'name' | 'quantity' | 'price' | 'amount';
export type Fault = 'needed' | 'number';

const ARABIC = '٠١٢٣٤٥٦٧٨٩';
const PLAIN = /^-?\d+(\.\d+)?$/;
/** "1.234" on its own is a number with three digits behind the point, as the API has it. */
const GROUPED = /^-?\d{1,3}(\.\d{3}){2,}$/;

/**
 * A number as bills print it: spaces, apostrophes or points between thousands, a comma or a point
 * before the digits behind it, Arabic digits. Null when it is none.
 */
export function plainNumber(text: string): string | null {
  const ascii = [...text]
    .map((sign) => {
      const digit = ARABIC.indexOf(sign);
      return digit >= 0 ? String(digit) : sign;
    })
    .join('')
    .replace(/[\s'’٬\u200e\u200f\u061c]/g, '')
    .replace(/[−–]/, '-')
    .replace('٫', ',');
  const comma = ascii.lastIndexOf(',');
  const point = ascii.lastIndexOf('.');
  let plain = ascii;
  if (comma >= 0 && point >= 0)
    // What comes last stands before the digits behind the point.
    plain = comma > point ? ascii.replace(/\./g, '').replace(',', '.') : ascii.replace(/,/g, '');
  else if (comma >= 0) plain = ascii.replace(',', '.');
  else if (GROUPED.test(ascii)) plain = ascii.replace(/\./g, '');
  return PLAIN.test(plain) ? plain : null;
}

const isBlank = ({ name, quantity, price, amount }: TypedRow) =>
  [name, quantity, price, amount].every((text) => !text.trim());

/** What is wrong, by `key.field`. Lines with nothing in them are no lines. */
export function faultsOf(rows: TypedRow[]): Map<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const row of rows.filter((one) => !isBlank(one))) {
    if (!row.name.trim()) faults.set(`${row.key}.name`, 'needed');
    if (!row.amount.trim()) faults.set(`${row.key}.amount`, 'needed');
    for (const field of ['quantity', 'price', 'amount'] as const)
      if (row[field].trim() && plainNumber(row[field]) === null)
        faults.set(`${row.key}.${field}`, 'number');
  }
  return faults;
}

/** The lines as the API takes them, and the row that each came from. */
export function linesOf(rows: TypedRow[]): { lines: TypedLine[]; from: TypedRow[] } {
  const from = rows.filter((one) => !isBlank(one));
  const lines = from.map(({ name, quantity, price, amount }) => ({
    name: name.trim(),
    quantity: plainNumber(quantity),
    price: plainNumber(price),
    amount: plainNumber(amount) ?? '0',
  }));
  return { lines, from };
}

/** Where a refusal belongs: `lines[2].amount` is the amount of the third line that was sent. */
export function refusedAt(path: string, from: TypedRow[]): string | null {
  const found = /^lines\[(\d+)\](?:\.(\w+))?/.exec(path);
  const row = found && from[Number(found[1])];
  return row ? `${row.key}.${found[2] ?? 'amount'}` : null;
}

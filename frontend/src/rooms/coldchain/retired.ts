// What is out of use, in the order of the tree, and what each of it comes back with. Pure.
import type { ColdCell, ColdOwner, ColdPlace } from '@/api/types';

export type Kind = 'customer' | 'place' | 'cell';

export interface RetiredRow {
  kind: Kind;
  id: string;
  name: string;
  /** Since when. */
  since: string;
  /** What it stood in, from the outside in. */
  where: string[];
  /** What is out of use around it, and has to come back first. */
  within: string | null;
  /** The cell, of which more is known. */
  cell: ColdCell | null;
}

type Retirable = { id: string; name: string; retired_at?: string | null };

export function retiredOf(
  owners: ColdOwner[],
  places: ColdPlace[],
  cells: ColdCell[],
): RetiredRow[] {
  const owner = new Map(owners.map((one) => [one.id, one]));
  const place = new Map(places.map((one) => [one.id, one]));
  const rows: RetiredRow[] = [];
  const note = (kind: Kind, one: Retirable, around: (Retirable | undefined)[]) => {
    if (!one.retired_at) return;
    rows.push({
      kind,
      id: one.id,
      name: one.name,
      since: one.retired_at,
      where: around.flatMap((each) => (each ? [each.name] : [])),
      within: around.find((each) => each?.retired_at)?.name ?? null,
      cell: null,
    });
  };
  for (const one of owners) note('customer', one, []);
  for (const one of places) note('place', one, [owner.get(one.customer_id)]);
  for (const one of cells) {
    const before = rows.length;
    note('cell', one, [owner.get(one.customer_id), place.get(one.location_id)]);
    const row = rows[before];
    if (row) row.cell = one;
  }
  const path = (row: RetiredRow) => [...row.where, row.name].join('\n');
  return rows.sort((a, b) => path(a).localeCompare(path(b)));
}

/** What is in use of a list. */
export const inUse = <T extends Retirable>(all: T[]): T[] => all.filter((one) => !one.retired_at);

/** Whether something is deleted, or taken out of use because of what is or was in it. */
export const goesBy = (kind: Kind, id: string, places: ColdPlace[], cells: ColdCell[]) => {
  const holds = {
    customer: () => places.some((one) => one.customer_id === id),
    place: () => cells.some((one) => one.location_id === id),
    cell: () => true,
  };
  return holds[kind]() ? 'retire' : 'delete';
};

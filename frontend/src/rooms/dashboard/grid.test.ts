import { describe, expect, it } from 'vitest';
import type { Alert, EquipmentSummary, Level } from '@/api/types';
import {
  entriesOf,
  fitting,
  linesOf,
  ordered,
  partsOf,
  placesFor,
  queryOf,
  rowsFor,
  stateOf,
  troubles,
  type Entry,
} from './grid';

const entry = (name: string, part: Partial<Entry> = {}): Entry => ({
  id: name,
  name,
  location: 'Hall 1',
  type: 'Oven',
  status: 'online',
  lastUpdate: null,
  level: null,
  calls: false,
  ...part,
});
const alert = (equipment_id: string | null, level: Level, state: Alert['state']) =>
  ({ equipment_id, level, state }) as Alert;
const plain = stateOf({});
const names = (entries: Entry[]) => entries.map(({ name }) => name);

describe('the address', () => {
  it('keeps what was chosen and nothing else', () => {
    const query = {
      search: 'oven',
      status: 'offline',
      order: 'power',
      view: 'table',
      group: 'area',
    };
    expect(queryOf(stateOf(query))).toEqual(query);
    expect(queryOf(plain)).toEqual({});
  });

  it('forgives nonsense', () => {
    expect(stateOf({ order: 'x', view: ['table'], group: 'y' })).toEqual(plain);
  });
});

it('knows the worst alert of each machine, and whether one calls', () => {
  const found = troubles([
    alert('a', 'Low', 'unacknowledged'),
    alert('a', 'Critical', 'acknowledged'),
    alert('b', 'Emergency', 'normal'),
    alert(null, 'High', 'unacknowledged'),
  ]);
  expect([...found]).toEqual([['a', { level: 'Critical', calls: true }]]);
});

it('takes the state of the socket, and leaves out what is decommissioned', () => {
  const item = (id: string, status: string) =>
    ({ id, name: id, status, location: '', last_update: 'x' }) as EquipmentSummary;
  const live = { status: 'offline' as const, lastUpdate: 'y' };
  const entries = entriesOf(
    [item('a', 'online'), item('b', 'decommissioned')],
    () => live,
    new Map(),
  );
  expect(entries).toMatchObject([{ id: 'a', status: 'offline', lastUpdate: 'y', location: null }]);
});

describe('a grid', () => {
  const list = [
    entry('Four 10'),
    entry('Four 9'),
    entry('Silent', { status: 'offline' }),
    entry('Known', { level: 'Emergency' }),
    entry('Calling', { level: 'Low', calls: true, location: 'Hall 2' }),
  ];

  it('shows trouble first, and numbers in names as people count', () => {
    expect(names(ordered(list, 'worst', () => null))).toEqual([
      'Calling',
      'Known',
      'Silent',
      'Four 9',
      'Four 10',
    ]);
    expect(names(ordered(list, 'name', () => null)).slice(1, 3)).toEqual(['Four 9', 'Four 10']);
  });

  it('sorts by power, the unknown last', () => {
    const power: Record<string, number> = { 'Four 9': 3, 'Four 10': 8 };
    const sorted = names(ordered(list, 'power', (id) => power[id] ?? null));
    expect(sorted.slice(0, 3)).toEqual(['Four 10', 'Four 9', 'Calling']);
  });

  it('finds by any word of name, area and type, whatever the accents', () => {
    const found = (search: string) => names(fitting(list, { ...plain, search }));
    expect(found('HALL 2')).toEqual(['Calling']);
    expect(found(' fóur 1')).toEqual(['Four 10']);
    expect(names(fitting(list, { ...plain, status: 'alert' }))).toEqual(['Known', 'Calling']);
    expect(names(fitting(list, { ...plain, status: 'offline' }))).toEqual(['Silent']);
    expect(names(fitting(list, { ...plain, area: 'Hall 2' }))).toEqual(['Calling']);
  });

  it('makes lines of as many cards as fit, area by area', () => {
    const flat = linesOf(list, 2, false);
    expect(flat.map((line) => line.kind === 'items' && line.items.length)).toEqual([2, 2, 1]);
    const grouped = linesOf(
      ordered(list, 'worst', () => null),
      3,
      true,
    );
    expect(grouped.map(({ key }) => key)).toEqual([
      'area-Hall 2',
      'Calling',
      'area-Hall 1',
      'Known',
      'Four 10',
    ]);
    expect(grouped[2]).toMatchObject({ count: 4, troubled: 2 });
    expect(grouped[4]).toMatchObject({ at: 4 });
  });
});

describe('the cards of a wall', () => {
  const most = { columns: 5, rows: 3 };

  it('are as large as their number allows, in the shape of the wall', () => {
    expect(placesFor(1, most)).toEqual({ columns: 1, rows: 1 });
    expect(placesFor(4, most)).toEqual({ columns: 2, rows: 2 });
    expect(placesFor(8, most)).toEqual({ columns: 4, rows: 2 });
    // As wide as before, but without a row that stays empty.
    expect(placesFor(8, { columns: 4, rows: 3 })).toEqual({ columns: 4, rows: 2 });
    expect(placesFor(15, most)).toEqual(most);
    expect(placesFor(99, most)).toEqual(most);
    expect(placesFor(0, most)).toEqual({ columns: 1, rows: 1 });
    for (let count = 1; count <= 15; count += 1) {
      const { columns, rows } = placesFor(count, most);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns <= most.columns && rows <= most.rows).toBe(true);
    }
  });

  it('take turns in parts of about the same size, and none is left out', () => {
    const all = Array.from({ length: 12 }, (_, n) => n);
    expect(partsOf(all, 8).map(({ length }) => length)).toEqual([6, 6]);
    expect(partsOf(all, 12)).toEqual([all]);
    expect(partsOf(all, 5).flat()).toEqual(all);
    expect(partsOf([], 5)).toEqual([[]]);
    expect(partsOf(all, 0).every(({ length }) => length === 1)).toBe(true);
  });
});

describe('rows of a list on a wall', () => {
  const size = { least: 4, most: 7, gap: 1 };

  it('are as high as their number allows, and never more than there is room for', () => {
    expect(rowsFor(2, 29, size)).toEqual({ count: 2, height: 7 });
    expect(rowsFor(5, 29, size)).toEqual({ count: 5, height: 5 });
    expect(rowsFor(6, 29, size)).toEqual({ count: 6, height: 4 });
    expect(rowsFor(7, 29, size)).toEqual({ count: 6, height: 4 });
    // A banner above takes the room of one of them.
    expect(rowsFor(6, 26, size)).toEqual({ count: 5, height: 4.4 });
    for (let count = 1; count <= 9; count += 1)
      for (let room = 4; room <= 60; room += 0.7) {
        const rows = rowsFor(count, room, size);
        expect(rows.count * (rows.height + 1) - 1).toBeLessThanOrEqual(room + 1e-9);
      }
  });

  it('are one at least, before the room is known', () => {
    expect(rowsFor(3, 0, size)).toEqual({ count: 1, height: 4 });
    expect(rowsFor(0, 20, size)).toEqual({ count: 0, height: 7 });
  });
});

import { describe, expect, it } from 'vitest';
import type { ColdCell, ColdOwner, ColdPlace } from '@/api/types';
import { goesBy, inUse, retiredOf } from './retired';

const T1 = '2026-11-01T10:00:00Z';
const T2 = '2026-11-02T10:00:00Z';
const owners = [
  { id: 'a', name: 'Medina', retired_at: T2 },
  { id: 'b', name: 'Sahel', retired_at: null },
] as ColdOwner[];
const places = [
  { id: 'p', customer_id: 'a', name: 'North', retired_at: T2 },
  { id: 'q', customer_id: 'b', name: 'South', retired_at: null },
  { id: 'r', customer_id: 'b', name: 'Empty', retired_at: null },
] as ColdPlace[];
const cells = [
  { id: '1', customer_id: 'a', location_id: 'p', name: 'Fish', retired_at: T1 },
  { id: '2', customer_id: 'b', location_id: 'q', name: 'Ice', retired_at: T1 },
  { id: '3', customer_id: 'b', location_id: 'q', name: 'Meat', retired_at: null },
] as ColdCell[];

describe('what is out of use', () => {
  it('is listed in the order of the tree, with what has to come back first', () => {
    const rows = retiredOf(owners, places, cells);
    expect(rows.map((row) => [row.kind, row.name, row.since, row.within])).toEqual([
      ['customer', 'Medina', T2, null],
      ['place', 'North', T2, 'Medina'],
      ['cell', 'Fish', T1, 'Medina'],
      ['cell', 'Ice', T1, null],
    ]);
    expect(rows[3]?.where).toEqual(['Sahel', 'South']);
    expect(rows[3]?.cell?.id).toBe('2');
  });

  it('is not among what is in use', () => {
    expect(inUse(cells).map((one) => one.name)).toEqual(['Meat']);
  });

  it('is deleted only where nothing is nor was', () => {
    expect(goesBy('place', 'r', places, cells)).toBe('delete');
    expect(goesBy('place', 'q', places, cells)).toBe('retire');
    expect(goesBy('customer', 'b', places, cells)).toBe('retire');
    expect(goesBy('customer', 'c', places, cells)).toBe('delete');
    expect(goesBy('cell', '3', places, cells)).toBe('retire');
  });
});

import { describe, expect, it } from 'vitest';
import {
  bodyOf,
  byLocation,
  draftOf,
  findingsOf,
  flatDraft,
  freshId,
  heldAt,
  homesOf,
  hung,
  named,
  ownerOf,
  plainFactor,
  rowsOf,
  withoutPlace,
} from './tree';

const stored = {
  nodes: [
    { id: 'b1', name: 'Press', kind: 'machine', parent: 'b', fed_from: null },
    { id: 'site', name: 'Plant', kind: 'site', incoming: [{ meter: 'main' }], consumers: [] },
    { id: 'a', name: 'Hall A', kind: 'area', parent: 'site', consumers: [{ meter: 'oven' }] },
    { id: 'b', name: 'Hall B', kind: 'area', parent: 'site', fed_from: 'a' },
  ],
  virtual_meters: [{ id: 'sum', name: 'Sum', terms: [{ factor: '-1', of: { node: 'a' } }] }],
} as unknown as Parameters<typeof draftOf>[0];
const draft = () => draftOf(stored);

describe('the meter tree as a draft', () => {
  it('comes from the API and goes back to it as it was', () => {
    const body = bodyOf(draft(), 7);
    expect(body.revision).toBe(7);
    expect(body.nodes[1]).toMatchObject({ incoming: [{ meter: 'main' }], parent: null });
    expect(body.virtual_meters).toEqual([
      { id: 'sum', name: 'Sum', unit: 'kWh', terms: [{ factor: '-1', of: { node: 'a' } }] },
    ]);
  });

  it('is shown from the site down, and a circle loses no place', () => {
    const rows = rowsOf(draft().places);
    expect(rows.map(({ place, depth }) => `${depth} ${place.id}`)).toEqual([
      '0 site',
      '1 a',
      '1 b',
      '2 b1',
    ]);
    const round = draft().places.map((place) =>
      place.id === 'b' ? { ...place, parent: 'b1' } : place,
    );
    expect(rowsOf(round)).toHaveLength(4);
  });

  it('never offers a place itself or what lies in it as its home', () => {
    expect(homesOf(draft().places, 'b').map(({ id }) => id)).toEqual(['site', 'a']);
  });

  it('gives each meter one owner', () => {
    const moved = hung(draft(), 'meter:oven', 'b1', 'incoming');
    expect(ownerOf(moved, 'meter:oven')).toMatchObject({ place: { id: 'b1' }, role: 'incoming' });
    expect(moved.places.find(({ id }) => id === 'a')?.consumers).toEqual([]);
    expect(ownerOf(draft(), 'meter:oven')?.place.id).toBe('a');
  });

  it('moves up what lay in a place that goes, and never loses the site', () => {
    const left = withoutPlace(draft(), 'b');
    expect(left.places.find(({ id }) => id === 'b1')?.parent).toBe('site');
    expect(withoutPlace(draft(), 'a').places.find(({ id }) => id === 'b')?.fed_from).toBeNull();
    expect(withoutPlace(draft(), 'site').places).toHaveLength(4);
  });

  it('sorts the meters of the site into areas by where they stand', () => {
    const flat = flatDraft('Plant', ['1', '2', '3', '4']);
    const where = new Map([
      ['meter:1', 'Hall Ä'],
      ['meter:2', 'ورشة'],
      ['meter:3', ' Hall Ä '],
    ]);
    const sorted = byLocation(flat, where);
    expect(sorted.places.map(({ id, consumers }) => [id, consumers])).toEqual([
      ['site', ['meter:4']],
      ['hall-a', ['meter:1', 'meter:3']],
      ['area', ['meter:2']],
    ]);
    expect(byLocation(sorted, where)).toEqual(sorted);
  });

  it('names new places after what they are called, and whatever points at them', () => {
    const grown = draft();
    const wing = { ...grown.places[2]!, id: 'new-place', name: 'Hall A', consumers: [] };
    grown.places.push(wing, { ...wing, id: 'x', name: 'Oven', parent: 'new-place' });
    grown.computed[0]!.terms.push({ factor: '1', of: 'node:new-place' });
    const kept = new Set(['node:site', 'node:a', 'node:b', 'node:b1', 'virtual:sum']);
    const done = named(grown, kept);
    expect(done.places.map(({ id }) => id)).toEqual(['b1', 'site', 'a', 'b', 'hall-a', 'oven']);
    expect(done.places[5]?.parent).toBe('hall-a');
    expect(done.computed[0]?.terms[1]?.of).toBe('node:hall-a');
    expect(named(done, kept)).toEqual(done);
  });

  it('makes ids that the API takes', () => {
    expect(freshId('Hall 1 / Élec', 'area', [])).toBe('hall-1-elec');
    expect(freshId('Hall', 'area', ['hall', 'hall-2'])).toBe('hall-3');
    expect(freshId('x'.repeat(90), 'area', [])).toMatch(/^[a-z0-9_-]{1,40}$/);
    expect(['-1', ' 0,5', '−2', '+3', 'x', ''].map(plainFactor)).toEqual([
      '-1',
      '0.5',
      '-2',
      '3',
      '0',
      '0',
    ]);
  });
});

describe('what the appliance refuses', () => {
  const fields = [
    { path: 'nodes[2].name', message: 'A name.' },
    { path: 'nodes[2].consumers[0]', message: 'Twice.' },
    { path: 'virtual_meters[0].terms[0].factor', message: 'A factor.' },
    { path: 'nodes[3].id', message: 'An id.' },
    { path: 'nodes', message: 'One site.' },
    { path: 'nodes[9].name', message: 'Nowhere.' },
  ];

  it('is said at its place, or above all of them', () => {
    const { placed, whole } = findingsOf(fields, draft());
    expect(placed.map(({ where }) => where)).toEqual([
      'place:a:name',
      'place:a:consumers:meter:oven',
      'computed:sum:terms.0.factor',
      'place:b:name',
    ]);
    expect(whole).toEqual(['One site.', 'Nowhere.']);
  });

  it('holds until that place is changed, wherever the place stands by then', () => {
    const { placed } = findingsOf(fields, draft());
    const later = withoutPlace(hung(draft(), 'meter:oven', 'b', 'consumers'), 'b1');
    const standing = placed.filter(({ where, held }) => heldAt(later, where) === held);
    expect(standing.map(({ where }) => where)).toEqual([
      'place:a:name',
      'computed:sum:terms.0.factor',
      'place:b:name',
    ]);
    expect(heldAt(later, 'computed:gone:name')).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { FlowEdge } from '@/api/types';
import { flowOf, flowOfTree, gathered, onlyMeter, OTHERS, pictureOf } from './flow';

const source = (id: string, kwh: number, inTotal = true, area: string | null = 'Hall') => ({
  id,
  name: id,
  area,
  kwh,
  inTotal,
});

describe('the flow of energy', () => {
  it('draws the meters that make the total, the greatest first', () => {
    const flow = flowOf(100, [source('a', 30), source('b', 70), source('sub', 20, false)]);
    expect(flow.drains.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(flow).toMatchObject({ restKwh: null, main: null });
  });

  it('names what a main meter counts and nobody behind it', () => {
    const flow = flowOf(100, [source('main', 100), source('a', 60, false), source('b', 25, false)]);
    expect(flow.main).toBe('main');
    expect(flow.drains.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(flow.restKwh).toBe(15);
  });

  it('never hides that machines count more than the site', () => {
    const flow = flowOf(100, [source('main', 100), source('a', 130, false)]);
    expect(flow.restKwh).toBe(-30);
  });

  it('gives every block its share and every word its room', () => {
    const flow = flowOf(1000, [
      source('a', 600, true, 'Hall 1'),
      source('b', 300, true, 'Hall 1'),
      source('c', 2, true, 'Hall 2'),
    ]);
    expect(flow.restKwh).toBeCloseTo(98);
    const { areas, drains, first, second, site } = pictureOf(flow, 0.1);
    expect(drains.map(({ drain }) => drain.id)).toEqual(['a', 'b', 'c']);
    expect(areas.map(({ key }) => key)).toEqual(['area-Hall 1', 'area-Hall 2', 'rest']);
    for (const block of [...drains, ...areas]) {
      expect(block.height).toBeGreaterThanOrEqual(0.1 - 1e-9);
      expect(block.thick).toBeLessThanOrEqual(block.height);
      expect(block.top + block.height).toBeLessThanOrEqual(1 + 1e-9);
    }
    const scale = drains[0]!.thick / 600;
    for (const block of drains) expect(block.thick).toBeCloseTo(block.kwh * scale);
    expect(site.thick).toBeCloseTo(1000 * scale);
    expect(first).toHaveLength(3);
    expect(second).toHaveLength(3);
    // The ribbons leave the site one after the other, without a gap and without a crossing.
    first.slice(1).forEach((ribbon, n) => expect(ribbon.from[0]).toBeCloseTo(first[n]!.from[1]));
  });
});

describe('a flow of many machines', () => {
  const many = flowOf(100, [source('a', 40), source('b', 30), source('c', 20), source('d', 5)]);

  it('draws the smallest as one where their names would lie upon each other', () => {
    expect(many.restKwh).toBe(5);
    const few = gathered(many, 4);
    expect(few.drains.map(({ id, kwh, count }) => [id, kwh, count])).toEqual([
      ['a', 40, undefined],
      ['b', 30, undefined],
      ['others', 25, 2],
    ]);
    expect(few.drains[2]).toMatchObject({ area: OTHERS, kind: 'others' });
    expect(few.restKwh).toBe(5);
  });

  it('leaves it as it is where there is room', () => {
    expect(gathered(many, 5)).toBe(many);
  });
});

describe('the flow by the meter tree', () => {
  const edge = (from: string, to: string, kwh: number | null): FlowEdge => ({
    from,
    to,
    name: to,
    energy: kwh === null ? null : { kwh, coverage: 0.9 },
    power_kw: null,
  });
  const edges = [
    edge('supply', 'node:site', 100),
    edge('node:site', 'meter:light', 10),
    edge('node:site', 'rest:site', 5),
    edge('node:site', 'node:hall', 60),
    edge('node:hall', 'meter:press', 40),
    edge('node:hall', 'rest:hall', 8),
    edge('node:hall', 'node:line', 12),
    edge('node:line', 'virtual:both', 12),
    edge('node:site', 'node:yard', 25),
    edge('node:yard', 'rest:yard', 25),
  ];

  it('has the places at the site as areas, and whatever lies deeper in them', () => {
    const flow = flowOfTree(edges)!;
    expect(flow.drains.map(({ id, area, kwh, kind }) => [id, area, kwh, kind])).toEqual([
      ['press', 'node:hall', 40, undefined],
      ['node:yard', 'node:yard', 25, 'place'],
      ['virtual:both', 'node:hall', 12, 'place'],
      ['light', null, 10, undefined],
      ['rest:hall', 'node:hall', 8, 'rest'],
    ]);
    expect(flow).toMatchObject({ totalKwh: 100, restKwh: 5, coverage: 0.9, unknown: 0 });
    const drawn = flow.drains.reduce((sum, { kwh }) => sum + kwh, 0) + flow.restKwh!;
    expect(drawn).toBe(flow.totalKwh);
  });

  it('says what is not known, and what was counted beyond what came in', () => {
    const odd = [
      edge('supply', 'node:site', null),
      edge('node:site', 'meter:a', 30),
      edge('node:site', 'meter:b', null),
      edge('node:site', 'node:hall', 4),
      edge('node:hall', 'meter:c', 6),
      edge('node:hall', 'rest:hall', -2),
    ];
    expect(flowOfTree(odd)).toMatchObject({ totalKwh: 36, restKwh: -2, unknown: 1 });
    expect(flowOfTree(odd)).not.toHaveProperty('coverage');
    expect(flowOfTree([])).toBeNull();
  });

  it('takes the places from the records of the machines where nobody made any', () => {
    const flat = [
      edge('supply', 'node:site', 30),
      edge('node:site', 'meter:a', 20),
      edge('node:site', 'meter:b', 10),
    ];
    const stands = (id: string) => (id === 'a' ? 'Hall 1' : null);
    expect(flowOfTree(flat, stands)!.drains.map(({ area }) => area)).toEqual(['Hall 1', null]);
    // A tree that somebody made is not mixed with them.
    expect(flowOfTree(edges, () => 'Hall 1')!.drains.find(({ id }) => id === 'light')?.area).toBe(
      null,
    );
  });

  it('knows the one meter that stands before all', () => {
    const before = [edge('supply', 'node:site', 30), edge('node:site', 'meter:main', 30)];
    expect(onlyMeter(before)).toBe('main');
    expect(onlyMeter([...before, edge('node:site', 'meter:b', 1)])).toBeNull();
    expect(onlyMeter([before[0]!, edge('node:site', 'node:hall', 30)])).toBeNull();
    expect(onlyMeter([])).toBeNull();
  });
});

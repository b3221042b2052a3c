import { describe, expect, it } from 'vitest';
import type { FlowEdge } from '@/api/types';
import { depthOf, layFlow } from './flow';

const edge = (from: string, to: string, kwh: number | null): FlowEdge => ({
  from,
  to,
  name: to,
  energy: kwh === null ? null : { kwh, coverage: 1 },
  power_kw: null,
});

const plant = [
  edge('supply', 'node:site', 100),
  edge('node:site', 'node:hall', 60),
  edge('node:site', 'meter:light', 30),
  edge('node:site', 'rest:site', 10),
  edge('node:hall', 'meter:oven', 20),
  edge('node:hall', 'meter:press', 40),
];

describe('the flow picture', () => {
  it('gives each stream the breadth of its energy', () => {
    const flow = layFlow(plant, { width: 600, height: 200, names: 100 });
    const height = (key: string) => flow.bands.find((band) => band.key === key)?.height;
    expect(height('node:site')).toBe(200);
    expect(height('node:hall')).toBe(120);
    expect(height('rest:site')).toBe(20);
    expect(flow.ribbons).toHaveLength(5);
  });

  it('puts the greatest first, what is unaccounted for last, and nothing over another', () => {
    const flow = layFlow(plant, { width: 600, height: 200, names: 100 });
    const keys = flow.bands.map((band) => band.key);
    expect(keys).toEqual([
      'node:site',
      'node:hall',
      'meter:press',
      'meter:oven',
      'meter:light',
      'rest:site',
    ]);
    for (const x of new Set(flow.bands.map((band) => band.x))) {
      const column = flow.bands.filter((band) => band.x === x).sort((a, b) => a.y - b.y);
      for (const [at, band] of column.entries()) {
        const next = column[at + 1];
        if (next) expect(band.y + band.height).toBeLessThanOrEqual(next.y);
      }
    }
    expect(Math.max(...flow.bands.map((band) => band.y + band.height))).toBeLessThanOrEqual(
      flow.height,
    );
  });

  it('fills its width, each place in its column', () => {
    const flow = layFlow(plant, { width: 600, height: 200, names: 100 });
    expect(flow.bands.map(({ x, depth }) => [x, depth])).toEqual([
      [0, 0],
      [295, 1],
      [590, 2],
      [590, 2],
      [295, 1],
      [295, 1],
    ]);
    expect(flow.bands.map(({ share }) => share)).toEqual([1, 0.6, 0.4, 0.2, 0.3, 0.1]);
    expect([depthOf(plant), depthOf([])]).toEqual([3, 1]);
  });

  it('lays no name upon another, however small the streams are and however deep the tree', () => {
    const small = Array.from({ length: 12 }, (_, n) => edge('node:line', `meter:${n}`, 0.1));
    const deep = [
      ...plant,
      edge('node:hall', 'node:line', 1.2),
      ...small,
      edge('node:hall', 'meter:pump', 0.01),
    ];
    const { bands, height } = layFlow(deep, { width: 600, height: 200, names: 100 });
    const lines = bands.map(({ label }) => label);
    for (const [at, one] of lines.entries()) {
      expect(one.width).toBeGreaterThan(50);
      expect(one.y + 20).toBeLessThanOrEqual(height + 0.001);
      for (const other of lines.slice(at + 1)) {
        const beside = one.x + one.width <= other.x || other.x + other.width <= one.x;
        expect(beside || Math.abs(one.y - other.y) >= 19.999).toBe(true);
      }
    }
  });

  it('draws a place that is not known as a whole as broad as what is known of it', () => {
    const partly = [edge('supply', 'node:site', null), ...plant.slice(1)];
    const flow = layFlow([...partly, edge('node:site', 'meter:new', null)], {
      width: 600,
      height: 200,
      names: 100,
    });
    expect(flow.bands.find(({ key }) => key === 'node:hall')?.height).toBe(120);
  });

  it('draws what is not known or below zero as a line, and survives nothing at all', () => {
    const odd = [edge('supply', 'node:site', 5), edge('node:site', 'rest:site', -3)];
    const flow = layFlow([...odd, edge('node:site', 'meter:a', null)], {
      width: 9,
      height: 50,
      names: 9,
    });
    expect(flow.bands.filter((band) => band.height === 2)).toHaveLength(2);
    expect(layFlow([], { width: 9, height: 50, names: 9 })).toEqual({
      bands: [],
      ribbons: [],
      height: 0,
    });
  });
});

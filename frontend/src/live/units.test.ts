import { expect, it } from 'vitest';
import { unitKept } from './units';

const source = Object.values(
  import.meta.glob<string>('../../../src/equipment/units.rs', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
)[0]!;

it('knows the unit of each quantity that the appliance converts', () => {
  const first = new Map(
    [...source.matchAll(/const (\w+): Family = &\[\("([^"]*)"/g)].map(([, name, unit]) => [
      name,
      unit,
    ]),
  );
  const arms = [...source.matchAll(/^ {8}((?:"\w+"(?: \| )?)+) => (\w+),$/gm)];
  const theirs = arms.flatMap(([, names = '', family]) =>
    [...names.matchAll(/\w+/g)].map(([name]) => [name, first.get(family)] as const),
  );
  expect(theirs.length).toBeGreaterThan(15);
  for (const [name, unit] of theirs) expect([name, unitKept(name)]).toEqual([name, unit]);
});

it('leaves the quantities of the plant itself without one', () => {
  expect(unitKept('t2_consumption')).toBe('kWh');
  expect(unitKept('steam')).toBeNull();
});

import { describe, expect, it } from 'vitest';
import { blankDraft, blankRow, copied, idOf, isState, lineIn, requestOf, shapeOf } from './draft';

describe('a draft', () => {
  it('becomes JSON from the rows of the form', () => {
    const row = { ...blankRow(), metric: 'power', address: '52', scale: '0,1', unit: 'W' };
    const draft = { ...blankDraft(), id: 'acme-m1', brand: 'Acme', model: 'M1', rows: [row] };
    const { kind, body, query } = requestOf(draft);
    expect([kind, query]).toEqual(['application/json', { addresses: 'zero_based' }]);
    expect(JSON.parse(body)).toMatchObject({
      id: 'acme-m1',
      registers: { power: { address: 52, scale: 0.1, unit: 'W', type: 'float32' } },
    });
  });

  it('says of a coil or discrete input where it is, and of a bit which', () => {
    const coil = { ...blankRow(), metric: 'pump_on', address: '2', function: 'coil' as const };
    const bit = { ...blankRow(), metric: 'filter_alarm', address: '9', bit: '4' };
    const mode = { ...bit, metric: 'mode', bit: '2', bits: '3', reversed: true };
    const rows = [
      { ...coil, reversed: true },
      { ...bit, type: 'uint16' as const },
      { ...mode, type: 'uint16' as const },
    ];
    expect(rows.map(isState)).toEqual([true, true, false]);
    const { registers } = JSON.parse(requestOf({ ...blankDraft(), rows }).body);
    expect(registers.pump_on).toEqual({ address: 2, function: 'coil', reversed: true });
    expect(registers.mode).toMatchObject({ bit: 2, bits: 3, reversed: true });
    expect(registers.filter_alarm).toMatchObject({ address: 9, type: 'uint16', bit: 4 });
  });

  it('goes as it is when it is a text, with what a table does not say', () => {
    const draft = { ...blankDraft(), text: 'name,address\n', id: 'a', brand: 'b', model: 'c' };
    expect(requestOf({ ...draft, shape: 'toml' })).toEqual({
      kind: 'application/toml',
      body: 'name,address\n',
      query: { addresses: 'zero_based' },
    });
    expect(requestOf({ ...draft, shape: 'csv', addresses: 'printed' }).query).toEqual({
      addresses: 'printed',
      id: 'a',
      brand: 'b',
      model: 'c',
      source: '',
    });
  });

  it('is an empty address, and not address 0, until one is entered', () => {
    const body = JSON.parse(requestOf({ ...blankDraft() }).body);
    expect(body.registers[''].address).toBe(-1);
  });
});

it('knows the shape of a file', () => {
  expect(shapeOf('a.CSV', '{')).toBe('csv');
  expect(shapeOf('a.txt', ' {"power": 1}')).toBe('list');
  expect(shapeOf('a.toml', 'id = "a"')).toBe('toml');
});

it('makes an id of words', () => {
  expect(idOf('Weidmüller ', 'EM 525/2')).toBe('weidmuller-em-525-2');
  expect(idOf('', '')).toBe('');
});

it('copies a file under another id', () => {
  const text = '# x\nid = "a"\nrevision = 7\nverified = "2026"\nsource = "id = 3"\n';
  expect(copied(text, 'a-copy')).toBe('# x\nid = "a-copy"\nrevision = 1\nsource = "id = 3"\n');
});

it('finds the line that a refusal names', () => {
  expect(lineIn('one\ntwo\nthree', 'Line 2: no.')).toEqual([4, 7]);
  expect(lineIn('one', 'Line 9, column 3: no.')).toBeNull();
  expect(lineIn('one', 'No line.')).toBeNull();
});

import { describe, expect, it } from 'vitest';
import type { ColdCell, ColdCustomer } from '@/api/types';
import { bandsOf, installCode, serialIn, stateOf, treeOf } from './cells';

const cell = (more: object = {}) =>
  ({
    id: 'a',
    customer_id: 'c',
    location_name: 'North',
    temperature_c: 4,
    last_reading_at: '2026-11-21T08:00:00Z',
    alerts: [],
    ...more,
  }) as unknown as ColdCell;
const alert = (level: string, active = true) => ({ level, active });

describe('the state of a cell', () => {
  it.each([
    ['well', {}],
    ['alarm', { alerts: [alert('Low'), alert('Critical')] }],
    ['notice', { alerts: [alert('Medium')] }],
    ['well', { alerts: [alert('High', false)] }],
    ['silent', { temperature_c: null }],
    ['unknown', { temperature_c: null, last_reading_at: null }],
  ])('is %s', (state, more) => expect(stateOf(cell(more))).toBe(state));
});

it('draws bands within the span only', () => {
  const at = (minute: number) => new Date(minute * 60_000).toISOString();
  const bands = [
    { from: at(-10), to: at(10) },
    { from: at(50), to: at(60) },
  ];
  expect(bandsOf(bands, [0, 3300])).toEqual([
    [0, 600],
    [3000, 3300],
  ]);
  expect(bandsOf(bands, [700, 900])).toEqual([]);
  expect(bandsOf(null, [0, 6000])).toEqual([]);
});

it('puts each cell under its location and its customer', () => {
  const customer = (id: string) => ({ id, name: id }) as unknown as ColdCustomer;
  const tree = treeOf(
    [customer('c'), customer('d')],
    [cell(), cell({ id: 'b', location_name: 'East' }), cell({ id: 'e', customer_id: 'd' })],
  );
  expect(tree.map(({ branches }) => branches.map(({ name }) => name))).toEqual([
    ['East', 'North'],
    ['North'],
  ]);
});

it('tells the installer where to send', () => {
  expect(JSON.parse(installCode('http://plant', 'C 1', 'imd_x'))).toEqual({
    url: 'http://plant/api/readings/devices/C%201/readings',
    serial: 'C 1',
    key: 'imd_x',
  });
});

describe('the serial number in a code', () => {
  it.each([
    ['COLD-0042', 'COLD-0042'],
    [' 70:B3:D5:00 \n', '70:B3:D5:00'],
    ['{"serial":"A1","key":"imd_x"}', 'A1'],
    ['{"model":"T5","SN":"B-2"}', 'B-2'],
    ['SN: 0042; FW 1.2', '0042'],
    ['Model T5\nSerial No.: C_3', 'C_3'],
    ['https://maker.example/q?sn=D4', 'D4'],
    ['http://plant/api/readings/devices/E%3A5/readings', 'E:5'],
    ['https://maker.example/shop', null],
    ['WIFI:S:plant;T:WPA;P:secret;;', null],
    ['{"ssid":"plant"}', null],
    ['', null],
  ])('%s', (code, serial) => expect(serialIn(code)).toBe(serial));
});

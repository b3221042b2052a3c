import { describe, expect, it } from 'vitest';
import type { Equipment } from '@/api/types';
import { checkConnection, checkEquipment, formPath } from './checkEquipment';
import {
  blankForm,
  blankRegister,
  formOf,
  inputOf,
  isState,
  type EquipmentForm,
} from './equipmentForm';
import { hexWords } from './hexWords';

function filled(): EquipmentForm {
  const form = blankForm('2026-11-21');
  Object.assign(form, { name: 'Oven', type: 'Oven', model: 'X' });
  form.modbus.host = '192.168.1.20';
  form.modbus.profile = 'eastron-sdm630';
  return form;
}
const check = (form: EquipmentForm) => checkEquipment(form, (key) => key);

it('keeps what it does not show of a register, and says of a coil only where it is', () => {
  const form = filled();
  const word = { ...blankRegister('mode'), address: '7', bit: '4', bits: '3' };
  const door = { ...blankRegister('door_open'), address: '1', reversed: true };
  form.modbus.registers = [
    { ...word, type: 'uint16' },
    { ...door, function: 'discrete' },
  ];
  const { registers } = inputOf(form).modbus ?? {};
  expect(registers?.mode).toMatchObject({ type: 'uint16', bit: 4, bits: 3 });
  expect(registers?.door_open).toMatchObject({
    type: 'bool',
    function: 'discrete',
    reversed: true,
    unit: null,
  });
  expect(registers?.door_open).not.toHaveProperty('bit');
  const shown = formOf({ specs: {}, modbus: inputOf(form).modbus } as unknown as Equipment);
  expect(shown.modbus.registers.map((row) => [row.bit, row.bits, row.reversed])).toEqual([
    ['4', '3', false],
    ['', '', true],
  ]);
});

it('knows what is a state, and which bits there are', () => {
  const row = { ...blankRegister('filter_alarm'), address: '9', type: 'uint16' as const };
  const states = [{}, { bit: '4' }, { bit: '4', bits: '1' }, { bit: '4', bits: '3' }];
  expect(states.map((said) => isState({ ...row, ...said }))).toEqual([false, true, true, false]);
  expect(isState({ ...row, function: 'coil' })).toBe(true);
  const form = filled();
  form.modbus.registers = [
    { ...row, bit: '64' },
    { ...row, metric: 'mode', bits: '3' },
    { ...row, metric: 'level', bit: '2', bits: '0' },
  ];
  expect(check(form)).toEqual({
    'modbus.registers.0.bit': 'check.bit',
    'modbus.registers.1.bit': 'check.bitFirst',
    'modbus.registers.2.bits': 'check.bits',
  });
});

describe('checks', () => {
  it('accepts a complete form', () => {
    expect(check(filled())).toEqual({});
  });

  it('looks at the connection alone for a test read', () => {
    const form = filled();
    form.name = '';
    expect(check(form)).toEqual({ name: 'check.required' });
    expect(checkConnection(form, (key) => key)).toEqual({});
  });

  it.each([
    ['port', '0', 'check.port'],
    ['port', '65536', 'check.port'],
    ['port', '5o2', 'check.port'],
    ['unit_id', '0', 'check.unitId'],
    ['unit_id', '248', 'check.unitId'],
    ['poll_interval_ms', '99', 'check.pollInterval'],
    ['timeout_ms', '30001', 'check.timeout'],
    ['host', 'http://meter', 'check.host'],
  ] as const)('refuses %s %s', (field, text, sentence) => {
    const form = filled();
    form.modbus[field] = text;
    expect(check(form)).toEqual({ [`modbus.${field}`]: sentence });
  });

  it('asks for the port when the device is on a serial line', () => {
    const form = filled();
    form.modbus.protocol = 'rtu';
    form.modbus.host = '';
    expect(check(form)).toEqual({ 'modbus.serial.device': 'check.required' });
    form.modbus.serial.device = 'COM3';
    expect(check(form)).toEqual({ 'modbus.serial.device': 'check.serialDevice' });
    form.modbus.serial.device = '/dev/ttyUSB0';
    expect(check(form)).toEqual({});
    const { modbus } = inputOf(form);
    expect(modbus).toMatchObject({ protocol: 'rtu', host: '', retries: 1 });
    expect(modbus?.serial).toEqual({
      device: '/dev/ttyUSB0',
      baud_rate: 9600,
      parity: 'even',
      stop_bits: 1,
    });
  });

  it.each(['1', '247', '255'])('accepts unit %s', (id) => {
    const form = filled();
    form.modbus.unit_id = id;
    expect(check(form)).toEqual({});
  });

  it('needs a profile or a register', () => {
    const form = filled();
    form.modbus.profile = '';
    expect(check(form)).toEqual({ 'modbus.profile': 'check.profileOrRegister' });
    form.modbus.registers.push({ ...blankRegister('power'), address: '52' });
    expect(check(form)).toEqual({});
  });

  it('names the row and the field of a bad register', () => {
    const form = filled();
    form.modbus.registers = [
      { ...blankRegister('power'), address: '52' },
      { ...blankRegister('power'), address: '70000', scale: '0' },
    ];
    expect(check(form)).toEqual({
      'modbus.registers.1.metric': 'check.metricTwice',
      'modbus.registers.1.address': 'check.address',
      'modbus.registers.1.scale': 'check.scale',
    });
  });

  it('leaves the connection alone when the device is not read', () => {
    const form = filled();
    form.connected = false;
    form.modbus.host = '';
    expect(check(form)).toEqual({});
    expect(inputOf(form).modbus).toBeNull();
  });
});

describe('the server’s field errors', () => {
  const rows = [blankRegister('power'), blankRegister('flow_rate')];

  it.each([
    ['modbus.registers.flow_rate.address', 'modbus.registers.1.address'],
    ['modbus.registers.power', 'modbus.registers.0.metric'],
    ['modbus.registers', 'modbus.profile'],
    ['modbus.ip', 'modbus.host'],
    ['modbus.slave_id', 'modbus.unit_id'],
    ['specs.capacity_kw', 'specs.capacity_kw'],
  ])('%s lands at %s', (path, field) => {
    expect(formPath(path, rows)).toBe(field);
  });
});

describe('the request', () => {
  it('has numbers where the person typed texts, with a decimal comma too', () => {
    const form = filled();
    form.specs.capacity_kw = '75,5';
    form.modbus.registers.push({ ...blankRegister('temperature'), address: '40', scale: '0,1' });
    const input = inputOf(form);
    expect(input.specs).toEqual({ capacity_kw: 75.5 });
    expect(input.modbus?.port).toBe(502);
    expect(input.modbus?.registers?.temperature).toMatchObject({
      address: 40,
      scale: 0.1,
      unit: '°C',
    });
  });

  it('keeps the specifications that the form does not show', () => {
    const form = filled();
    expect(inputOf(form, { capacity_kw: 9, colour: 'red' }).specs).toEqual({ colour: 'red' });
  });

  it('survives the way into the form and back', () => {
    const form = filled();
    form.modbus.registers.push({ ...blankRegister('power'), address: '52' });
    const item = { ...inputOf(form), status: 'online', id: 'a' } as unknown as Equipment;
    expect(inputOf(formOf(item))).toEqual(inputOf(form));
  });
});

it('prints raw words as the manuals do', () => {
  expect(hexWords([0x4366, 0x0a3d, 7])).toBe('4366 0A3D 0007');
});

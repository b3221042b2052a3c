// What the form refuses before the appliance has to. Pure.
import * as v from 'valibot';
import type { FieldError } from '@/api';
import { decimalOf, errorsOf, optionalDecimal, required, whole } from '@/kit/check';
import type { Errors } from '@/kit/useFormErrors';
import { isBits, type EquipmentForm, type RegisterRow } from './equipmentForm';

const register = v.object({
  metric: v.pipe(required(), v.regex(/^[a-z][a-z0-9_]*$/, 'check.metric')),
  address: whole(0, 65_535, 'check.address'),
  scale: v.pipe(
    required(),
    v.check((text) => Number.isFinite(decimalOf(text)) && decimalOf(text) !== 0, 'check.scale'),
  ),
});

const unitId = v.pipe(
  required(),
  v.check((text) => {
    const id = Number(text);
    return /^\d+$/.test(text) && ((id >= 1 && id <= 247) || id === 255);
  }, 'check.unitId'),
);

const network = {
  host: v.pipe(required(), v.regex(/^[^\s/]+$/, 'check.host')),
  port: whole(1, 65_535, 'check.port'),
};

const serial = {
  serial: v.object({ device: v.pipe(required(), v.regex(/^\/dev\/\S+$/, 'check.serialDevice')) }),
};

const common = {
  unit_id: unitId,
  poll_interval_ms: whole(100, 3_600_000, 'check.pollInterval'),
  timeout_ms: whole(50, 30_000, 'check.timeout'),
  gap_ms: whole(0, 5000, 'check.gap'),
  connect_delay_ms: whole(0, 10_000, 'check.connectDelay'),
  retries: whole(0, 5, 'check.retries'),
  registers: v.array(register),
};

const identity = v.object({
  name: required(),
  type: required(),
  model: required(),
  install_date: v.pipe(required(), v.isoDate('check.date')),
  specs: v.object({
    capacity_kw: optionalDecimal('check.capacity', (value) => value > 0),
  }),
});

const overNetwork = v.object({ modbus: v.object({ ...network, ...common }) });
const overSerial = v.object({ modbus: v.object({ ...serial, ...common }) });

const wholeOf = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text) : NaN);

/** What is wrong with the bits of a row; a coil has none, and neither has a truth value. */
function bitErrors(row: RegisterRow): Errors {
  if (isBits(row.function) || row.type === 'bool') return {};
  const [bit, bits] = [row.bit.trim(), row.bits.trim()];
  if (bit === '') return bits === '' ? {} : { bit: 'check.bitFirst' };
  if (!(wholeOf(bit) <= 63)) return { bit: 'check.bit' };
  return bits === '' || (wholeOf(bits) >= 1 && wholeOf(bits) <= 64) ? {} : { bits: 'check.bits' };
}

function registerErrors(form: EquipmentForm, translate: (key: string) => string): Errors {
  const errors: Errors = {};
  const rows = form.modbus.registers;
  if (rows.length === 0 && form.modbus.profile === '')
    errors['modbus.profile'] = translate('check.profileOrRegister');
  rows.forEach((row, index) => {
    Object.entries(bitErrors(row)).forEach(([field, key]) => {
      errors[`modbus.registers.${index}.${field}`] = translate(key);
    });
    const first = rows.findIndex((other) => other.metric.trim() === row.metric.trim());
    if (row.metric.trim() !== '' && first < index)
      errors[`modbus.registers.${index}.metric`] = translate('check.metricTwice');
  });
  return errors;
}

export function checkConnection(form: EquipmentForm, translate: (key: string) => string): Errors {
  const connection =
    form.modbus.protocol === 'rtu'
      ? errorsOf(overSerial, form, translate)
      : errorsOf(overNetwork, form, translate);
  return { ...registerErrors(form, translate), ...connection };
}

export function checkEquipment(form: EquipmentForm, translate: (key: string) => string): Errors {
  const errors = errorsOf(identity, form, translate);
  return form.connected ? { ...errors, ...checkConnection(form, translate) } : errors;
}

/** The request names registers by metric, the form by row; `modbus.ip` is the host's other name. */
export function formPath(path: string, rows: RegisterRow[]): string {
  const plain = path
    .replace(/^modbus\.ip$/, 'modbus.host')
    .replace(/^modbus\.transport$/, 'modbus.protocol')
    .replace(/^modbus\.serial$/, 'modbus.serial.device')
    .replace(/\.slave_id$/, '.unit_id');
  const found = /^modbus\.registers\.([^.]+)(?:\.(.+))?$/.exec(plain);
  if (!found) return plain === 'modbus.registers' ? 'modbus.profile' : plain;
  const index = rows.findIndex((row) => row.metric.trim() === found[1]);
  return index < 0 ? plain : `modbus.registers.${index}.${found[2] ?? 'metric'}`;
}

export const formFields = (fields: FieldError[], rows: RegisterRow[]): FieldError[] =>
  fields.map((field) => ({ ...field, path: formPath(field.path, rows) }));

// The form as a person fills it (texts) and the request it becomes. Pure.
import type { Equipment, EquipmentInput, Modbus, Register } from '@/api/types';
import { decimalOf } from '@/kit/check';

export interface RegisterRow {
  metric: string;
  address: string;
  type: Register['type'];
  function: NonNullable<Register['function']>;
  word_order: NonNullable<Register['word_order']>;
  scale: string;
  unit: string;
  /** The one bit that is meant; empty for the whole number. */
  bit: string;
  /** How many bits from there on make a number; empty for that one. */
  bits: string;
  /** A state that is on at 0, or a number that counts the other way round. */
  reversed: boolean;
}

/** Whether each address of a table is a single bit. */
export const isBits = (table: RegisterRow['function']): boolean =>
  table === 'coil' || table === 'discrete';

type Serial = NonNullable<Modbus['serial']>;

export interface SerialForm {
  device: string;
  baud_rate: string;
  parity: NonNullable<Serial['parity']>;
  stop_bits: string;
}

export interface ModbusForm {
  protocol: NonNullable<Modbus['protocol']>;
  host: string;
  port: string;
  serial: SerialForm;
  unit_id: string;
  poll_interval_ms: string;
  timeout_ms: string;
  gap_ms: string;
  connect_delay_ms: string;
  retries: string;
  profile: string;
  /** Of a SunSpec profile; empty until the test read has found it. */
  base_address: string;
  registers: RegisterRow[];
}

/** Same paths as the request, so that a refused field finds its input. */
export interface EquipmentForm {
  name: string;
  type: string;
  model: string;
  serial_number: string;
  install_date: string;
  location: string;
  status: 'active' | 'maintenance' | 'decommissioned';
  in_site_total: boolean;
  specs: { capacity_kw: string };
  /** Off for a machine that is known but not read. */
  connected: boolean;
  modbus: ModbusForm;
}

export const registerTypes: Register['type'][] = [
  'float32',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'float64',
  'bool',
];

export const baudRates = [
  1200, 2400, 4800, 9600, 14_400, 19_200, 38_400, 57_600, 115_200, 230_400,
].map(String);

const units: Record<string, string> = {
  power: 'kW',
  voltage: 'V',
  current: 'A',
  frequency: 'Hz',
  power_factor: '',
  consumption: 'kWh',
  temperature: '°C',
};

const phased = ['power', 'voltage', 'current'];

export const metricSuggestions = Object.keys(units).flatMap((metric) =>
  phased.includes(metric) ? [metric, ...[1, 2, 3].map((n) => `${metric}_l${n}`)] : [metric],
);

export const usualUnit = (metric: string) => units[metric.replace(/_l[123]$/, '')] ?? '';

export const blankRegister = (metric = ''): RegisterRow => ({
  metric,
  address: '',
  type: 'float32',
  function: 'holding',
  word_order: 'big',
  scale: '1',
  unit: usualUnit(metric),
  bit: '',
  bits: '',
  reversed: false,
});

export const blankForm = (today: string): EquipmentForm => ({
  name: '',
  type: '',
  model: '',
  serial_number: '',
  install_date: today,
  location: '',
  status: 'active',
  in_site_total: true,
  specs: { capacity_kw: '' },
  connected: true,
  modbus: {
    protocol: 'tcp',
    host: '',
    port: '502',
    serial: { device: '', baud_rate: '9600', parity: 'even', stop_bits: '1' },
    unit_id: '1',
    poll_interval_ms: '5000',
    timeout_ms: '1000',
    gap_ms: '0',
    connect_delay_ms: '0',
    retries: '1',
    profile: '',
    base_address: '',
    registers: [],
  },
});

const serialFormOf = (serial: Serial): SerialForm => ({
  device: serial.device,
  baud_rate: String(serial.baud_rate),
  parity: serial.parity ?? 'even',
  stop_bits: String(serial.stop_bits),
});

function modbusFormOf(modbus: Modbus): ModbusForm {
  const blank = blankForm('').modbus;
  return {
    protocol: modbus.protocol ?? blank.protocol,
    host: modbus.host ?? '',
    port: String(modbus.port ?? blank.port),
    serial: modbus.serial ? serialFormOf(modbus.serial) : blank.serial,
    unit_id: String(modbus.unit_id ?? blank.unit_id),
    poll_interval_ms: String(modbus.poll_interval_ms ?? blank.poll_interval_ms),
    timeout_ms: String(modbus.timeout_ms ?? blank.timeout_ms),
    gap_ms: String(modbus.gap_ms),
    connect_delay_ms: String(modbus.connect_delay_ms),
    retries: String(modbus.retries),
    profile: modbus.profile ?? '',
    base_address: modbus.base_address == null ? '' : String(modbus.base_address),
    registers: Object.entries(modbus.registers ?? {}).map(([metric, register]) => ({
      metric,
      address: String(register.address),
      type: register.type,
      function: register.function ?? 'holding',
      word_order: register.word_order ?? 'big',
      scale: String(register.scale ?? 1),
      unit: register.unit ?? '',
      bit: register.bit == null ? '' : String(register.bit),
      bits: register.bits == null ? '' : String(register.bits),
      reversed: register.reversed ?? false,
    })),
  };
}

export function formOf(item: Equipment): EquipmentForm {
  const capacity = item.specs.capacity_kw;
  const running = item.status === 'online' || item.status === 'offline';
  return {
    name: item.name,
    type: item.type,
    model: item.model,
    serial_number: item.serial_number ?? '',
    install_date: item.install_date,
    location: item.location ?? '',
    status: running ? 'active' : (item.status as 'maintenance' | 'decommissioned'),
    in_site_total: item.in_site_total,
    specs: { capacity_kw: typeof capacity === 'number' ? String(capacity) : '' },
    connected: item.modbus !== null,
    modbus: item.modbus ? modbusFormOf(item.modbus) : blankForm('').modbus,
  };
}

/** A device has either a place in the network or a serial port. */
function placeOf(form: ModbusForm): Pick<Modbus, 'protocol' | 'host' | 'port' | 'serial'> {
  const { protocol, serial } = form;
  if (protocol !== 'rtu')
    return { protocol, host: form.host.trim(), port: Number(form.port), serial: null };
  return {
    protocol,
    host: '',
    port: 502,
    serial: {
      device: serial.device.trim(),
      baud_rate: Number(serial.baud_rate),
      parity: serial.parity,
      stop_bits: Number(serial.stop_bits),
    },
  };
}

/** Whether a row is on or off: a coil, a discrete input, a truth value, or one bit of a number. */
export const isState = (row: Pick<RegisterRow, 'function' | 'type' | 'bit' | 'bits'>): boolean =>
  isBits(row.function) ||
  row.type === 'bool' ||
  (row.bit.trim() !== '' && ['', '1'].includes(row.bits.trim()));

/** A coil or a discrete input is a state and nothing else. */
function registerOf(row: RegisterRow): Register {
  const bits = isBits(row.function);
  const bit = bits || row.type === 'bool' ? '' : row.bit.trim();
  const several = row.bits.trim();
  return {
    address: Number(row.address),
    type: bits ? 'bool' : row.type,
    function: row.function,
    word_order: row.word_order,
    scale: bits ? 1 : decimalOf(row.scale),
    unit: bits ? null : row.unit.trim() || null,
    ...(bit === '' ? {} : { bit: Number(bit), ...(several ? { bits: Number(several) } : {}) }),
    ...(row.reversed ? { reversed: true } : {}),
  };
}

export function modbusOf(form: ModbusForm): Modbus {
  const registers = form.registers.map((row): [string, Register] => [
    row.metric.trim(),
    registerOf(row),
  ]);
  return {
    ...placeOf(form),
    unit_id: Number(form.unit_id),
    poll_interval_ms: Number(form.poll_interval_ms),
    timeout_ms: Number(form.timeout_ms),
    gap_ms: Number(form.gap_ms),
    connect_delay_ms: Number(form.connect_delay_ms),
    retries: Number(form.retries),
    profile: form.profile || null,
    ...(form.base_address.trim() ? { base_address: Number(form.base_address) } : {}),
    registers: Object.fromEntries(registers),
  };
}

/** `specs` holds more than the form shows; what is not shown is kept. */
export function inputOf(form: EquipmentForm, specs: Record<string, unknown> = {}): EquipmentInput {
  const otherSpecs = { ...specs };
  delete otherSpecs.capacity_kw;
  const capacity = form.specs.capacity_kw.trim();
  return {
    name: form.name.trim(),
    type: form.type.trim(),
    model: form.model.trim(),
    install_date: form.install_date,
    serial_number: form.serial_number.trim() || null,
    location: form.location.trim() || null,
    status: form.status,
    in_site_total: form.in_site_total,
    specs: capacity ? { ...otherSpecs, capacity_kw: decimalOf(capacity) } : otherSpecs,
    modbus: form.connected ? modbusOf(form.modbus) : null,
  };
}

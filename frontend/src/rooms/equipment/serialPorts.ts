// The serial ports of the appliance, as a form offers them. Pure.
import type { ScanFind, ScanRequest, SerialPort } from '@/api/types';

/** Speeds that a search tries: what meters come with, or whatever a bus may have been set to. */
export const speeds = {
  usual: [9600, 19_200],
  all: [9600, 19_200, 38_400, 4800, 57_600, 115_200],
} as const;

export interface ScanForm {
  protocol: NonNullable<ScanRequest['protocol']>;
  device: string;
  speeds: keyof typeof speeds;
  hosts: string;
  port: string;
  unit_from: string;
  unit_to: string;
}

/** What is asked for: a serial port has no addresses, and an address no speed. */
export function scanOf(form: ScanForm, timeoutMs: number): ScanRequest {
  const units = {
    unit_from: Number(form.unit_from),
    unit_to: Number(form.unit_to),
    timeout_ms: timeoutMs,
  };
  if (form.protocol !== 'rtu') {
    return { protocol: form.protocol, hosts: form.hosts, port: Number(form.port), ...units };
  }
  return {
    protocol: 'rtu',
    hosts: '',
    port: Number(form.port),
    serial: {
      device: form.device.trim(),
      baud_rates: [...speeds[form.speeds]],
      parities: ['none', 'even'],
      stop_bits: 1,
    },
    ...units,
  };
}

/** Where a device was found: `10.0.0.7:502 / 3`, or `ttyUSB0 9600 8E1 / 3`. */
export function placeOf(find: ScanFind): string {
  if (!find.serial) return `${find.host}:${find.port} / ${find.unit_id}`;
  const { device, baud_rate, parity, stop_bits } = find.serial;
  const letter = (parity ?? 'even').charAt(0).toUpperCase();
  const name = device.split('/').pop() ?? device;
  return `${name} ${baud_rate ?? 9600} 8${letter}${stop_bits ?? 1} / ${find.unit_id}`;
}

/** The port of this path, by whichever of its names. */
export const portOf = (ports: SerialPort[], device: string) =>
  ports.find((port) => [port.device, `/dev/${port.name}`].includes(device.trim()));

import { describe, expect, it } from 'vitest';
import type { ScanFind } from '@/api/types';
import { placeOf, portOf, scanOf, type ScanForm } from './serialPorts';

const form: ScanForm = {
  protocol: 'tcp',
  device: ' /dev/ttyUSB0 ',
  speeds: 'usual',
  hosts: '10.0.0.7',
  port: '502',
  unit_from: '1',
  unit_to: '32',
};

describe('a search for devices', () => {
  it('asks addresses for no speed, and a serial port for no address', () => {
    const units = { unit_from: 1, unit_to: 32, timeout_ms: 500 };
    expect(scanOf(form, 500)).toEqual({ protocol: 'tcp', hosts: '10.0.0.7', port: 502, ...units });
    expect(scanOf({ ...form, protocol: 'rtu' }, 500)).toEqual({
      protocol: 'rtu',
      hosts: '',
      port: 502,
      serial: {
        device: '/dev/ttyUSB0',
        baud_rates: [9600, 19_200],
        parities: ['none', 'even'],
        stop_bits: 1,
      },
      ...units,
    });
  });

  it('says where a device was found as a technician writes it', () => {
    const find = { host: '10.0.0.7', port: 502, unit_id: 3, serial: null } as ScanFind;
    expect(placeOf(find)).toBe('10.0.0.7:502 / 3');
    const device = '/dev/serial/by-id/usb-FTDI';
    const serial = { device, baud_rate: 19_200, parity: 'none', stop_bits: 2 } as const;
    expect(placeOf({ ...find, serial })).toBe('usb-FTDI 19200 8N2 / 3');
  });

  it('knows a port by both of its names', () => {
    const port = { device: '/dev/serial/by-id/usb-FTDI', name: 'ttyUSB0' };
    const ports = [{ ...port, adapter: null, polled_with: '9600 8E1' }];
    expect(portOf(ports, '/dev/ttyUSB0')?.polled_with).toBe('9600 8E1');
    expect(portOf(ports, ' /dev/serial/by-id/usb-FTDI')).toBe(ports[0]);
    expect(portOf(ports, '/dev/ttyUSB1')).toBeUndefined();
  });
});

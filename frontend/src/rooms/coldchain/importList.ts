// A list of cells on its way in: its refusals in order, and the keys that came of it. Pure.
import type { FieldError } from '@/api';
import type { ColdImport } from '@/api/types';

/** As the appliance reads them; the first three are needed. */
export const COLUMNS =
  'customer,location,cell,product,set_point_c,min_c,max_c,interval_s,serial_number,device_name,probe';

/** Two cells of one customer, one of them with two sensors. */
export const EXAMPLE = [
  COLUMNS,
  'Medina Foods,Warehouse north,Freezer 1,"Fish, frozen",-20,,-18,60,MF-0001,Front,',
  'Medina Foods,Warehouse north,Freezer 1,,,,,60,MF-0002,Rear,rear',
  'Medina Foods,Warehouse north,Cold room 1,Vegetables,4,1,8,60,MF-0003,,',
].join('\r\n');

export interface Refusal {
  /** Line of the file, from 1; null when it is about the whole of it. */
  line: number | null;
  column: string;
  message: string;
}

/** Where a list was refused, from top to bottom. */
export function refusalsOf(fields: FieldError[]): Refusal[] {
  const refusal = ({ path, message }: FieldError): Refusal => {
    const place = /^line (\d+)\.?(.*)$/.exec(path);
    if (!place) return { line: null, column: '', message };
    return { line: Number(place[1]), column: place[2] ?? '', message };
  };
  return fields.map(refusal).sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** A cell of a table of text: in quotes when it must be, and never a formula for a spreadsheet. */
function cellText(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
}

/** The keys of the devices as a table, for whoever sets them up. */
export function keysOf(devices: ColdImport['devices']): string {
  const rows = devices.map(({ serial_number: serial, name, key }) => [serial, name, key]);
  const all = [['serial_number', 'name', 'key'], ...rows];
  return `${all.map((row) => row.map(cellText).join(',')).join('\r\n')}\r\n`;
}

import { describe, expect, it } from 'vitest';
import type { ColdCell, ColdOwner, ColdPlace } from '@/api/types';
import { EXAMPLE, keysOf, refusalsOf } from './importList';
import {
  blankCertificate,
  certificateOf,
  checkCertificate,
  checkCustomer,
  checkPlace,
  customerOf,
  formOfCustomer,
  ownersOf,
} from './placeForms';

const key = (name: string) => name;

describe('customers, locations and certificates', () => {
  it('needs a name, and an address of mail that is one', () => {
    const blank = formOfCustomer(null);
    expect(checkCustomer({ ...blank, email: 'amel' }, key)).toEqual({
      name: 'check.required',
      email: 'check.email',
    });
    const said = { ...blank, name: ' Medina ', email: 'a@b' };
    expect(checkCustomer(said, key)).toEqual({});
    expect(customerOf(said)).toEqual({
      name: 'Medina',
      site: null,
      contact: null,
      phone: null,
      email: 'a@b',
      note: null,
    });
    expect(checkPlace({ name: ' ', address: '' }, key)).toEqual({ name: 'check.required' });
  });

  it('knows when a certificate is worth something', () => {
    const today = '2028-02-29';
    const blank = blankCertificate(today);
    expect([blank.calibrated_on, blank.due_on]).toEqual([today, '2029-02-28']);
    expect(checkCertificate({ ...blank, offset_c: '11' }, key, today)).toEqual({
      certificate: 'check.required',
      offset_c: 'coldchain.form.wantOffset',
    });
    const odd = { ...blank, certificate: 'K', calibrated_on: '2028-03-01', due_on: '2028-03-01' };
    expect(checkCertificate(odd, key, today)).toEqual({
      calibrated_on: 'coldchain.form.notYet',
      due_on: 'coldchain.form.wantLater',
    });
    const good = { ...blank, certificate: 'K-1', offset_c: '-0,3' };
    expect(checkCertificate(good, key, today)).toEqual({});
    expect(certificateOf(good)).toMatchObject({ probe: '', laboratory: null, offset_c: -0.3 });
  });

  it('shows customers without locations, and locations without cells', () => {
    const owners = [{ id: 'a' }, { id: 'b' }] as ColdOwner[];
    const places = [
      { id: 'p', customer_id: 'a' },
      { id: 'q', customer_id: 'a' },
    ] as ColdPlace[];
    const cells = [{ id: 'c', location_id: 'q' }] as ColdCell[];
    const rows = ownersOf(owners, places, cells);
    const told = rows.map(({ places: own }) => own.map((one) => one.cells.length));
    expect(told).toEqual([[0, 1], []]);
  });
});

describe('a list of cells', () => {
  it('names the places that were refused from top to bottom', () => {
    const refused = refusalsOf([
      { path: 'line 12.max_c', message: 'Write a number.' },
      { path: 'line 3.cell', message: 'Write a name here.' },
      { path: 'body', message: 'Too long.' },
      { path: 'line 1', message: 'Columns.' },
    ]);
    const places = refused.map(({ line, column }) => [line, column]);
    expect(places).toEqual([
      [null, ''],
      [1, ''],
      [3, 'cell'],
      [12, 'max_c'],
    ]);
  });

  it('writes keys so that no spreadsheet calculates with them', () => {
    const made = (name: string) => ({ serial_number: 'A-1', name, key: 'imd_x' });
    const devices = [made('=1+1'), made('Rear, "left"')] as Parameters<typeof keysOf>[0];
    expect(keysOf(devices)).toBe(
      'serial_number,name,key\r\nA-1,\'=1+1,imd_x\r\nA-1,"Rear, ""left""",imd_x\r\n',
    );
    expect(EXAMPLE.split('\r\n').length).toBe(4);
  });
});

// The calls about bills, one line each.
import { client, data } from './client';
import type { BillQuery, TypedBill } from './types';

export const billCalls = {
  energyBill: (query: BillQuery) => data(client.GET('/energy/bill', { params: { query } })),
  /** What every tariff would have asked for the year up to a month. */
  energyBillYear: (query: { month: string }) =>
    data(client.GET('/energy/bill/year', { params: { query } })),
  compareBill: (body: TypedBill) => data(client.POST('/energy/bill/compare', { body })),
};

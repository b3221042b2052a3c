// The calls about cold cells, one line each.
import { client, data } from './client';
import { at, everyPage } from './pages';
import type { ColdDeviceInput, ColdReview } from './types';

export const coldCalls = {
  technicianDashboard: () => data(client.GET('/dashboard/technician')),
  coldCustomers: () =>
    everyPage((query) => data(client.GET('/coldchain/customers', { params: { query } }))),
  coldCells: () =>
    everyPage((query) => data(client.GET('/coldchain/cells', { params: { query } }))),
  coldCell: (id: string) => data(client.GET('/coldchain/cells/{id}', at(id))),
  coldReadings: (id: string, range: string) =>
    data(
      client.GET('/readings/coldcells/{id}/readings', {
        params: { path: { id }, query: { range } },
      }),
    ),
  coldExcursions: (id: string) =>
    data(
      client.GET('/coldchain/cells/{id}/excursions', {
        params: { path: { id }, query: { page_size: 100 } },
      }),
    ),
  reviewExcursion: (id: string, excursion: string, body: ColdReview) =>
    data(
      client.PUT('/coldchain/cells/{id}/excursions/{excursion}/review', {
        params: { path: { id, excursion } },
        body,
      }),
    ),
  addColdDevice: (id: string, body: ColdDeviceInput) =>
    data(client.POST('/coldchain/cells/{id}/devices', { ...at(id), body })),
};

// The calls about cold cells, one line each.
import { client, data } from './client';
import { at, everyPage, plain } from './pages';
import type {
  ColdCellInput,
  ColdCertificateInput,
  ColdDeviceInput,
  ColdOwnerInput,
  ColdPlaceInput,
  ColdReview,
} from './types';

export const coldCalls = {
  technicianDashboard: () => data(client.GET('/dashboard/technician')),
  /** The customers; those, too, that are out of use when asked for. */
  coldCustomers: (retired = false) =>
    everyPage((query) =>
      data(client.GET('/coldchain/customers', { params: { query: { ...query, retired } } })),
    ),
  coldCells: (retired = false) =>
    everyPage((query) =>
      data(client.GET('/coldchain/cells', { params: { query: { ...query, retired } } })),
    ),
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

  addColdCustomer: (body: ColdOwnerInput) => data(client.POST('/coldchain/customers', { body })),
  changeColdCustomer: (id: string, body: ColdOwnerInput) =>
    data(client.PUT('/coldchain/customers/{id}', { ...at(id), body })),
  deleteColdCustomer: (id: string) => data(client.DELETE('/coldchain/customers/{id}', at(id))),
  coldLocations: (retired = false) =>
    everyPage((query) =>
      data(client.GET('/coldchain/locations', { params: { query: { ...query, retired } } })),
    ),
  addColdLocation: (body: ColdPlaceInput) => data(client.POST('/coldchain/locations', { body })),
  changeColdLocation: (id: string, body: ColdPlaceInput) =>
    data(client.PUT('/coldchain/locations/{id}', { ...at(id), body })),
  deleteColdLocation: (id: string) => data(client.DELETE('/coldchain/locations/{id}', at(id))),
  addColdCell: (body: ColdCellInput) => data(client.POST('/coldchain/cells', { body })),
  changeColdCell: (id: string, body: ColdCellInput) =>
    data(client.PUT('/coldchain/cells/{id}', { ...at(id), body })),
  /** Out of use with all that is in it, or back with what left together with it. */
  useColdCustomer: (id: string, in_use: boolean) =>
    data(client.PUT('/coldchain/customers/{id}/use', { ...at(id), body: { in_use } })),
  useColdLocation: (id: string, in_use: boolean) =>
    data(client.PUT('/coldchain/locations/{id}/use', { ...at(id), body: { in_use } })),
  useColdCell: (id: string, in_use: boolean) =>
    data(client.PUT('/coldchain/cells/{id}/use', { ...at(id), body: { in_use } })),
  coldCertificates: (id: string) =>
    everyPage((query) =>
      data(client.GET('/coldchain/cells/{id}/calibrations', { params: { path: { id }, query } })),
    ),
  addColdCertificate: (id: string, body: ColdCertificateInput) =>
    data(client.POST('/coldchain/cells/{id}/calibrations', { ...at(id), body })),
  deleteColdCertificate: (id: string, calibration: string) =>
    data(
      client.DELETE('/coldchain/cells/{id}/calibrations/{calibration}', {
        params: { path: { id, calibration } },
      }),
    ),
  /** Looks at a list, or takes it. */
  importColdCells: (list: string, look: boolean) =>
    data(
      client.POST('/coldchain/cells/import', {
        params: { query: { dry_run: look } },
        ...plain(list, 'text/csv'),
      }),
    ),
};

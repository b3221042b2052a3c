// The calls about energy performance, one line each.
import { client, data } from './client';
import { at, everyPage, plain } from './pages';
import type {
  CarbonQuery,
  EnergyRange,
  IdleQuery,
  NewAdjustment,
  NewBaseline,
  NewCarbonFactors,
  NewEnpi,
  NewPlanItem,
  ProductionEntry,
  ProductionQuery,
  VoltageQuery,
} from './types';

export const performance = {
  allEnpis: () => everyPage((query) => data(client.GET('/energy/enpi', { params: { query } }))),
  enpiStandings: () =>
    everyPage((page) =>
      data(client.GET('/energy/enpi', { params: { query: { ...page, standing: true } } })),
    ),
  enpi: (id: string) => data(client.GET('/energy/enpi/{id}', at(id))),
  addEnpi: (body: NewEnpi) => data(client.POST('/energy/enpi', { body })),
  changeEnpi: (id: string, body: NewEnpi) =>
    data(client.PUT('/energy/enpi/{id}', { ...at(id), body })),
  deleteEnpi: (id: string) => data(client.DELETE('/energy/enpi/{id}', at(id))),
  enpiBaselines: (id: string) => data(client.GET('/energy/enpi/{id}/baselines', at(id))),
  enpiBaseline: (id: string, version: number) =>
    data(
      client.GET('/energy/enpi/{id}/baselines/{version}', {
        params: { path: { id, version: String(version) } },
      }),
    ),
  addBaseline: (id: string, body: NewBaseline) =>
    data(client.POST('/energy/enpi/{id}/baselines', { ...at(id), body })),
  evaluateEnpi: (id: string, query: EnergyRange) =>
    data(client.GET('/energy/enpi/{id}/evaluation', { params: { path: { id }, query } })),
  adjustEnpi: (id: string, body: NewAdjustment) =>
    data(client.POST('/energy/enpi/{id}/adjustments', { ...at(id), body })),
  undoAdjustment: (id: string, number: number) =>
    data(
      client.DELETE('/energy/enpi/{id}/adjustments/{number}', {
        params: { path: { id, number: String(number) } },
      }),
    ),
  production: (query: ProductionQuery) =>
    everyPage((page) =>
      data(client.GET('/energy/production', { params: { query: { ...query, ...page } } })),
    ),
  enterProduction: (entries: ProductionEntry[]) =>
    data(client.POST('/energy/production', { body: { entries } })),
  importProduction: (table: string) =>
    data(client.POST('/energy/production/import', plain(table, 'text/csv'))),
  deleteProduction: (query: { product: string; equipment_id?: string; from: string }) =>
    data(client.DELETE('/energy/production', { params: { query } })),
  energyPlan: () => everyPage((query) => data(client.GET('/energy/plan', { params: { query } }))),
  addToPlan: (body: NewPlanItem) => data(client.POST('/energy/plan', { body })),
  changePlan: (id: string, body: NewPlanItem) =>
    data(client.PUT('/energy/plan/{id}', { ...at(id), body })),
  deleteFromPlan: (id: string) => data(client.DELETE('/energy/plan/{id}', at(id))),
  planProgress: (id: string) => data(client.GET('/energy/plan/{id}/progress', at(id))),
  carbon: (query: CarbonQuery) => data(client.GET('/energy/carbon', { params: { query } })),
  carbonFactors: () => data(client.GET('/energy/carbon/factors')),
  addCarbonFactors: (body: NewCarbonFactors) =>
    data(client.POST('/energy/carbon/factors', { body })),
  idleLedger: (query: IdleQuery) => data(client.GET('/energy/idle', { params: { query } })),
  voltageWeek: (query: VoltageQuery) =>
    data(client.GET('/energy/power-quality', { params: { query } })),
};

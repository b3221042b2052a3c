// The list's filters live in the address bar, so that a link shows what was seen. Pure.
import type { LocationQuery, LocationQueryRaw } from 'vue-router';
import type { EquipmentQuery } from '@/api/types';

export interface Filters {
  search: string;
  type: string;
  location: string;
  status: string;
  page: number;
}

export const PAGE_SIZE = 20;

const text = (value: LocationQuery[string] | undefined) => (typeof value === 'string' ? value : '');

export function filtersOf(query: LocationQuery): Filters {
  const page = Number(text(query.page));
  return {
    search: text(query.search),
    type: text(query.type),
    location: text(query.location),
    status: text(query.status),
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

/** Only what differs from the plain list, so that the address stays short. */
export function queryOf(filters: Filters): LocationQueryRaw {
  const { page, ...rest } = filters;
  const named = Object.entries(rest).filter(([, value]) => value !== '');
  return { ...Object.fromEntries(named), ...(page > 1 && { page: String(page) }) };
}

export function requestOf(filters: Filters): EquipmentQuery {
  const { page, ...rest } = filters;
  const named = Object.entries(rest).filter(([, value]) => value.trim() !== '');
  return { ...Object.fromEntries(named), page, page_size: PAGE_SIZE };
}

export const isFiltered = ({ search, type, location, status }: Filters) =>
  [search, type, location, status].some((value) => value !== '');

// The meter tree while somebody works on it: places, what hangs at them, computed meters. Pure.
import type { EnergyTree, NewEnergyTree, TreePart } from '@/api/types';

/** `meter:`, `virtual:` or `node:` and an id. */
export type PartKey = string;
export type Role = 'incoming' | 'consumers';
export type Kind = NewEnergyTree['nodes'][number]['kind'];

export interface Place {
  id: string;
  name: string;
  kind: Kind;
  parent: string | null;
  fed_from: string | null;
  incoming: PartKey[];
  consumers: PartKey[];
}

export interface ComputedMeter {
  id: string;
  name: string;
  unit: string;
  terms: { factor: string; of: PartKey }[];
}

export interface Draft {
  places: Place[];
  computed: ComputedMeter[];
}

const keyOf = (part: TreePart): PartKey => {
  const [kind, id] = Object.entries(part)[0] as [string, string];
  return `${kind}:${id}`;
};
const partOf = (key: PartKey): TreePart => {
  const at = key.indexOf(':');
  return { [key.slice(0, at)]: key.slice(at + 1) } as unknown as TreePart;
};

export function draftOf(tree: Pick<EnergyTree, 'nodes' | 'virtual_meters'>): Draft {
  return {
    places: tree.nodes.map((node) => ({
      id: node.id,
      name: node.name,
      kind: node.kind,
      parent: node.parent ?? null,
      fed_from: node.fed_from ?? null,
      incoming: (node.incoming ?? []).map(keyOf),
      consumers: (node.consumers ?? []).map(keyOf),
    })),
    computed: tree.virtual_meters.map(({ id, name, unit, terms }) => ({
      id,
      name,
      unit: unit ?? 'kWh',
      terms: terms.map(({ factor, of }) => ({ factor, of: keyOf(of) })),
    })),
  };
}

export function bodyOf(draft: Draft, revision: number): NewEnergyTree {
  return {
    revision,
    nodes: draft.places.map((place) => ({
      ...place,
      name: place.name.trim(),
      incoming: place.incoming.map(partOf),
      consumers: place.consumers.map(partOf),
    })),
    virtual_meters: draft.computed.map((meter) => ({
      ...meter,
      name: meter.name.trim(),
      terms: meter.terms.map(({ factor, of }) => ({ factor: plainFactor(factor), of: partOf(of) })),
    })),
  };
}

/** With the point of the API; what is no number at all becomes 0, which the appliance refuses. */
export function plainFactor(text: string): string {
  const plain = text.trim().replace(',', '.').replace('−', '-');
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? plain.replace('+', '') : '0';
}

/** "Hall 1" becomes "hall-1": nobody sees it on the page, but the API and exports do. */
export function freshId(name: string, fallback: string, taken: string[]): string {
  const word =
    name
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 32)
      .replace(/-+$/, '') || fallback;
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? word : `${word}-${n}`;
    if (!taken.includes(id)) return id;
  }
}

/** New places and computed meters get ids from their names; `kept` are those that are stored. */
export function named(draft: Draft, kept: Set<string>): Draft {
  const ids = (kind: string, fallback: string, list: { id: string; name: string }[]) => {
    const taken = list.map(({ id }) => id).filter((id) => kept.has(`${kind}:${id}`));
    return new Map(
      list.map(({ id, name }) => {
        if (kept.has(`${kind}:${id}`)) return [id, id];
        const fresh = freshId(name, fallback, taken);
        taken.push(fresh);
        return [id, fresh];
      }),
    );
  };
  const places = ids('node', 'place', draft.places);
  const meters = ids('virtual', 'computed', draft.computed);
  const key = (part: PartKey): PartKey => {
    const [kind, id] = part.split(':') as [string, string];
    const list = kind === 'node' ? places : kind === 'virtual' ? meters : undefined;
    return list ? `${kind}:${list.get(id) ?? id}` : part;
  };
  const place = (id: string | null) => (id === null ? null : (places.get(id) ?? id));
  return {
    places: draft.places.map((one) => ({
      ...one,
      id: place(one.id)!,
      parent: place(one.parent),
      fed_from: place(one.fed_from),
      incoming: one.incoming.map(key),
      consumers: one.consumers.map(key),
    })),
    computed: draft.computed.map((one) => ({
      ...one,
      id: meters.get(one.id) ?? one.id,
      terms: one.terms.map(({ factor, of }) => ({ factor, of: key(of) })),
    })),
  };
}

/** Each place below the one it lies in, with its depth. Places of a circle come last. */
export function rowsOf(places: Place[]): { place: Place; depth: number }[] {
  const rows: { place: Place; depth: number }[] = [];
  const put = (parent: string | null, depth: number) => {
    for (const place of places) {
      if (place.parent !== parent || rows.some((row) => row.place === place)) continue;
      rows.push({ place, depth });
      put(place.id, depth + 1);
    }
  };
  put(null, 0);
  for (const place of places)
    if (!rows.some((row) => row.place === place)) rows.push({ place, depth: 1 });
  return rows;
}

/** Where a place may lie: not in itself, nor in what lies in it. */
export function homesOf(places: Place[], id: string): Place[] {
  const inside = new Set([id]);
  for (let size = 0; size !== inside.size;) {
    size = inside.size;
    for (const place of places)
      if (place.parent !== null && inside.has(place.parent)) inside.add(place.id);
  }
  return places.filter((place) => !inside.has(place.id));
}

export function ownerOf(draft: Draft, part: PartKey): { place: Place; role: Role } | null {
  for (const place of draft.places)
    for (const role of ['incoming', 'consumers'] as const)
      if (place[role].includes(part)) return { place, role };
  return null;
}

/** Takes a part from wherever it hangs. */
export function unhung(draft: Draft, part: PartKey): Draft {
  const without = (keys: PartKey[]) => keys.filter((key) => key !== part);
  return {
    ...draft,
    places: draft.places.map((place) => ({
      ...place,
      incoming: without(place.incoming),
      consumers: without(place.consumers),
    })),
  };
}

/** Hangs a part at a place: energy has one owner, so it goes from where it hung. */
export function hung(draft: Draft, part: PartKey, id: string, role: Role): Draft {
  const free = unhung(draft, part);
  return {
    ...free,
    places: free.places.map((place) =>
      place.id === id ? { ...place, [role]: [...place[role], part] } : place,
    ),
  };
}

/** Takes a place away: what lay in it lies where it lay, what hung at it is free. */
export function withoutPlace(draft: Draft, id: string): Draft {
  const gone = draft.places.find((place) => place.id === id);
  if (!gone || gone.parent === null) return draft;
  return {
    ...draft,
    places: draft.places
      .filter((place) => place !== gone)
      .map((place) => ({
        ...place,
        parent: place.parent === id ? gone.parent : place.parent,
        fed_from: place.fed_from === id ? null : place.fed_from,
      })),
  };
}

/** Every counted meter at the site, and nothing else. */
export function flatDraft(site: string, counted: string[]): Draft {
  const root: Place = {
    id: 'site',
    name: site,
    kind: 'site',
    parent: null,
    fed_from: null,
    incoming: [],
    consumers: counted.map((id) => `meter:${id}`),
  };
  return { places: [root], computed: [] };
}

/** The meters that hang as consumers at the site go to areas named after where they stand. */
export function byLocation(draft: Draft, locations: Map<PartKey, string>): Draft {
  const root = draft.places.find((place) => place.parent === null);
  if (!root) return draft;
  const places = draft.places.map((place) => ({ ...place, consumers: [...place.consumers] }));
  const site = places.find((place) => place.id === root.id)!;
  for (const part of root.consumers) {
    const name = locations.get(part)?.trim();
    if (!name) continue;
    let area = places.find((place) => place.parent === root.id && place.name === name);
    if (!area) {
      const taken = places.map(({ id }) => id);
      area = {
        id: freshId(name, 'area', taken),
        name,
        kind: 'area',
        parent: root.id,
        fed_from: null,
        incoming: [],
        consumers: [],
      };
      places.push(area);
    }
    area.consumers.push(part);
    site.consumers = site.consumers.filter((key) => key !== part);
  }
  return { ...draft, places };
}

export interface Finding {
  /** `place:hall-1:name`, `place:hall-1:consumers:meter:…`, `computed:sum:terms.0.factor`. */
  where: string;
  message: string;
  /** What stood there when it was refused; another thing is not refused yet. */
  held: string;
}

const NODE = /^nodes\[(\d+)\]\.(\w+)(?:\[(\d+)\])?/;
const COMPUTED = /^virtual_meters\[(\d+)\]\.(\w+)(?:\[(\d+)\](?:\.(\w+))?)?/;

/** Where in the draft a refusal belongs; undefined where it is of the tree as a whole. */
function whereOf(path: string, draft: Draft): string | undefined {
  const node = NODE.exec(path);
  if (node) {
    const place = draft.places[Number(node[1])];
    // The page makes the ids from the names.
    const field = node[2] === 'id' ? 'name' : node[2]!;
    if (!place) return undefined;
    if (node[3] === undefined) return `place:${place.id}:${field}`;
    return `place:${place.id}:${field}:${place[field as Role][Number(node[3])]}`;
  }
  const meter = COMPUTED.exec(path);
  const one = meter && draft.computed[Number(meter[1])];
  if (!meter || !one) return undefined;
  const field = meter[2] === 'id' ? 'name' : meter[2]!;
  const term = meter[3] === undefined ? '' : `.${meter[3]}.${meter[4] ?? 'of'}`;
  return `computed:${one.id}:${field}${term}`;
}

/** What stands at a place of the draft now; undefined where it is gone. */
export function heldAt(draft: Draft, where: string): string | undefined {
  const [what, id, field, ...rest] = where.split(':');
  if (what === 'place') {
    const place = draft.places.find((one) => one.id === id);
    if (!place) return undefined;
    if (rest.length) return place[field as Role].includes(rest.join(':')) ? 'here' : undefined;
    return JSON.stringify(place[field as keyof Place]);
  }
  const meter = draft.computed.find((one) => one.id === id);
  const value = field!
    .split('.')
    .reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], meter);
  return value === undefined ? undefined : JSON.stringify(value);
}

export function findingsOf(
  fields: { path: string; message: string }[],
  draft: Draft,
): { placed: Finding[]; whole: string[] } {
  const placed: Finding[] = [];
  const whole: string[] = [];
  for (const { path, message } of fields) {
    const where = whereOf(path, draft);
    const held = where && heldAt(draft, where);
    if (where && held !== undefined) placed.push({ where, message, held: held as string });
    else whole.push(message);
  }
  return { placed, whole };
}

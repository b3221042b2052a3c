// Where the bands and ribbons of the flow picture lie: pure.
import type { FlowEdge } from '@/api/types';

/** Heights and widths in the units of the picture's own box. */
const BAND = 10;
const BETWEEN = 6;
/** Above what comes in from outside stands its name. */
const GAP_OF_ROOTS = 26;
/** A name needs this much height, so that none lies upon the next. */
const LINE = 20;
/** Between a band and its name. */
const ASIDE = 6;
/** A stream that is not known, or too small to see, still has a place to point at. */
const LEAST = 2;

export type FlowKind = 'place' | 'consumer' | 'rest';

export interface Band {
  key: string;
  name: string;
  kind: FlowKind;
  edge: FlowEdge;
  x: number;
  y: number;
  height: number;
  /** How many places it lies in. */
  depth: number;
  /** Of what comes in, 0 to 1; null where that is not known. */
  share: number | null;
  /** Where its name stands, and how wide it may be. */
  label: { x: number; y: number; width: number };
}

export interface Ribbon {
  key: string;
  kind: FlowKind;
  path: string;
}

export interface Flow {
  bands: Band[];
  ribbons: Ribbon[];
  height: number;
}

const kindOf = (to: string): FlowKind =>
  to.startsWith('node:') ? 'place' : to.startsWith('rest:') ? 'rest' : 'consumer';

/** How broad a stream is drawn: what is negative has no breadth, and what is not known as a whole
 * is as broad as what is known of it. */
function breadth(edge: FlowEdge, from: Map<string, FlowEdge[]>): number {
  if (edge.energy) return Math.max(0, edge.energy.kwh);
  return (from.get(edge.to) ?? []).reduce((sum, child) => sum + breadth(child, from), 0);
}

function grouped(edges: FlowEdge[]): Map<string, FlowEdge[]> {
  const from = new Map<string, FlowEdge[]>();
  for (const edge of edges) from.set(edge.from, [...(from.get(edge.from) ?? []), edge]);
  return from;
}

function below(key: string, from: Map<string, FlowEdge[]>): number {
  return Math.max(0, ...(from.get(key) ?? []).map(({ to }) => 1 + below(to, from)));
}

/** How many columns the streams fill, one at least. */
export function depthOf(edges: FlowEdge[]): number {
  return Math.max(1, below('supply', grouped(edges)));
}

/** Lays the streams out from the left to the right, each beside where it comes from. */
export function layFlow(
  edges: FlowEdge[],
  box: { width: number; height: number; names: number },
): Flow {
  const from = grouped(edges);
  const wide = (edge: FlowEdge) => breadth(edge, from);
  /** Greatest first, and what is unaccounted for at the end. */
  const inOrder = (a: FlowEdge, b: FlowEdge): number =>
    Number(kindOf(a.to) === 'rest') - Number(kindOf(b.to) === 'rest') || wide(b) - wide(a);
  const roots = from.get('supply') ?? [];
  const columns = depthOf(edges);
  const total = roots.reduce((sum, edge) => sum + wide(edge), 0);
  const scale = total > 0 ? box.height / total : 0;
  const step = columns > 1 ? (box.width - BAND) / (columns - 1) : box.width - BAND;
  const flow: Flow = { bands: [], ribbons: [], height: 0 };

  function put(edge: FlowEdge, column: number, top: number): number {
    const kind = kindOf(edge.to);
    const children = [...(from.get(edge.to) ?? [])].sort(inOrder);
    const height = Math.max(LEAST, wide(edge) * scale);
    const x = column * step;
    const after = x + BAND + ASIDE;
    // What comes in has its name above it; what lies deeper begins where the next column does.
    const width = children.length ? step - BAND - 2 * ASIDE : box.width + box.names - after;
    // A thin stream stands in the middle of the line of its name.
    const row = column === 0 || children.length ? height : Math.max(height, LINE);
    const y = top + (row - height) / 2;
    const label =
      column === 0
        ? { x, y: top - LINE, width: box.width + box.names }
        : { x: after, y: children.length ? top : top + (row - LINE) / 2, width };
    flow.bands.push({
      key: edge.to,
      name: edge.name,
      kind,
      edge,
      x,
      y,
      height,
      depth: column,
      share: edge.energy && total > 0 ? edge.energy.kwh / total : null,
      label,
    });
    let bottom = top;
    let out = top;
    for (const child of children) {
      const part = Math.max(LEAST, wide(child) * scale);
      const at = flow.bands.length;
      bottom = put(child, column + 1, bottom) + BETWEEN;
      flow.ribbons.push({
        key: child.to,
        kind: kindOf(child.to),
        path: ribbon([x + BAND, out], [x + step, flow.bands[at]!.y], part),
      });
      out += part;
    }
    return Math.max(top + row, children.length ? bottom - BETWEEN : 0);
  }

  let top = 0;
  for (const root of [...roots].sort(inOrder)) top = put(root, 0, top) + GAP_OF_ROOTS;
  flow.height = Math.max(0, top - GAP_OF_ROOTS);
  return flow;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function ribbon([x1, y1]: [number, number], [x2, y2]: [number, number], height: number): string {
  const middle = round((x1 + x2) / 2);
  const [a, b, c, d] = [x1, y1, x2, y2].map(round) as [number, number, number, number];
  const [e, f] = [round(y2 + height), round(y1 + height)];
  return (
    `M${a} ${b}C${middle} ${b} ${middle} ${d} ${c} ${d}` +
    `L${c} ${e}C${middle} ${e} ${middle} ${f} ${a} ${f}Z`
  );
}

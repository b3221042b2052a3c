// Who draws the most now, and whose power is missing in the sum. Pure.
import type { Tile } from './tiles';

export interface Consumer {
  tile: Tile;
  kw: number;
  /** Of the sum of all shown and not shown, 0 to 1. */
  share: number;
  /** Of the greatest, 0 to 1: the length of its bar. */
  length: number;
}

export interface Consumers {
  top: Consumer[];
  others: { count: number; kw: number };
  /** Whether the power of any machine is known at all: that nobody draws any is a claim, too. */
  known: boolean;
}

const drawsPower = ({ unit, metric }: Tile) => metric === 'power' && unit === 'kW';

export function consumersOf(tiles: Tile[], shown: number): Consumers {
  const drawn = tiles
    .filter((tile) => drawsPower(tile) && tile.reading.value !== null && tile.reading.value > 0)
    .filter(({ status }) => status !== 'offline')
    .map((tile) => ({ tile, kw: tile.reading.value ?? 0 }))
    .sort((a, b) => b.kw - a.kw);
  const total = drawn.reduce((sum, { kw }) => sum + kw, 0);
  const most = drawn[0]?.kw ?? 0;
  const rest = drawn.slice(shown);
  return {
    top: drawn
      .slice(0, shown)
      .map((one) => ({ ...one, share: one.kw / total, length: one.kw / most })),
    others: { count: rest.length, kw: rest.reduce((sum, { kw }) => sum + kw, 0) },
    known: tiles.some((tile) => drawsPower(tile) && tile.reading.value !== null),
  };
}

/** Machines whose power is in no sum now: they are silent, or what they say cannot be used. */
export function missingOf(tiles: Tile[]): Tile[] {
  return tiles.filter((tile) => {
    if (tile.metric !== null && !drawsPower(tile)) return false;
    if (tile.status === 'offline') return true;
    return tile.metric !== null && (tile.reading.value === null || tile.reading.tone === 'old');
  });
}

// The house, checked: who may use whom, one home for each dangerous thing.
import { describe, expect, it } from 'vitest';

const sources = import.meta.glob<string>(['./**/*.{ts,vue}', '!./**/*.test.ts', '!./**/*.gen.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const files = Object.entries(sources).map(([path, text]) => ({ path: path.slice(2), text }));

/** A folder uses only folders to its left; rooms and the shell stand beside each other. */
const order = ['words', 'kit', 'api', 'session', 'live', 'rooms', 'shell'];

function importsOf(path: string, text: string): string[] {
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, to]) => to ?? '');
  return found.flatMap((to) => {
    if (to.startsWith('@/')) return [to.slice(2)];
    if (!to.startsWith('.')) return [];
    const parts = path.split('/').slice(0, -1);
    for (const step of to.split('/')) {
      if (step === '..') parts.pop();
      else if (step !== '.') parts.push(step);
    }
    return [parts.join('/')];
  });
}

const folderOf = (path: string) => path.split('/')[0] ?? '';
const roomOf = (path: string) => /^rooms\/([^/]+)\//.exec(`${path}/`)?.[1];

function upward(path: string, text: string): string[] {
  const from = order.indexOf(folderOf(path));
  if (from < 0) return [];
  return importsOf(path, text).filter((to) => order.indexOf(folderOf(to)) > from);
}

function acrossRooms(path: string, text: string): string[] {
  const room = roomOf(path);
  return room ? importsOf(path, text).filter((to) => (roomOf(to) ?? room) !== room) : [];
}

const sheets = import.meta.glob<string>('./**/*.css', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const named = (text: string) =>
  new Set(
    [...text.replace(/\/\*[^]*?\*\//g, '').matchAll(/\.([a-z][\w-]*)/gi)].map(([, name]) => name),
  );
/** The rooms whose sheets draw a class; null for those that everybody has. */
const drawnBy = new Map<string, (string | null)[]>();
for (const [path, text] of Object.entries(sheets))
  for (const name of named(text))
    drawnBy.set(name!, [...(drawnBy.get(name!) ?? []), roomOf(path.slice(2)) ?? null]);

/** Classes that a room takes from the sheet of another, which may not have come. */
function borrowed(path: string, text: string): string[] {
  const room = roomOf(path);
  if (!room || !path.endsWith('.vue')) return [];
  const words = [...text.matchAll(/(?<![:\w-])class="([^"]*)"/g)].flatMap(([, all = '']) =>
    all.split(/\s+/),
  );
  return words.filter((word) => {
    const by = drawnBy.get(word) ?? [];
    return by.length > 0 && by.every((other) => other !== null && other !== room);
  });
}

describe('the looks of a room', () => {
  it('are its own or those of everybody, whichever room was open before', () => {
    expect(drawnBy.size).toBeGreaterThan(500);
    const wrong = files.flatMap(({ path, text }) =>
      borrowed(path, text).map((name) => `${path} borrows .${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('would be caught', () => {
    const text = '<p class="panel doctor__item" />';
    expect(borrowed('rooms/storage/X.vue', text)).toEqual(['doctor__item']);
    expect(borrowed('rooms/equipment/X.vue', text)).toEqual([]);
  });
});

describe('imports', () => {
  it('go in one direction', () => {
    const wrong = files.flatMap(({ path, text }) =>
      upward(path, text).map((to) => `${path} uses ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('never lead from one room into another', () => {
    const wrong = files.flatMap(({ path, text }) =>
      acrossRooms(path, text).map((to) => `${path} uses ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('would be caught', () => {
    expect(acrossRooms('rooms/a/A.vue', "import x from '../b/x'")).toEqual(['rooms/b/x']);
    expect(acrossRooms('rooms/a/A.vue', "const x = import('@/rooms/b/x')")).toEqual(['rooms/b/x']);
    expect(acrossRooms('rooms/a/A.vue', "import x from './x'")).toEqual([]);
    expect(upward('kit/A.vue', "import { api } from '@/api'")).toEqual(['api']);
  });
});

describe('one home for', () => {
  it.each([
    ['fetch', /(?<![.\w])fetch\(/, ['api/client.ts']],
    ['the XMLHttpRequest', /new XMLHttpRequest\(/, ['api/upload.ts']],
    ['the WebSocket', /new WebSocket\(/, ['live/socket.ts']],
    [
      'uPlot',
      /^import (?!type).*from 'uplot'/m,
      ['kit/SeriesChart.vue', 'kit/TimeChart.vue', 'kit/chartOptions.ts', 'kit/seriesOptions.ts'],
    ],
    ['valibot', /from 'valibot'/, undefined],
    ['HTML from strings', /v-html|innerHTML/, []],
    ['session storage', /sessionStorage/, []],
  ])('%s', (_, pattern, homes) => {
    const found = files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
    if (homes) expect(found.sort()).toEqual([...homes].sort());
    else expect(found.length).toBeGreaterThan(0);
  });
});

it('has no file longer than 400 lines, and most far below', () => {
  const lengths = files.map(({ path, text }) => ({ path, lines: text.split('\n').length }));
  expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(150);
});

// The house, checked: who may use whom, one home for each dangerous thing, and readable colours.
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

const tokens = Object.values(
  import.meta.glob<string>('./styles/tokens.css', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
)[0]!;

function colours(block: string): Map<string, string> {
  return new Map(
    [...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]),
  );
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

const [light, dark] = tokens.split("[data-theme='dark']").map(colours);
const themes = [
  ['light', light!],
  ['dark', new Map([...light!, ...dark!])],
] as const;

describe.each(themes)('contrast, %s', (_, theme) => {
  const texts = ['heading', 'body', 'secondary', 'tertiary', 'placeholder'].map(
    (n) => `--text-${n}`,
  );
  const meanings = ['--success-text', '--warning-text', '--error-text', '--info-text'];
  const surfaces = ['--bg-primary', '--surface-base', '--surface-elevated', '--surface-hover'];
  const of = (name: string) => theme.get(name) ?? '#808080';

  it('of every text is at least 4.5 on every surface', () => {
    const weak = [...texts, ...meanings].flatMap((text) =>
      surfaces
        .map((surface) => ({ text, surface, ratio: contrast(of(text), of(surface)) }))
        .filter(({ ratio }) => ratio < 4.5),
    );
    // Placeholders stand in inputs only.
    expect(
      weak.filter((w) => w.text !== '--text-placeholder' || w.surface === '--surface-base'),
    ).toEqual([]);
  });

  it('of lines that carry meaning is at least 3', () => {
    for (const line of [
      '--line-strong',
      '--chart-line',
      '--chart-bar',
      '--focus',
      '--error',
      ...Array.from({ length: 8 }, (_, n) => `--series-${n + 1}`),
    ])
      expect([line, contrast(of(line), of('--surface-base')) >= 3]).toEqual([line, true]);
  });

  it('of the gold button is at least 4.5', () => {
    for (const gold of ['--brand-primary', '--brand-secondary', '--brand-light'])
      expect(contrast(of('--brand-ink'), of(gold))).toBeGreaterThan(4.5);
  });
});

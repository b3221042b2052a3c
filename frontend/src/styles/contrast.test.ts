// Every pair of colours that the page can make is readable (WCAG 2.2 AA: 1.4.3 and 1.4.11). What is
// a pair is read from the style sheets, so that a new rule is checked without anybody thinking of it.
import { describe, expect, it } from 'vitest';

const sheets = Object.entries(
  import.meta.glob<string>('../**/*.css', { query: '?raw', import: 'default', eager: true }),
);
const tokens = sheets.find(([path]) => path === './tokens.css')![1];

const colours = (block: string) =>
  new Map(
    [...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, hex]) => [name!, hex!]),
  );

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

interface Rule {
  sheet: string;
  selector: string;
  of: Map<string, string>;
}

function rulesOf([sheet, css]: [string, string]): Rule[] {
  const plain = css.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...plain.matchAll(/([^{}]+)\{([^{}]*)\}/g)].map(([, selector, body]) => ({
    sheet: sheet.split('/').pop() ?? sheet,
    selector: selector!.trim().replace(/\s+/g, ' '),
    of: new Map(
      [...body!.matchAll(/([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name!, value!.trim()]),
    ),
  }));
}
const rules = sheets.flatMap(rulesOf);

const [light, dark] = tokens.split("[data-theme='dark']").map(colours);
const themes = [
  ['light', light!],
  ['dark', new Map([...light!, ...dark!])],
] as const;

/** What is written on, wherever a rule does not say its own ground. */
const surfaces = ['--bg-primary', '--surface-base', '--surface-elevated', '--surface-hover'];
/** Text that stands on its own ground only, or says by its paleness that it is out of use. */
const exempt: Record<string, string> = {
  '--text-disabled': 'controls that are out of use need no contrast (1.4.3)',
  '--text-inverse': 'stands on a filled ground of the same rule',
  '--brand-ink': 'stands on gold',
  '--text-placeholder': 'stands in inputs, on --surface-base',
  '--chart-band': 'softens: the line and the words say what it shows',
  '--surface-base': 'parts shapes from each other with the ground they stand on',
};
/** Graphics that carry a meaning by themselves; the others only divide or soften. */
const meaningful = [
  '--line-strong',
  '--chart-line',
  '--chart-bar',
  '--focus',
  '--error',
  ...Array.from({ length: 8 }, (_, n) => `--series-${n + 1}`),
];

const named = (value: string | undefined) => /^var\((--[\w-]+)\)$/.exec(value ?? '')?.[1];
/** A sign is drawn in the colour of its rule, but nobody reads it letter by letter. */
const isSign = ({ selector }: Rule) => /(__shape|__icon|__mark|svg)$/.test(selector);
const used = (wanted: Rule[], names: string[]) =>
  [
    ...new Set(wanted.flatMap(({ of }) => names.flatMap((name) => named(of.get(name)) ?? []))),
  ].sort();
const texts = used(
  rules.filter((rule) => !isSign(rule)),
  ['color'],
);
/** What a sheet calls the colour of its rule: looked at is what it stands for. */
const INK = '--ink';
const signs = [
  ...used(rules.filter(isSign), ['color']),
  ...used(rules, ['fill', 'stroke', INK]).filter((name) => name !== INK),
];

it('reads the style sheets', () => {
  expect(rules.length).toBeGreaterThan(400);
  expect(texts).toEqual(expect.arrayContaining(['--text-heading', '--error-text']));
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
});

describe.each(themes)('in %s', (_, theme) => {
  /** A token, a token of a token, or a colour; null for what shows through. */
  const hexOf = (value: string | undefined): string | null => {
    const name = named(value);
    if (name) return theme.get(name) ?? null;
    return /^#[0-9a-f]{6}$/.test(value ?? '') ? value! : null;
  };
  const weak = (text: string, ground: string, least: number): string[] => {
    const ratio = contrast(theme.get(text)!, theme.get(ground)!);
    return ratio >= least ? [] : [`${text} on ${ground}: ${ratio.toFixed(2)}`];
  };

  it('every colour of a text is known', () => {
    expect(texts.filter((text) => !theme.has(text))).toEqual([]);
  });

  it('every text is at least 4.5 on every ground', () => {
    const found = texts
      .filter((text) => !(text in exempt))
      .flatMap((text) => surfaces.flatMap((surface) => weak(text, surface, 4.5)));
    expect(found).toEqual([]);
    expect(weak('--text-placeholder', '--surface-base', 4.5)).toEqual([]);
  });

  it('every rule that names both its text and its ground is at least 4.5', () => {
    const found = rules.flatMap(({ sheet, selector, of }) => {
      if (/disabled/.test(selector)) return [];
      const text = hexOf(of.get('color'));
      const ground = hexOf(of.get('background') ?? of.get('background-color'));
      if (!text || !ground) return [];
      const ratio = contrast(text, ground);
      return ratio >= 4.5 ? [] : [`${sheet} ${selector}: ${ratio.toFixed(2)}`];
    });
    expect(found).toEqual([]);
  });

  it('plain text is at least 4.5 on every ground that a rule gives', () => {
    const washes = ['--error-wash', '--warning-wash', '--info-wash', '--surface-active'];
    expect(
      washes.flatMap((wash) =>
        ['--text-heading', '--text-body', '--text-secondary'].flatMap((text) =>
          weak(text, wash, 4.5),
        ),
      ),
    ).toEqual([]);
    const own = ['error', 'warning', 'info'];
    expect(own.flatMap((one) => weak(`--${one}-text`, `--${one}-wash`, 4.5))).toEqual([]);
  });

  it('every line and shape that carries meaning is at least 3', () => {
    const drawn = [...new Set([...meaningful, ...signs])].filter((one) => !(one in exempt));
    expect(drawn).toContain('--error');
    expect(drawn.flatMap((one) => weak(one, '--surface-base', 3))).toEqual([]);
    // The mark and the bars of the dashboard stand on their own track.
    const onTrack = ['--text-heading', '--chart-bar', '--warning-text'];
    expect(onTrack.flatMap((one) => weak(one, '--surface-active', 3))).toEqual([]);
  });

  it('the gold button is at least 4.5', () => {
    const golds = ['--brand-primary', '--brand-secondary', '--brand-light'];
    expect(golds.flatMap((gold) => weak('--brand-ink', gold, 4.5))).toEqual([]);
  });
});

it('a wall that is dimmed at night is still read', () => {
  const dimmed = rules.find(({ selector }) => selector === 'html.wall--dimmed .wall__app')!;
  const share = Number(dimmed.of.get('opacity'));
  expect(share).toBeLessThan(0.8);
  const own = rules.find(({ selector }) => selector === 'html.wall--dimmed')!.of;
  const night = new Map([...light!, ...dark!, ...own]);
  const through = (name: string) =>
    [1, 3, 5]
      .map((at) => Math.round(parseInt(night.get(name)!.slice(at, at + 2), 16) * share))
      .reduce((hex, part) => hex + part.toString(16).padStart(2, '0'), '#');
  const found = texts
    .filter((text) => !(text in exempt) && /heading|body|secondary|tertiary|-text$/.test(text))
    .flatMap((text) =>
      surfaces.map((ground) => ({
        text,
        ground,
        ratio: contrast(through(text), through(ground)),
      })),
    )
    .filter(({ ratio }) => ratio < 4.5);
  expect(found).toEqual([]);
});

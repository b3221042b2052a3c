import { expect, it } from 'vitest';
import tokens from './tokens.css?inline';

/** What each theme says; the second one changes what it names and keeps the rest. */
const [light = '', dark = ''] = tokens.split(/\[data-theme=['"]?dark['"]?\]/);
const said = (sheet: string) =>
  new Map(
    [...sheet.matchAll(/--([\w-]+):\s*([^;}]+)/g)].map(([, name, value]) => [name!, value!.trim()]),
  );
const day = said(light);
const night = said(dark);
const named = (prefix: string) => [...day.keys()].filter((name) => name.startsWith(prefix));
const pixels = (value = '') =>
  value.endsWith('rem') ? Number.parseFloat(value) * 16 : Number.parseFloat(value);

it('has the colours of the brand and of the meanings', () => {
  const wanted = {
    'brand-primary': '#ffc000',
    'brand-secondary': '#e6ac00',
    'brand-light': '#ffd147',
    success: '#10b981',
    warning: '#f59e0b',
    error: '#ef4444',
    info: '#3b82f6',
  };
  for (const [name, colour] of Object.entries(wanted))
    expect([name, day.get(name)]).toEqual([name, colour]);
});

it('has six surfaces and seven levels of text, each of them another by night', () => {
  const surfaces = ['bg-primary', ...named('surface-')];
  expect(surfaces).toHaveLength(6);
  const texts = ['heading', 'body', 'secondary', 'tertiary', 'placeholder', 'disabled', 'inverse'];
  for (const name of [...surfaces, ...texts.map((level) => `text-${level}`)]) {
    expect([name, day.has(name), night.has(name)]).toEqual([name, true, true]);
    expect([name, night.get(name)]).not.toEqual([name, day.get(name)]);
  }
});

it('has seven elevations, six radii, seven spacings and the sizes of letters', () => {
  expect(named('shadow-')).toEqual(
    ['xs', 'sm', 'md', 'lg', 'xl', '2xl', 'brand'].map((step) => `shadow-${step}`),
  );
  const radii = named('radius-');
  expect(radii).toHaveLength(6);
  expect(['sm', '2xl', 'full'].map((step) => pixels(day.get(`radius-${step}`)))).toEqual([
    6, 24, 9999,
  ]);
  // One smaller step than those asked for is the page's own.
  const spaces = ['xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl'].map((step) =>
    pixels(day.get(`space-${step}`)),
  );
  expect([spaces[0], spaces[6]]).toEqual([8, 64]);
  expect(spaces).toEqual([...spaces].sort((a, b) => a - b));
  for (const size of ['xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl', '4xl'])
    expect(pixels(day.get(`text-${size}`))).toBeGreaterThanOrEqual(12);
  for (const leading of ['tight', 'normal', 'relaxed'])
    expect(day.has(`leading-${leading}`)).toBe(true);
  for (const font of ['display', 'body', 'mono']) expect(day.has(`font-${font}`)).toBe(true);
});

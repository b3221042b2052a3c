import { describe, expect, it } from 'vitest';
import { parse, type SFCTemplateBlock } from 'vue/compiler-sfc';
import ar from './ar';
import en from './en';
import fr from './fr';
import first from './first.en';
import firstAr from './first.ar';
import firstFr from './first.fr';
import { merge, type Words } from './merge';
import rest from './rest.en';
import restAr from './rest.ar';
import restFr from './rest.fr';

function flat(words: Words, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') out.set(prefix + key, value);
    else flat(value, `${prefix}${key}.`).forEach((text, name) => out.set(name, text));
  }
  return out;
}

type Said = Map<string, string>;

const english = flat(en);
const others = { fr: flat(fr), ar: flat(ar) };
const named = (text: string) => [...new Set(text.match(/\{[a-zA-Z]+\}/g) ?? [])].sort();

const sources = import.meta.glob<string>('../**/*.{vue,ts}', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const files = Object.entries(sources).filter(([path]) => !path.endsWith('.test.ts'));

it('says no sentence in two files', () => {
  expect(merge({ a: { room: { a: 'A' } }, b: { room: { b: 'B' } } })).toEqual({
    room: { a: 'A', b: 'B' },
  });
  expect(() => merge({ a: { x: { y: 'A' } }, b: { x: { y: 'B' } } })).toThrow('x.y');
  expect(() => merge({ a: { x: 'A' }, b: { x: { y: 'B' } } })).toThrow('x');
});

// Those of alerts go out as text messages too, where this blank would double the price.
it('keeps a figure and its unit on one line', () => {
  const parts = /(\}|\d) (k?Wh?|kVA|kvarh?|V|A|Hz|%|°C|ms|[MG]B)(?![\w.])/;
  expect(parts.test('{power} kW')).toBe(true);
  const everything = [english, ...Object.values(others)].flatMap((words) => [...words]);
  const torn = everything.filter(([key, text]) => !key.startsWith('said.') && parts.test(text));
  expect(torn.map(([key]) => key)).toEqual([]);
});

it('keeps a sentence in the same file in every language', () => {
  const paths = Object.keys(import.meta.glob('./*/*.json'));
  const of = (language: string) =>
    paths.filter((path) => path.startsWith(`./${language}/`)).map((path) => path.slice(5));
  expect(of('en').length).toBeGreaterThan(1);
  expect(of('fr')).toEqual(of('en'));
  expect(of('ar')).toEqual(of('en'));
});

describe.each(Object.entries(others))('%s', (_, words) => {
  it('has exactly the keys of English', () => {
    expect([...words.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('leaves no sentence empty', () => {
    expect([...words].filter(([, text]) => text.trim() === '').map(([key]) => key)).toEqual([]);
  });

  it('uses the same values in each sentence', () => {
    const wrong = [...english].filter(([key, text]) => {
      const found = named(words.get(key) ?? '').join();
      return found !== named(text).join();
    });
    expect(wrong.map(([key]) => key)).toEqual([]);
  });
});

it.each(Object.entries({ en: english, ...others }))(
  'leads each level by a letter of its word, told apart from the others, in %s',
  (language, words) => {
    const levels = ['Emergency', 'Critical', 'High', 'Medium', 'Low', 'Informational'];
    const letters = levels.map((level) => words.get(`alerts.letter.${level}`) ?? '');
    expect(new Set(letters).size).toBe(levels.length);
    for (const [n, level] of levels.entries()) {
      const word = words.get(`notifications.level.${level}`) ?? '';
      // Three of the Arabic words begin alike: there it is the letter that stands out.
      const leads = language === 'ar' ? word.includes(letters[n]!) : word.startsWith(letters[n]!);
      expect([word, letters[n], leads]).toEqual([word, letters[n], true]);
    }
  },
);

it('gives Arabic all six forms wherever English has two', () => {
  const forms = (text: string) => text.split(' | ').length;
  for (const [key, text] of english) {
    if (forms(text) === 1) continue;
    expect([key, forms(others.fr.get(key) ?? '')]).toEqual([key, 2]);
    expect([key, forms(others.ar.get(key) ?? '')]).toEqual([key, 6]);
  }
});

const document = JSON.parse(
  Object.values(
    import.meta.glob<string>('../../openapi.json', {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
  )[0]!,
) as {
  components: { schemas: Record<string, { enum?: string[]; oneOf?: { enum?: string[] }[] }> };
};
/** What the appliance may say for one of its own words. */
const saying = (name: string): string[] => {
  const schema = document.components.schemas[name]!;
  return schema.enum ?? schema.oneOf!.flatMap((part) => part.enum ?? []);
};

describe.each([
  ['Role', 'role.name.'],
  ['Role', 'role.about.'],
  ['Permission', 'role.may.'],
  ['Scope', 'tokens.scope.'],
  ['Scope', 'tokens.scopeText.'],
  ['AccountState', 'users.state.'],
  ['AccountState', 'users.about.'],
])('each %s has its word below %s', (name, prefix) => {
  it.each(Object.entries({ en: english, ...others }))('in %s', (_, words) => {
    const keys = saying(name).map((value) => prefix + value.replace(/\W/g, '_'));
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter((key) => !words.has(key))).toEqual([]);
  });
});

/** Keys made at run time, such as `status.${status}`: their first part. */
const dynamic = /\bt\(\s*`([a-zA-Z.]+)\$\{/g;
const literal = /['"`]([a-z][a-zA-Z]*(?:\.[a-zA-Z0-9_]+)+)['"`]/g;

/** What is drawn before any other room is asked for. */
const FIRST_VIEW = /^\.\.\/(App\.vue|(shell|kit|session|live|rooms\/(login|dashboard))\/)/;
/** Only drawn in rooms that bring the other words along: the set-up and settings, the rules, and the wall. */
const LATER = /\/((SiteFields|Wall\w+)\.vue|useRuleName\.ts)$/;

it('brings the words of the first view with the page, and the names of all rooms', () => {
  const there = flat(first);
  const asked = files
    .filter(([path]) => FIRST_VIEW.test(path) && !LATER.test(path))
    .flatMap(([path, text]) => {
      const keys = [...text.matchAll(literal)].map(([, key]) => key ?? '');
      const made = [...text.matchAll(dynamic)].map(([, prefix]) => prefix ?? '');
      const used = [...english.keys()].filter(
        (key) => keys.includes(key) || made.some((prefix) => key.startsWith(prefix)),
      );
      return used.filter((key) => !there.has(key)).map((key) => `${path}: ${key}`);
    });
  expect(asked, 'move them to live.json').toEqual([]);
  expect([...there.keys()].filter((key) => key.startsWith('room.')).sort()).toEqual(
    [...english.keys()].filter((key) => key.startsWith('room.')).sort(),
  );
});

it('brings every other word with the rooms, none twice', () => {
  const parts = { en: [first, rest], fr: [firstFr, restFr], ar: [firstAr, restAr] };
  const wholes = { en, fr, ar };
  for (const language of ['en', 'fr', 'ar'] as const) {
    const [now, later] = parts[language].map((words) => flat(words)) as [Said, Said];
    const both = new Map([...now, ...later]);
    expect([...both.keys()].sort()).toEqual([...flat(wholes[language]).keys()].sort());
    const twice = [...later.keys()].filter((key) => !key.startsWith('room.') && now.has(key));
    expect(twice).toEqual([]);
  }
});

it('knows every key that the page asks for', () => {
  // The first word of a call, or each of those that a condition chooses between.
  const asked = /\bt\(\s*('[^']+'|[^()'`,]*(?:\([^()]*\)[^()'`,]*|'[^']*'[^()'`,?]*)*\?[^()`]*)/g;
  const keys = (text: string) =>
    [...text.matchAll(asked)].flatMap(([call]) =>
      [...call.matchAll(/'([a-z]\w*(?:\.\w+)+)'/g)].map(([, key]) => key ?? ''),
    );
  const two = "t(at === null || of(it) === 'x' ? 'one.of' : 'two.of', { a })";
  expect(keys(`${two} t('three.of', { b: it.c })`)).toEqual(['one.of', 'two.of', 'three.of']);
  const missing = files.flatMap(([path, text]) =>
    keys(text)
      .filter((key) => !english.has(key))
      .map((key) => `${path}: ${key}`),
  );
  expect(missing).toEqual([]);
});

it('keeps no sentence that nobody says', () => {
  const text = files.map(([, source]) => source).join('\n');
  const used = new Set([...text.matchAll(literal)].map(([, key]) => key));
  const prefixes = [...text.matchAll(dynamic)].map(([, prefix]) => prefix ?? '');
  // Built outside a call of t: metric names, and the reasons of a reading.
  prefixes.push('metric.');
  const unused = [...english.keys()].filter(
    (key) => !used.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});

const spoken = new Set(['alt', 'aria-label', 'label', 'placeholder', 'title', 'text', 'hint']);
const hasWord = (text: string) => /\p{L}{2,}/u.test(text);

type Node = NonNullable<SFCTemplateBlock['ast']>['children'][number];

function hardCoded(node: Node, found: string[]): string[] {
  if (node.type === 2 && hasWord(node.content)) found.push(node.content.trim());
  if (node.type !== 1) return found;
  for (const prop of node.props)
    if (prop.type === 6 && spoken.has(prop.name) && hasWord(prop.value?.content ?? ''))
      found.push(`${prop.name}="${prop.value?.content}"`);
  for (const child of node.children) hardCoded(child, found);
  return found;
}

const inTemplate = (source: string) =>
  (parse(source).descriptor.template?.ast?.children ?? []).flatMap((node) => hardCoded(node, []));

it('has no sentence written into a template', () => {
  const found = files
    .filter(([path]) => path.endsWith('.vue'))
    .flatMap(([path, source]) => inTemplate(source).map((text) => `${path}: ${text}`));
  expect(found).toEqual([]);
});

it('would notice one', () => {
  expect(inTemplate('<template><p>Hello there</p></template>')).toEqual(['Hello there']);
  expect(inTemplate('<template><b title="Close it" /></template>')).toHaveLength(1);
});

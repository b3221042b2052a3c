// Every action that the appliance notes in its log has its word in each language.
import { expect, it } from 'vitest';
import ar from '@/words/ar/audit.json';
import en from '@/words/en/audit.json';
import fr from '@/words/fr/audit.json';
import { actionWord, groups } from './audit';

const sources = import.meta.glob<string>(
  ['../../../../src/**/*.rs', '!**/*tests.rs', '!**/tests/**', '!**/simulated/**'],
  { query: '?raw', import: 'default', eager: true },
);

/** Of the shape of an action, but the name of a file, of something in a file of settings or in a
 * request, or an entry of the log of operations, which has words of its own. */
const OTHER_NAMES =
  /^(condition|syslog|tls|edge|settings|limits|version|appliance|sessions)\.|\.(redb|json|toml|csv|pem|html|rs|imu|sum|sock|new)$/;

/** The names that stand in the code of a file that writes to the log, tests left out. */
function actionsIn(code: string): string[] {
  const [own = ''] = code.split(/#\[cfg\(test\)\]\s*mod \w+ \{/);
  const said = own.replace(/^\s*\/\/.*$/gm, '');
  if (!/\b(audit|Actor)\b/.test(said)) return [];
  // What follows these is the place of a fault or the name of a permission.
  const literal = /(invalid\(|::new\(|rename = |path = )?\s*"([a-z]\w*\.[a-z]\w*)"/g;
  return [...said.matchAll(literal)].flatMap(([, place, name = '']) =>
    place || OTHER_NAMES.test(name) ? [] : [name],
  );
}

const actions = [...new Set(Object.values(sources).flatMap(actionsIn))].sort();

it('finds the actions in the code of the appliance', () => {
  expect(actionsIn('use audit; note("press.start"); Error::invalid("press.speed", "x")')).toEqual([
    'press.start',
  ]);
  expect(actions).toContain('auth.login_failed');
  expect(actions.length).toBeGreaterThan(70);
});

it.each(Object.entries({ en, fr, ar }))('has a word for each of them: %s', (_, { audit }) => {
  const does: Record<string, string> = audit.does;
  const wordless = actions.filter((action) => !does[actionWord(action)]);
  expect(wordless, 'give it a word in audit.json, or add it to OTHER_NAMES').toEqual([]);
});

it('can be searched by the group of each', () => {
  const known: readonly string[] = groups;
  expect(actions.filter((action) => !known.includes(action.split('.')[0] ?? ''))).toEqual([]);
});

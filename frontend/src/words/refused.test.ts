import { describe, expect, it } from 'vitest';
import { words as ar } from './refused.ar';
import { words as fr } from './refused.fr';
import { rewording } from './refused';

const sources = import.meta.glob<string>('../../../src/**/*.rs', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const HOLES = /\{[^{}]*\}/g;
const holes = (text: string) => (text.match(HOLES) ?? []).sort();

describe('what the appliance refuses', () => {
  it('is said in the same places in both languages', () => {
    expect(Object.keys(ar.sentences)).toEqual(Object.keys(fr.sentences));
    expect(Object.keys(ar.kinds)).toEqual(Object.keys(fr.kinds));
    for (const words of [fr, ar]) {
      for (const [sentence, again] of Object.entries(words.sentences))
        expect(holes(sentence), again).toEqual(expect.arrayContaining(holes(again)));
      for (const again of Object.values(words.kinds)) expect(holes(again)).toEqual(['{said}']);
    }
  });

  it('is what the program says, word for word', () => {
    const said = new Set<string>();
    for (const source of Object.values(sources))
      for (const [, text] of source.matchAll(/"((?:[^"\\]|\\[^])*)"/g))
        said.add(text!.replace(/\\\n\s*/g, '').replace(HOLES, '{}'));
    expect(said.size).toBeGreaterThan(1_000);
    const gone = Object.keys(fr.sentences).filter(
      (sentence) => !said.has(sentence.replace(HOLES, '{}')),
    );
    expect(gone).toEqual([]);
  });

  it('has a word for every kind that the envelope knows', () => {
    const envelope = sources['../../../src/web/envelope.rs']!;
    const codes = [...envelope.matchAll(/StatusCode::\w+, "([A-Z_]+)"/g)].map(([, code]) => code!);
    expect(codes.length).toBeGreaterThan(5);
    // The proof is asked for by a dialog of its own.
    const lacking = codes.filter((code) => !(code in fr.kinds) && code !== 'STEP_UP_REQUIRED');
    expect(lacking).toEqual([]);
  });

  it('says a sentence again with what stood in it', () => {
    const say = rewording(fr);
    expect(say('This is not your password.')).toBe("Ce n'est pas votre mot de passe.");
    expect(say('Too many requests. Try again in 2 s.', 'RATE_LIMITED')).toBe(
      'Trop de demandes. Réessayez dans \u20682\u2069 s.',
    );
    expect(say('modbus.port: Must be 1 to 65535.', 'VALIDATION_ERROR')).toBe(
      'Doit être compris entre \u20681\u2069 et \u206865535\u2069.',
    );
  });

  it('says of what it does not know which kind it is, and leaves the words of a field', () => {
    const say = rewording(ar);
    expect(say('Something of a newer appliance.', 'CONFLICT')).toBe(
      'غير ممكن الآن: \u2068Something of a newer appliance.\u2069',
    );
    expect(say('Something of a newer appliance.')).toBe('Something of a newer appliance.');
  });
});

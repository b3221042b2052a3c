// The words' own notation, read at run time: `{name}`, `{'literal'}` and plural forms between `|`.
// The library's compiler reads more (links, lists, modifiers) and weighs as much as a whole room, in
// the first view of everybody; `compile.test.ts` holds that each sentence comes out the same of both.
import type { MessageContext, MessageFunction } from 'vue-i18n';

/** What the library hands to a compiled sentence; its types leave out how parts become a text, or the
 * nodes of `<i18n-t>`. */
interface Context extends MessageContext<string> {
  interpolate: (value: unknown) => unknown;
  normalize: (parts: unknown[]) => string;
}

/** A text as it is, or the name of a value that is put there. */
type Part = string | { named: string };
/** `{name}`, `{'literal'}`, or the bar between plural forms with the spaces about it. */
const NOTATION = /\{\s*(?:'((?:[^'\\]|\\.)*)'|([^\s{}']+))\s*\}|\s*\|\s*/g;

/** The forms of a sentence: one, or as many as its language counts. */
function forms(sentence: string): Part[][] {
  const all: Part[][] = [[]];
  let form = all[0]!;
  let end = 0;
  for (const found of sentence.matchAll(NOTATION)) {
    if (found.index > end) form.push(sentence.slice(end, found.index));
    end = found.index + found[0].length;
    if (found[2] !== undefined) form.push({ named: found[2] });
    else if (found[1] !== undefined) form.push(found[1]);
    else all.push((form = []));
  }
  if (end < sentence.length) form.push(sentence.slice(end));
  return all;
}

/** What vue-i18n calls for each sentence, once: a function that says it with the values of a moment. */
export function compile(sentence: unknown): MessageFunction<string> {
  const all = forms(String(sentence));
  // A value may end with the full stop of a short word ("15 nov."), which ends the sentence, too.
  const after = (context: Context, before: Part | undefined, text: string) =>
    text.startsWith('.') &&
    typeof before === 'object' &&
    String(context.named(before.named)).endsWith('.')
      ? text.slice(1)
      : text;
  const said = (context: Context, parts: Part[]): string =>
    context.normalize(
      parts.map((part, n) =>
        typeof part === 'string'
          ? after(context, parts[n - 1], part)
          : context.interpolate(context.named(part.named)),
      ),
    );
  const whole = (context: Context) =>
    all.length === 1
      ? said(context, all[0]!)
      : context.plural(all.map((parts) => said(context, parts)));
  return whole as MessageFunction<string>;
}

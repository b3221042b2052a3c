// Why a letter waits, failed or was withheld, as the appliance notes it in English. What a foreign
// server said stays as it is. Pure.

/** Each sentence, the word of the page for it, and what its places are. */
export const reasons: [RegExp, string, ...('level' | 'role' | 'text')[]][] = [
  [/^The outlet is not set, or switched off\.$/, 'off'],
  [/^SMS goes out for Critical and Emergency only\.$/, 'sms'],
  [/^The horn sounds from the level (\w+) on\.$/, 'horn', 'level'],
  [/^The reading came late: no sound is made for it\.$/, 'late'],
  [/^No policy is for alerts of the level (\w+) there\.$/, 'noPolicy', 'level'],
  [/^Nobody is on shift: the policy (.+) does not hold at this time\.$/, 'noShift', 'text'],
  [
    /^The same condition was told of (\d+) s ago; it is told again after 5 minutes\.$/,
    'repeat',
    'text',
  ],
  [/^This alert told (\d+) already\. Check the policies\.$/, 'many', 'text'],
  [/^It waits for the end of the quiet hours\.$/, 'quiet'],
  [/^It was settled before the quiet hours were over\.$/, 'settledQuiet'],
  [/^It was settled before it could be sent\.$/, 'settled'],
  [/^(\d+) messages went out of this outlet within an hour, which is its cap\. /, 'cap', 'text'],
  [/^No telephone number is known of (.+)\.$/, 'noPhone', 'text'],
  [/^No e-mail address is known of (.+)\.$/, 'noMail', 'text'],
  [/^This user was deleted or may not sign in any more\.$/, 'gone'],
  [/^Nobody who may sign in has the role (\w+) at the site (.+)\.$/, 'nobodyWith', 'role', 'text'],
  [/^The policy was changed: nobody is asked next\.$/, 'changed'],
  [/^It is tried again by hand\.$/, 'byHand'],
  [/^Nothing listens on (.+)\. Check the port, and that the server runs\.$/, 'refused', 'text'],
  [/^(.+) is not reached within 5 s\.$/, 'unreached', 'text'],
  [/^(.+) does not answer\. Check the address and the network\.$/, 'unreached', 'text'],
  [/^The coil is on, and reads back so\.$/, 'coilOn'],
  [/^The coil is off, and reads back so\.$/, 'coilOff'],
];

type Translate = (key: string, named?: Record<string, string>) => string;

/** A reason in the language of the page; a sentence that nobody knows as it is. */
export function reasonIn(t: Translate, reason: string): string {
  for (const [pattern, word, ...kinds] of reasons) {
    const found = pattern.exec(reason);
    if (!found) continue;
    const said = kinds.map((kind, place) => {
      const text = found[place + 1] ?? '';
      if (kind === 'level') return t(`notifications.level.${text}`);
      // What is not translated keeps its own direction.
      return kind === 'role' ? t(`role.name.${text}`) : `\u2068${text}\u2069`;
    });
    return t(`notifications.why.${word}`, { a: said[0] ?? '', b: said[1] ?? '' });
  }
  return reason;
}

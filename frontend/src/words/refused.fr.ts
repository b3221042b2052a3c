import { french } from './french';
import words from './refused.fr.json';
import { rewording } from './refused';

/** The sentences of the appliance stay as it says them; only what is said again is French. */
export default rewording({
  kinds: french(words.kinds) as Record<string, string>,
  sentences: french(words.sentences) as Record<string, string>,
});

import { french } from './french';
import figures from './refused.figures.fr.json';
import plant from './refused.plant.fr.json';
import house from './refused.fr.json';
import { rewording, type Refused } from './refused';

/** Of people and the appliance itself; of machines and what they tell; of what is made of that. */
export const words: Refused = {
  kinds: house.kinds,
  sentences: { ...house.sentences, ...plant, ...figures },
};

/** The sentences of the appliance stay as it says them; only what is said again is French. */
export default rewording({
  kinds: french(words.kinds) as Record<string, string>,
  sentences: french(words.sentences) as Record<string, string>,
});

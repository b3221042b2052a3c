import house from './refused.ar.json';
import figures from './refused.figures.ar.json';
import plant from './refused.plant.ar.json';
import { rewording, type Refused } from './refused';

export const words: Refused = {
  kinds: house.kinds,
  sentences: { ...house.sentences, ...plant, ...figures },
};

export default rewording(words);

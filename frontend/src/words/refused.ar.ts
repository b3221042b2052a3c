import words from './refused.ar.json';
import { rewording } from './refused';

export default rewording(words);

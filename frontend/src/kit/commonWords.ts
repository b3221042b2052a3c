// The words of the most used passwords, from the appliance's own list; comes when it is needed.
import list from '../../../assets/passwords/common.txt?raw';

export const common: ReadonlySet<string> = new Set(
  list.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#')),
);

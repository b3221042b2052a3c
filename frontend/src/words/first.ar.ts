import names from 'virtual:room-names/ar';
import { merge, withNames, type Words } from './merge';

const files = import.meta.glob<Words>(
  [
    './ar/kit.json',
    './ar/shell.json',
    './ar/session.json',
    './ar/login.json',
    './ar/readings.json',
    './ar/live.json',
    './ar/dashboard.json',
    './ar/said.json',
  ],
  { eager: true, import: 'default' },
);
export default withNames(merge(files), names);

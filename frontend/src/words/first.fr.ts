import names from 'virtual:room-names/fr';
import { french } from './french';
import { merge, withNames, type Words } from './merge';

const files = import.meta.glob<Words>(
  [
    './fr/kit.json',
    './fr/shell.json',
    './fr/session.json',
    './fr/login.json',
    './fr/readings.json',
    './fr/live.json',
    './fr/dashboard.json',
    './fr/said.json',
  ],
  { eager: true, import: 'default' },
);
export default french(withNames(merge(files), names));

import names from 'virtual:room-names/en';
import { merge, withNames, type Words } from './merge';

const files = import.meta.glob<Words>(
  [
    './en/kit.json',
    './en/shell.json',
    './en/session.json',
    './en/login.json',
    './en/readings.json',
    './en/live.json',
    './en/dashboard.json',
    './en/said.json',
  ],
  { eager: true, import: 'default' },
);
export default withNames(merge(files), names);

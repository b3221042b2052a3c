import { merge, type Words } from './merge';

export default merge(
  import.meta.glob<Words>(
    [
      './ar/*.json',
      '!./ar/kit.json',
      '!./ar/shell.json',
      '!./ar/session.json',
      '!./ar/login.json',
      '!./ar/readings.json',
      '!./ar/live.json',
      '!./ar/dashboard.json',
      '!./ar/said.json',
    ],
    { eager: true, import: 'default' },
  ),
);

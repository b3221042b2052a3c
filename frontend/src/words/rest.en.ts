import { merge, type Words } from './merge';

export default merge(
  import.meta.glob<Words>(
    [
      './en/*.json',
      '!./en/kit.json',
      '!./en/shell.json',
      '!./en/session.json',
      '!./en/login.json',
      '!./en/readings.json',
      '!./en/live.json',
      '!./en/dashboard.json',
      '!./en/said.json',
    ],
    { eager: true, import: 'default' },
  ),
);

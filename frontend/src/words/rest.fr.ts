import { french } from './french';
import { merge, type Words } from './merge';

export default french(
  merge(
    import.meta.glob<Words>(
      [
        './fr/*.json',
        '!./fr/kit.json',
        '!./fr/shell.json',
        '!./fr/session.json',
        '!./fr/login.json',
        '!./fr/readings.json',
        '!./fr/live.json',
        '!./fr/dashboard.json',
        '!./fr/said.json',
      ],
      { eager: true, import: 'default' },
    ),
  ),
);

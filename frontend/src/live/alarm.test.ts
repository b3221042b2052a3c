import { describe, expect, it } from 'vitest';
import { alarms, readChoice } from './alarm';

describe('the alarm of a browser', () => {
  it('is silent until somebody chooses it, and over a storage that was tampered with', () => {
    const silent = { sound: false, notices: false, from: 'High' };
    for (const text of [null, '', '{', '[]', '{"sound":"yes","from":"Loud"}'])
      expect(readChoice(text)).toEqual(silent);
    expect(readChoice('{"sound":true,"from":"Critical"}')).toEqual({
      sound: true,
      notices: false,
      from: 'Critical',
    });
  });

  it('calls for what nobody knows of, from a level on, and never for what came late', () => {
    const alert = { state: 'unacknowledged', level: 'High', late: false, parent: null } as const;
    expect(alarms(alert, 'High')).toBe(true);
    expect(alarms({ ...alert, level: 'Emergency' }, 'High')).toBe(true);
    expect(alarms({ ...alert, level: 'Medium' }, 'High')).toBe(false);
    expect(alarms({ ...alert, state: 'acknowledged' }, 'High')).toBe(false);
    expect(alarms({ ...alert, state: 'shelved' }, 'High')).toBe(false);
    expect(alarms({ ...alert, late: true }, 'High')).toBe(false);
    expect(alarms({ ...alert, parent: 'x' }, 'High')).toBe(false);
  });
});

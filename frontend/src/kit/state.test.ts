import { describe, expect, it } from 'vitest';
import { isState, stateWord } from './state';

describe('a state', () => {
  it('is known by how its name ends', () => {
    for (const name of ['door_open', 'breaker_closed', 'running', 'digital_12', 'power_ok'])
      expect(isState(name), name).toBe(true);
    for (const name of ['power', 'digital', 'digital_x', 'open_count', 'constructor', 'reopen'])
      expect(isState(name), name).toBe(false);
  });

  it('says which of its two sides it is on', () => {
    expect(stateWord('door_open', 1)).toEqual({ sign: '●', key: 'open', share: null });
    expect(stateWord('door_open', 0)).toEqual({ sign: '○', key: 'closed', share: null });
    expect(stateWord('breaker_closed', 0)?.key).toBe('open');
    expect(stateWord('digital_3', 1)?.key).toBe('on');
    expect(stateWord('filter_alarm', 0)?.key).toBe('quiet');
  });

  it('is a share of the time between the two', () => {
    expect(stateWord('door_open', 0.25)).toEqual({ sign: '◐', key: 'open', share: 0.25 });
  });

  it('says nothing without a value, and nothing of a quantity', () => {
    expect(stateWord('door_open', null)).toBeNull();
    expect(stateWord('power', 1)).toBeNull();
  });
});

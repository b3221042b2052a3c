import { describe, expect, it } from 'vitest';
import { ref, shallowRef } from 'vue';
import type { Step } from './plan';
import type { Answered } from './useHistoryData';
import { useSeen } from './useSeen';

const answer = (from: number, to: number, key = 'power', step: Step = '1hour') =>
  ({
    asked: { series: [{ meter: 'm', key }], step, from, to, now: 10_000 },
    points: [],
  }) as unknown as Answered;

const screen = (first: Answered | null) => {
  const answered = shallowRef(first);
  const visible = ref<[number, number]>([1_000, 2_000]);
  const step = ref<Step>('1hour');
  const { seen, behind } = useSeen(
    () => answered.value,
    () => visible.value,
    () => step.value,
  );
  return { answered, visible, step, seen, behind, span: () => [...(seen.value?.visible ?? [])] };
};

describe('the figures', () => {
  it('follow the hand as far as the answer goes, then wait for the next one', () => {
    const { answered, visible, behind, span } = screen(answer(500, 2_500));
    expect(span()).toEqual([1_000, 2_000]);
    visible.value = [1_400, 2_400];
    expect([span(), behind.value]).toEqual([[1_400, 2_400], false]);
    visible.value = [1_800, 2_800];
    expect([span(), behind.value]).toEqual([[1_400, 2_400], true]);
    // An answer to where the hand was meanwhile is not whole, either.
    answered.value = answer(1_000, 2_700);
    expect([span(), behind.value]).toEqual([[1_400, 2_400], true]);
    answered.value = answer(1_300, 3_300);
    expect([span(), behind.value]).toEqual([[1_800, 2_800], false]);
  });

  it('do not take coarse points for a closer look', () => {
    const { answered, visible, step, behind, span } = screen(answer(500, 2_500));
    expect(span()).toEqual([1_000, 2_000]);
    step.value = '1min';
    visible.value = [1_200, 1_300];
    expect([span(), behind.value]).toEqual([[1_000, 2_000], true]);
    answered.value = answer(1_150, 1_350, 'power', '1min');
    expect([span(), behind.value]).toEqual([[1_200, 1_300], false]);
  });

  it('never speak of a series that is not shown any more', () => {
    const { answered, visible, seen } = screen(answer(500, 2_500));
    expect(seen.value?.answered).toBe(answered.value);
    visible.value = [5_000, 6_000];
    answered.value = answer(500, 2_500, 'voltage');
    expect(seen.value?.answered.asked.series[0]?.key).toBe('voltage');
    answered.value = null;
    expect(seen.value).toBeNull();
  });
});

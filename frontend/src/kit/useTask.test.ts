import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { useTask } from './useTask';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const inScope = <T>(make: () => T): T => effectScope().run(make) as T;

it('is slow only after 300 ms', async () => {
  const task = inScope(() => useTask(() => new Promise<number>((r) => setTimeout(r, 400, 7))));
  const run = task.run();
  await vi.advanceTimersByTimeAsync(299);
  expect(task.slow.value).toBe(false);
  await vi.advanceTimersByTimeAsync(2);
  expect(task.slow.value).toBe(true);
  await vi.advanceTimersByTimeAsync(200);
  await run;
  expect([task.slow.value, task.data.value]).toEqual([false, 7]);
});

it('lets the last question win, whatever comes back first', async () => {
  const task = inScope(() =>
    useTask((ms: number) => new Promise<number>((r) => setTimeout(r, ms, ms))),
  );
  void task.run(500);
  void task.run(100);
  await vi.advanceTimersByTimeAsync(600);
  expect(task.data.value).toBe(100);
});

it('keeps the old data beside an error, so that the screen can show both', async () => {
  let fail = false;
  const task = inScope(() =>
    useTask(async () => {
      if (fail) throw new Error('down');
      return 1;
    }),
  );
  await task.run();
  fail = true;
  await task.run();
  expect(task.data.value).toBe(1);
  expect(task.error.value).toBeInstanceOf(Error);
});

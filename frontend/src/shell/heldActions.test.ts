import { effectScope, nextTick, ref } from 'vue';
import { afterEach, expect, it, vi } from 'vitest';
import { useHeldActions } from './useHeldActions';

let scope = effectScope();
afterEach(() => scope.stop());

function page() {
  document.body.innerHTML = `
    <form id="form"><input id="field" /><button type="submit" id="save">Save</button></form>
    <button type="button" class="btn btn--secondary" id="show">Show</button>
    <button type="button" class="btn btn--danger" id="busy" aria-disabled="true">Delete</button>
    <div data-acts><button type="button" id="acknowledge">Acknowledge</button></div>`;
  const pressed = vi.fn();
  for (const button of document.querySelectorAll('button'))
    button.addEventListener('click', () => pressed(button.id));
  document.querySelector('form')!.addEventListener('submit', (event) => {
    event.preventDefault();
    pressed('sent');
  });
  const lost = ref(false);
  scope = effectScope();
  scope.run(() => useHeldActions(() => lost.value));
  const press = (id: string) => document.getElementById(id)!.click();
  const held = (id: string) => document.getElementById(id)!.getAttribute('aria-disabled');
  return { lost, pressed, press, held };
}

it('holds what acts while the connection is lost, and nothing else', async () => {
  const { lost, pressed, press, held } = page();
  lost.value = true;
  await nextTick();
  expect(['save', 'acknowledge', 'busy', 'show'].map(held)).toEqual(['true', 'true', 'true', null]);
  for (const id of ['save', 'acknowledge', 'busy']) press(id);
  document.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  expect(pressed).not.toHaveBeenCalled();
});

it('holds what comes later, and lets everything go when the connection is back', async () => {
  const { lost, pressed, press, held } = page();
  lost.value = true;
  await nextTick();
  document.body.insertAdjacentHTML(
    'beforeend',
    '<button class="btn--primary" id="late">X</button>',
  );
  await vi.waitFor(() => expect(held('late')).toBe('true'));
  press('show');
  expect(pressed.mock.calls).toEqual([['show']]);
  lost.value = false;
  await nextTick();
  expect(['save', 'acknowledge', 'busy', 'late'].map(held)).toEqual([null, null, 'true', null]);
  press('acknowledge');
  expect(pressed).toHaveBeenLastCalledWith('acknowledge');
});

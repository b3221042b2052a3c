// While the connection is lost no button that acts can be pressed: what it sent would come late, or
// never, and nobody would know. What only shows something goes on working.
import { onScopeDispose, watch } from 'vue';

/** What sends something: what a form ends with, what is offered first, what destroys, and what says so. */
const ACTS = 'button[type=submit], button.btn--primary, button.btn--danger, [data-acts] button';
const HELD = 'aria-disabled';

/** Holds them, in dialogs too, for as long as `lost` says. */
export function useHeldActions(lost: () => boolean): void {
  /** What each said of itself before. */
  const before = new Map<Element, string | null>();

  function hold(): void {
    for (const button of document.querySelectorAll(ACTS))
      if (!before.has(button)) {
        before.set(button, button.getAttribute(HELD));
        button.setAttribute(HELD, 'true');
      }
  }
  function release(): void {
    for (const [button, said] of before)
      if (said === null) button.removeAttribute(HELD);
      else button.setAttribute(HELD, said);
    before.clear();
  }
  // Enter in a field presses the button of its form, or sends a form that has none.
  function refuse(event: Event): void {
    const acts = event.type === 'submit' || (event.target as Element).closest(ACTS);
    if (!lost() || !acts) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  const later = new MutationObserver(hold);
  watch(
    lost,
    (is) => {
      if (is) {
        hold();
        later.observe(document.body, { childList: true, subtree: true });
      } else {
        later.disconnect();
        release();
      }
    },
    { immediate: true },
  );
  const events = ['click', 'submit'];
  for (const name of events) document.addEventListener(name, refuse, true);
  onScopeDispose(() => {
    later.disconnect();
    release();
    for (const name of events) document.removeEventListener(name, refuse, true);
  });
}

// How screens are looked at: their sizes, their faults, and what makes them faults.
import assert from 'node:assert/strict';
import { accessibilityFaults } from './browser.mjs';

/** The least that a finger hits, px. */
const TARGET_PX = 44;
/** What is laid out in parts of a pixel is rounded by the browser. */
const ROUNDING_PX = 1;

/** Faults, and on which screens each was found. */
export class Faults {
  #found = new Map();

  add(fault, screen) {
    this.#found.set(fault, [...(this.#found.get(fault) ?? []), screen]);
  }

  mustBeNone() {
    const told = [...this.#found].map(([fault, screens]) => `${fault}\n    on ${screens.join(', ')}`);
    assert.ok(told.length === 0, `${told.length} faults\n${told.join('\n')}`);
  }
}

/** What lies wrong on the page that is open: too wide, cut off, too small for a finger. */
function layoutFaults({ targetPx, roundingPx }) {
  const faults = [];
  const root = document.documentElement;
  const sideways = root.scrollWidth - root.clientWidth;
  if (sideways > 0) faults.push(`the page is ${sideways} px wider than the screen`);

  const kind = (element) =>
    [element.localName, ...[...element.classList].slice(0, 2)].join('.');
  const name = (element) => `${kind(element)} "${(element.innerText ?? '').trim().slice(0, 40)}"`;
  const seen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    element.clientWidth > 1 &&
    element.clientHeight > 1;
  const words = 'button, .btn, h1, h2, h3, label, legend, th, dt, nav a, .badge, .tile__name';
  for (const element of document.querySelectorAll(words)) {
    const style = getComputedStyle(element);
    const cut = element.scrollWidth > element.clientWidth + roundingPx;
    if (style.overflowX === 'visible' || style.textOverflow === 'ellipsis' || !cut) continue;
    if (seen(element)) faults.push(`cut off: ${name(element)}`);
  }
  if (targetPx) {
    const pressed = 'button, .btn, select, nav a, label.check, input:not([type=checkbox], [type=radio])';
    for (const element of document.querySelectorAll(pressed)) {
      if (!seen(element) || element.closest('.sr-only, [aria-hidden=true]')) continue;
      const { width, height } = element.getBoundingClientRect();
      if (Math.min(width, height) < targetPx - roundingPx)
        faults.push(`small for a finger: ${kind(element)}, ${Math.round(width)} x ${Math.round(height)}`);
    }
  }
  return [...new Set(faults)];
}

/** Looks at the screen that is open now; `touch` when a finger presses what stands on it. */
export async function examine(stage, page, name, faults, { touch = false } = {}) {
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.evaluate(() => document.fonts.ready);
  await stage.browser.picture(page, `screen-${name}`);
  const limits = { targetPx: touch ? TARGET_PX : null, roundingPx: ROUNDING_PX };
  for (const fault of await accessibilityFaults(page)) faults.add(fault, name);
  for (const fault of await page.evaluate(layoutFaults, limits)) faults.add(fault, name);
}

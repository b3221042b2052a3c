// Mouse, wheel and fingers on a chart become spans of its axis.
import type uPlot from 'uplot';
import { panned, zoomed } from './curves';

export interface Moves {
  span: () => [number, number];
  limits: () => [number, number];
  move: (span: [number, number]) => void;
  reset: () => void;
}

/** A hand trembles: less than this is a click, px. */
const CLICK_PX = 6;
const WHEEL_STEP = 1.2;

type Mode = 'select' | 'pan' | 'pinch';

/** Listens on the plot until the returned function is called. */
export function listenToMoves(plot: uPlot, box: HTMLElement, moves: Moves): () => void {
  const { over } = plot;
  const fingers = new Map<number, number>();
  let mode: Mode | null = null;
  let startX = 0;
  let startSpan: [number, number] = [0, 1];
  let held: [number, number] = [0, 1];
  let moved = false;
  let selected = { left: 0, width: 0 };

  const xOf = (event: MouseEvent) => event.clientX - over.getBoundingClientRect().left;
  const width = () => over.clientWidth || 1;
  const valueAt = ([from, to]: [number, number], x: number) => from + ((to - from) * x) / width();

  function begin(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && event.button !== 0 && event.button !== 1) return;
    fingers.set(event.pointerId, xOf(event));
    startX = xOf(event);
    startSpan = moves.span();
    moved = false;
    if (fingers.size === 2) {
      mode = 'pinch';
      const [a = 0, b = 0] = fingers.values();
      held = [valueAt(startSpan, a), valueAt(startSpan, b)];
      return;
    }
    const drags = event.pointerType !== 'mouse' || event.shiftKey || event.button === 1;
    mode = drags ? 'pan' : 'select';
    over.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
  }

  function pinch(): void {
    const [a = 0, b = 0] = fingers.values();
    if (Math.abs(a - b) < CLICK_PX) return;
    // Both fingers stay on the instants on which they were put.
    const scale = (held[1] - held[0]) / (b - a);
    const [least, most] = moves.limits();
    const length = Math.min(most, Math.max(least, Math.abs(scale) * width()));
    const from = held[0] - (a / width()) * length;
    moves.move([from, from + length]);
  }

  function drag(event: PointerEvent): void {
    if (!mode || !fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, xOf(event));
    const x = xOf(event);
    if (Math.abs(x - startX) > CLICK_PX) moved = true;
    if (mode === 'pinch') pinch();
    else if (!moved) return;
    else if (mode === 'pan') {
      const length = startSpan[1] - startSpan[0];
      moves.move(panned(startSpan, ((startX - x) / width()) * length));
    } else {
      const [a, b] = [startX, x].map((at) => Math.max(0, Math.min(width(), at)));
      selected = { left: Math.min(a ?? 0, b ?? 0), width: Math.abs((a ?? 0) - (b ?? 0)) };
      plot.setSelect({ ...selected, top: 0, height: over.clientHeight }, false);
    }
  }

  function end(event: PointerEvent): void {
    if (!fingers.delete(event.pointerId)) return;
    const { left, width: wide } = selected;
    selected = { left: 0, width: 0 };
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    const cancelled = event.type === 'pointercancel';
    if (mode === 'select' && moved && wide > CLICK_PX && !cancelled) {
      const span = [valueAt(startSpan, left), valueAt(startSpan, left + wide)] as const;
      const middle = (span[0] + span[1]) / 2;
      moves.move(zoomed([span[0], span[1]], middle, 1, moves.limits()));
    } else if (!moved && !cancelled) {
      plot.setCursor({ left: xOf(event), top: 1 }, true);
      box.focus({ preventScroll: true });
    }
    mode = null;
  }

  function wheel(event: WheelEvent): void {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    // The page scrolls on, unless somebody means the chart: it has the focus, or Ctrl is held.
    const meant = event.ctrlKey || event.metaKey || box.contains(document.activeElement);
    if (!sideways && !meant) return;
    event.preventDefault();
    const span = moves.span();
    const length = span[1] - span[0];
    if (sideways) return moves.move(panned(span, (event.deltaX / width()) * length));
    const factor = event.deltaY > 0 ? WHEEL_STEP : 1 / WHEEL_STEP;
    moves.move(zoomed(span, valueAt(span, xOf(event)), factor, moves.limits()));
  }

  const reset = () => moves.reset();
  over.addEventListener('pointerdown', begin);
  over.addEventListener('pointermove', drag);
  over.addEventListener('pointerup', end);
  over.addEventListener('pointercancel', end);
  over.addEventListener('wheel', wheel, { passive: false });
  over.addEventListener('dblclick', reset);
  return () => {
    over.removeEventListener('pointerdown', begin);
    over.removeEventListener('pointermove', drag);
    over.removeEventListener('pointerup', end);
    over.removeEventListener('pointercancel', end);
    over.removeEventListener('wheel', wheel);
    over.removeEventListener('dblclick', reset);
  };
}

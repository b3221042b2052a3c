// What a page notes of itself while somebody moves its chart. Goes into the page before its own code.

/** Runs in the page: notes inputs, drawings of canvases, frames and tasks that hold the page up. */
export function witness() {
  const log = { inputs: [], draws: [], frames: [], behind: [], tasks: [] };
  window.witness = log;
  for (const type of ['keydown', 'pointermove', 'wheel'])
    addEventListener(type, (event) => log.inputs.push(event.timeStamp), { capture: true });

  // A chart begins each drawing with a cleared canvas; it is seen when the frame after it is made.
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  let waits = false;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (!waits) {
      waits = true;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          waits = false;
          log.draws.push(performance.now());
        };
        port2.postMessage(null);
      });
    }
    return clear.apply(this, box);
  };

  const frame = (at) => {
    log.frames.push(at);
    // The page marks its figures while the answer does not cover all that is in sight.
    if (document.querySelector('.trend__said--behind')) log.behind.push(at);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) log.tasks.push([startTime, duration]);
  }).observe({ type: 'longtask', buffered: true });
}

/** The value below which this share of the values lies. */
export function quantile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

/** "p50 21 ms, p95 34 ms, worst 60 ms". */
export function times(values) {
  const ms = (value) => `${value.toFixed(0)} ms`;
  const [half, most, worst] = [0.5, 0.95, 1].map((share) => ms(quantile(values, share)));
  return `p50 ${half}, p95 ${most}, worst ${worst}`;
}

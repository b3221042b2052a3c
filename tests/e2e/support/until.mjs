// Waiting for a state, never for a time.

/** A busy machine may take long; a state that never comes must fail all the same. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** Thrown by a look that found something else than it waits for, and can say what. */
export class Retry extends Error {}

/** Calls `look` until it returns something; fails with `what` and what was seen last. */
export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  let seen;
  do {
    try {
      seen = await look();
      if (seen) return seen;
    } catch (error) {
      if (!(error instanceof Retry)) throw error;
      seen = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  } while (Date.now() < deadline);
  throw new Error(`never happened: ${what} (seen last: ${JSON.stringify(seen)})`);
}

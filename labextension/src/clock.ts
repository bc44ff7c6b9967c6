/** The time, so that a test can bring its own. */

/** `now` is in ms since 1970; people and programs set it forward and back. */
export interface IClock {
  now(): number;
  /** ms since some moment in the past, at an even pace. */
  elapsed(): number;
  /** Resolves after `ms` (may be Infinity), or as soon as `signal` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

// A browser's timer takes no more than 31 bits.
const LONGEST_MS = 2 ** 31 - 1;

/** The browser's clock. */
export const systemClock: IClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(Math.max(0, ms), LONGEST_MS));
      signal.addEventListener('abort', end);
    })
};

/** Wait for `promise`, but for no longer than `ms`. */
export async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([promise, systemClock.sleep(ms, over.signal)]).finally(() => over.abort());
}

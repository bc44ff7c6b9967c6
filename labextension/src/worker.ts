/** Where the worker's script is: known to the bundler alone. */

import type { IWorker } from './disk';

/** Start the worker that writes; null where the browser has none. */
export function startWorker(): IWorker | null {
  return typeof Worker === 'undefined'
    ? null
    : new Worker(new URL('./writer.worker.js', import.meta.url));
}

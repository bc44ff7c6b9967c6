/** Where the worker's script is: known to the bundler alone. */

import type { IWorker } from './disk';

/** Start the worker that writes; throws where the browser has none, or lets none start. */
export function startWorker(): IWorker {
  return new Worker(new URL('./writer.worker.js', import.meta.url));
}

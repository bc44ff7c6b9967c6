/** The bounds and words that the events and updates are made of. */

export const MAX_BATCH_EVENTS = 100;
export const MAX_BODY_BYTES = 1024 * 1024;
export const MAX_INFLATED_BYTES = 8 * 1024 * 1024;
export const MAX_EVENT_BYTES = 256 * 1024;
export const MAX_DROPPED_RANGES = 1_000;
export const MAX_CELLS = 2_000;
export const MAX_NOTEBOOK_PATH_LENGTH = 500;
export const MAX_NOTEBOOK_NAME_LENGTH = 200;
export const MAX_CELL_ID_LENGTH = 100;
export const MAX_ERROR_NAME_LENGTH = 500;

export type JsonObject = Record<string, unknown>;

/** `interrupted`: a KeyboardInterrupt ended the run. `unknown`: nobody saw its end. */
export type RunStatus = 'running' | 'completed' | 'error' | 'interrupted' | 'unknown';

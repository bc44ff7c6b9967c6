/** The newest errors of a class, from the list that was read and from the alerts since. */

import type { ClassError, ErrorAlert, ErrorSummary } from '../contract';
import { parseTime } from '../time/format';

/** An error in the list. `occurred_at` in milliseconds since 1970. */
export interface LiveError {
  execution_id: string;
  student_id: string;
  cell_key: string;
  error: ErrorSummary;
  occurred_at: number;
}

export const ERRORS_SHOWN = 30;

export function fromList(error: ClassError): LiveError {
  const { execution_id, student_id, cell_key, occurred_at } = error;
  const at = parseTime(occurred_at) ?? 0;
  return { execution_id, student_id, cell_key, error: error.error, occurred_at: at };
}

export function fromAlert(alert: ErrorAlert): LiveError {
  const { execution_id, student_id, cell_key, timestamp } = alert;
  const at = parseTime(timestamp) ?? 0;
  return { execution_id, student_id, cell_key, error: alert.error, occurred_at: at };
}

/** Newest first, each run once, at most `limit`; the same list where nothing was new. */
export function addErrors(
  list: readonly LiveError[],
  added: readonly LiveError[],
  limit = ERRORS_SHOWN
): readonly LiveError[] {
  const seen = new Set(list.map(error => error.execution_id));
  const fresh = added.filter(error => !seen.has(error.execution_id));
  if (fresh.length === 0) {
    return list;
  }
  const once = new Map([...fresh, ...list].map(error => [error.execution_id, error]));
  return [...once.values()].sort((a, b) => b.occurred_at - a.occurred_at).slice(0, limit);
}

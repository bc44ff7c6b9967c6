/** The sign of a cell: never by its colour alone. */

import type { RunStatus } from '../contract';

/** The sign of one run. */
export const MARKS: Record<RunStatus, string> = {
  completed: '✓',
  error: '!',
  running: '…',
  interrupted: '■',
  unknown: '?'
};

/** The sign of a cell: `✓` or the number of tries it took, the number of failures, a mark. */
export function signOf(status: RunStatus, tries: number, failures: number): string {
  if (status === 'completed' && tries > 1) {
    return short(tries);
  }
  return status === 'error' ? short(Math.max(1, failures)) : MARKS[status];
}

function short(count: number): string {
  return count > 99 ? '99+' : String(count);
}

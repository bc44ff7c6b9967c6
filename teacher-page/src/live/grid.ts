/** The grid of a class: what a message from the socket changes in it. Pure, nothing is mutated. */

import type {
  DeliveryUpdate,
  ErrorSummary,
  ExecutionUpdate,
  GridColumn,
  NotebookUpdate,
  RunStatus,
  ServerMessage
} from '../contract';
import { parseTime } from '../time/format';
import { deliveryOf } from './delivery';
import type { Delivery } from './delivery';

/** A cell of the grid. `changed_at`: when it last changed before the viewer's eyes (ms). */
export interface LiveCell {
  status: RunStatus;
  tries: number;
  failures: number;
  execution_id: string;
  started_at: number | null;
  error: ErrorSummary | null;
  changed_at?: number;
}

/** A student's line. Times in milliseconds since 1970. */
export interface LiveRow extends Delivery {
  student_id: string;
  name: string | null;
  number: string | null;
  opened: boolean;
  last_seen_at: number | null;
  completed_cells: number;
  total_cells: number;
  cells: ReadonlyMap<string, LiveCell>;
}

/** `outside`: keys that the service was asked about and does not count to this grid. */
export interface Grid {
  notebook_key: string | null;
  since: number | null;
  until: number | null;
  columns: readonly GridColumn[];
  expected: ReadonlySet<string>;
  known: ReadonlySet<string>;
  rows: ReadonlyMap<string, LiveRow>;
  cursor: number;
  outside: ReadonlySet<string>;
}

export type GridMessage = ExecutionUpdate | NotebookUpdate | DeliveryUpdate;

/** Whether a message changes the grid. */
export function isGridMessage(message: ServerMessage): message is GridMessage {
  return ['execution_update', 'notebook_opened', 'delivery_update'].includes(message.event);
}

/** `stale`: a snapshot is needed now, soon (a count may be off), or not. */
export type Stale = 'no' | 'soon' | 'now';

/** The grid after some messages, and what in it only a snapshot can tell. */
export interface Applied {
  grid: Grid;
  stale: Stale;
  asked: readonly string[];
}

/** Keys of what a grid may not know, as kept in `outside`. */
export const cellKey = (cell_key: string): string => `cell:${cell_key}`;
export const studentKey = (student_id: string): string => `student:${student_id}`;

/** Apply messages in their order; those that the snapshot already holds change nothing. */
export function applyMessages(grid: Grid, messages: readonly GridMessage[], now: number): Applied {
  const rows = new Map(grid.rows);
  const asked: string[] = [];
  let { cursor } = grid;
  let stale: Stale = 'no';
  for (const message of messages) {
    if (message.cursor <= cursor) {
      continue;
    }
    cursor = message.cursor;
    const row = rows.get(message.student_id);
    const missing = missingKeys(grid, row, message);
    asked.push(...missing);
    if (missing.length > 0) {
      // A new student is waited for; a cell of somebody's own is no column.
      stale = worse(stale, row ? 'soon' : 'now');
    }
    if (row) {
      const next = applyToRow(grid, row, message, now);
      rows.set(row.student_id, next.row);
      stale = worse(stale, next.stale);
    }
  }
  return { grid: { ...grid, rows, cursor }, stale, asked };
}

function missingKeys(grid: Grid, row: LiveRow | undefined, message: GridMessage): string[] {
  const keys = row ? [] : [studentKey(message.student_id)];
  if (isRunHere(grid, message) && !grid.known.has(message.cell_key)) {
    keys.push(cellKey(message.cell_key));
  }
  return keys.filter(key => !grid.outside.has(key));
}

function isRunHere(grid: Grid, message: GridMessage): message is ExecutionUpdate {
  return message.event === 'execution_update' && message.notebook_key === grid.notebook_key;
}

function isOpeningHere(grid: Grid, message: GridMessage): boolean {
  return message.event === 'notebook_opened' && message.notebook_key === grid.notebook_key;
}

function applyToRow(
  grid: Grid,
  row: LiveRow,
  message: GridMessage,
  now: number
): { row: LiveRow; stale: Stale } {
  if (message.event === 'delivery_update') {
    return { row: { ...row, ...deliveryOf(message) }, stale: 'no' };
  }
  const seen_at = Math.min(parseTime(message.timestamp) ?? now, now);
  const seen = { ...row, last_seen_at: Math.max(row.last_seen_at ?? 0, seen_at) };
  if (!isRunHere(grid, message)) {
    const opened = isOpeningHere(grid, message);
    return { row: seen, stale: opened ? 'now' : 'no' };
  }
  seen.opened = true;
  if (!grid.known.has(message.cell_key) || !isWithin(grid, message)) {
    return { row: seen, stale: 'no' };
  }
  const old = row.cells.get(message.cell_key);
  const { cell, stale } = applyRun(old, message);
  if (cell === old) {
    return { row: seen, stale };
  }
  const done = grid.expected.has(message.cell_key) ? firstSuccess(old, cell) : 'no';
  const cells = new Map(row.cells).set(message.cell_key, { ...cell, changed_at: now });
  const completed_cells = Math.min(row.completed_cells + (done === 'yes' ? 1 : 0), row.total_cells);
  return {
    row: { ...seen, cells, completed_cells },
    stale: worse(stale, done === 'perhaps' ? 'soon' : 'no')
  };
}

function isWithin(grid: Grid, update: ExecutionUpdate): boolean {
  const at = parseTime(update.started_at) ?? parseTime(update.timestamp) ?? 0;
  return (grid.since === null || at >= grid.since) && (grid.until === null || at < grid.until);
}

/** A cell after one update of one of its runs. */
export function applyRun(
  old: LiveCell | undefined,
  update: ExecutionUpdate
): { cell: LiveCell; stale: Stale } {
  const run = runOf(update);
  if (!old) {
    return { cell: { ...run, tries: 1, failures: run.status === 'error' ? 1 : 0 }, stale: 'no' };
  }
  const tries = old.tries + (update.is_new ? 1 : 0);
  if (old.execution_id === run.execution_id) {
    return { cell: sameRun(old, run), stale: 'no' };
  }
  if ((run.started_at ?? Infinity) < (old.started_at ?? -Infinity)) {
    return olderRun(old, run.status, tries);
  }
  return {
    cell: { ...run, tries, failures: failuresAfter(old.failures, run.status) },
    stale: 'no'
  };
}

type Run = Omit<LiveCell, 'tries' | 'failures'>;

function runOf(update: ExecutionUpdate): Run {
  return {
    status: update.status === 'executing' ? 'running' : update.status,
    execution_id: update.execution_id,
    started_at: parseTime(update.started_at),
    error: update.error ?? null
  };
}

function sameRun(old: LiveCell, run: Run): LiveCell {
  if (run.status === old.status || run.status === 'running') {
    return old;
  }
  const started_at = run.started_at ?? old.started_at;
  return { ...old, ...run, started_at, failures: failuresAfter(old.failures, run.status) };
}

function failuresAfter(failures: number, status: RunStatus): number {
  if (status === 'completed') {
    return 0;
  }
  return failures + (status === 'error' ? 1 : 0);
}

// The end of a run that a later one has overtaken. Whether it lies before or after the last
// success is not known here, so a count that may be off asks for a snapshot.
function olderRun(
  old: LiveCell,
  status: RunStatus,
  tries: number
): { cell: LiveCell; stale: Stale } {
  const failed = status === 'error' && old.status !== 'completed';
  const cleared = status === 'completed' && old.failures > 0;
  if (tries === old.tries && !failed) {
    return { cell: old, stale: cleared ? 'soon' : 'no' };
  }
  const failures = old.failures + (failed ? 1 : 0);
  return { cell: { ...old, tries, failures }, stale: failed || cleared ? 'soon' : 'no' };
}

// A cell that was interrupted or has mixed results may have succeeded before.
function firstSuccess(old: LiveCell | undefined, cell: LiveCell): 'yes' | 'no' | 'perhaps' {
  if (cell.status !== 'completed' || old?.status === 'completed') {
    return 'no';
  }
  const finished = old ? old.tries - (old.status === 'running' ? 1 : 0) : 0;
  return finished === (old?.failures ?? 0) ? 'yes' : 'perhaps';
}

function worse(first: Stale, second: Stale): Stale {
  const order = { no: 0, soon: 1, now: 2 };
  return order[first] >= order[second] ? first : second;
}

/** Made-up answers and messages of the service. */

import type {
  ClassProgress,
  DeliveryUpdate,
  ErrorAlert,
  ExecutionUpdate,
  GridCell,
  GridColumn,
  GridRow,
  NotebookUpdate
} from '../contract';

export const T0 = Date.parse('2026-04-10T01:40:00Z');
export const CLASS = 'python-intro';
export const NOTEBOOK = '02-conditions';
const CHANNEL = `class:${CLASS}`;

/** The time `seconds` after the start of the lesson, as the service writes it. */
export const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString();

export function column(cell_key: string, index = 0, expected = true): GridColumn {
  return { cell_key, index, label: String(index + 1), expected };
}

export function gridCell(fields: Partial<GridCell> = {}): GridCell {
  const run = { execution_id: 'run-0', started_at: at(0) };
  return { status: 'completed', tries: 1, failures: 0, ...run, ...fields };
}

export function gridRow(student_id: string, fields: Partial<GridRow> = {}): GridRow {
  return {
    student_id,
    name: null,
    number: null,
    opened: true,
    last_seen_at: at(0),
    completed_cells: 0,
    total_cells: 4,
    cells: {},
    missing_events: 0,
    dropped_events: 0,
    clock_skew_ms: null,
    ...fields
  };
}

export function snapshot(students: GridRow[], fields: Partial<ClassProgress> = {}): ClassProgress {
  return {
    class_id: CLASS,
    notebook_key: NOTEBOOK,
    since: null,
    until: null,
    columns: [column('a', 0), column('b', 1), column('own', 2, false)],
    students,
    cursor: 10,
    ...fields
  };
}

function update(cursor: number, student_id: string): Omit<NotebookUpdate, 'event'> {
  const notebook = { notebook_path: 'assignments/x.ipynb', notebook_key: NOTEBOOK };
  return { channel: CHANNEL, cursor, student_id, ...notebook, timestamp: at(cursor) };
}

export function ran(
  cursor: number,
  student_id: string,
  cell_key: string,
  fields: Partial<ExecutionUpdate> = {}
): ExecutionUpdate {
  return {
    event: 'execution_update',
    ...update(cursor, student_id),
    cell_id: cell_key,
    cell_key,
    status: 'completed',
    execution_id: `run-${cursor}`,
    started_at: at(cursor),
    is_new: true,
    ...fields
  };
}

export function opened(
  cursor: number,
  student_id: string,
  fields: Partial<NotebookUpdate> = {}
): NotebookUpdate {
  return { event: 'notebook_opened', ...update(cursor, student_id), ...fields };
}

export function delivered(
  cursor: number,
  student_id: string,
  fields: Partial<DeliveryUpdate> = {}
): DeliveryUpdate {
  const counts = { missing_events: 0, dropped_events: 0 };
  return { event: 'delivery_update', ...update(cursor, student_id), ...counts, ...fields };
}

export function alerted(cursor: number, student_id: string, execution_id: string): ErrorAlert {
  const error = { name: 'NameError', message: "name 'x' is not defined" };
  const cell = { cell_id: 'a', cell_key: 'a', execution_id, error };
  return { event: 'error_alert', ...update(cursor, student_id), ...cell };
}

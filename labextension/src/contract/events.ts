/** The events that a student's browser sends, and their answers. */

import type { JsonObject } from './fields';

/** The fields of every event. `seq` counts a session's events from 0 without gaps. */
export interface Event {
  student_id: string;
  session_id: string;
  notebook_path: string;
  timestamp: string;
  event_id: string;
  seq: number;
  kernel_id?: string;
}

/** One cell of a notebook, as it stands at `index` (from 0). */
export interface Cell {
  cell_id: string;
  cell_type: string;
  index: number;
  source_sha256: string;
  grade_id?: string;
  solution?: boolean;
  task?: boolean;
  grade?: boolean;
  points?: number;
}

/**
 * A notebook was opened, its cells changed, or it was renamed from `renamed_from`.
 *
 * `cells_truncated`: it has more cells than an event holds.
 */
export interface NotebookOpened extends Event {
  event_type: 'notebook_opened';
  notebook_name: string;
  cells: Cell[];
  cells_truncated?: true;
  metadata?: JsonObject;
  nbformat_minor?: number;
  renamed_from?: string;
  class_id?: string;
}

/** An event of one run of one cell. `execution_id` is the same in its start and its end. */
export interface CellEvent extends Event {
  cell_id: string;
  execution_count: number;
  execution_id: string;
}

/**
 * The kernel began to run a cell; `started_at` is the kernel's time. `code_truncated`: only the
 * start of the code is there.
 */
export interface CellExecutionStart extends CellEvent {
  event_type: 'cell_execution_start';
  code: string;
  code_truncated?: true;
  started_at?: string;
}

/**
 * A run ended. Times are the kernel's. `output_incomplete`: the page was reloaded in mid-run, and
 * what the run had put out before is not there.
 */
export interface CellExecutionEnd extends CellEvent {
  code?: string;
  code_truncated?: true;
  output?: JsonObject[];
  output_incomplete?: true;
  started_at?: string;
  ended_at?: string;
  duration_ms?: number;
}

/** A run ended without an error, or (`status` "unknown") nobody saw its end. */
export interface CellExecutionComplete extends CellExecutionEnd {
  event_type: 'cell_execution_complete';
  success: boolean;
  status?: 'completed' | 'unknown';
}

/** A Python exception as the kernel reported it. */
export interface RunError {
  name: string;
  message: string;
  traceback: string[];
  context?: { variables: JsonObject[] };
}

/** A run ended with an error; a `KeyboardInterrupt` is an interrupted run. */
export interface CellExecutionError extends CellExecutionEnd {
  event_type: 'cell_execution_error';
  error: RunError;
  success: false;
}

/**
 * Events of a session that its browser gave up: first and last `seq` of each range. It has no
 * `seq` of its own. `reason`: `queue_full`, `not_kept`, or `rejected:` and the refusal's code.
 */
export interface EventsDropped extends Omit<Event, 'seq'> {
  event_type: 'events_dropped';
  ranges: [number, number][];
  count: number;
  reason: string;
}

export type AnyEvent =
  NotebookOpened | CellExecutionStart | CellExecutionComplete | CellExecutionError;

/** The answer for one event. `retry`: nothing was stored, send it again. */
export interface EventResult {
  event_id: string | null;
  status: 'stored' | 'duplicate' | 'rejected' | 'retry';
  code?: string;
  detail?: string;
  field?: string;
}

/** The answer to a batch: one result for each event, in the order sent. */
export interface EventResults {
  results: EventResult[];
}

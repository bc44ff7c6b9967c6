/** Runs and progress as they are read. */

import type { JsonObject, RunStatus } from './fields';

/** An error with its whole traceback, one string for each entry. */
export interface RecordedError {
  name: string;
  message: string;
  traceback: string[];
  context: JsonObject | null;
}

/** One run, as it was recorded. */
export interface CellExecution {
  execution_id: string;
  student_id: string;
  class_id: string | null;
  notebook_path: string;
  notebook_key: string;
  cell_id: string;
  cell_key: string;
  execution_count: number | null;
  status: RunStatus;
  code: string | null;
  output: unknown;
  error: RecordedError | null;
  started_at: string | null;
  ended_at: string | null;
  duration_ms: number | null;
  received_at: string;
}

/** The answer to `GET /executions`, in the order of the kernel's times. */
export interface CellExecutionList {
  executions: CellExecution[];
  next_cursor: string | null;
}

/** A student's progress on one notebook. `progress_rate` is 0.0 to 1.0. */
export interface NotebookProgress {
  notebook_path: string;
  notebook_key: string;
  class_id: string | null;
  completed_cells: number;
  total_cells: number;
  progress_rate: number;
}

/** The answer to `GET /progress`. `cursor` is that of the student's progress channel. */
export interface ProgressList {
  progress: NotebookProgress[];
  cursor: number;
  next_cursor: string | null;
}

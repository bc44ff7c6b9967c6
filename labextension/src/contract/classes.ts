/** What a teacher reads of a class: its notebooks, its grid, its errors. */

import type { RunStatus } from './fields';
import type { Role } from './people';
import type { ErrorSummary } from './updates';

/** One class of a teacher. `active_students`: seen within the last 5 minutes. */
export interface ClassSummary {
  class_id: string;
  title: string;
  role: Role;
  student_count: number;
  active_students: number;
}

/** The answer to `GET /classes`. */
export interface ClassList {
  classes: ClassSummary[];
  next_cursor: string | null;
}

/** A notebook of a class: the same `notebook_key` for all students. */
export interface ClassNotebook {
  notebook_key: string;
  name: string;
  assignment: string | null;
  student_count: number;
  last_activity_at: string | null;
}

/** The answer to `GET /classes/{class_id}`. */
export interface ClassDetail {
  class_id: string;
  title: string;
  role: Role;
  student_count: number;
  notebooks: ClassNotebook[];
  lesson_started_at: string | null;
  cursor: number;
}

/** A member of a class. `number` is the school's. */
export interface Student {
  student_id: string;
  name: string | null;
  number: string | null;
  last_seen_at: string | null;
}

/** The answer to `GET /classes/{class_id}/students`. */
export interface StudentList {
  students: Student[];
  next_cursor: string | null;
}

/** A cell that a class shares. `index` counts the notebook's cells from 0. */
export interface GridColumn {
  cell_key: string;
  index: number;
  label: string;
  expected: boolean;
}

/** A student's runs of one cell. `failures`: those since the last success. */
export interface GridCell {
  status: RunStatus;
  tries: number;
  failures: number;
  execution_id: string;
  started_at?: string;
  ended_at?: string;
  error?: ErrorSummary;
}

/** A student's line of the grid. The last three are over all notebooks of the class. */
export interface GridRow {
  student_id: string;
  name: string | null;
  number: string | null;
  opened: boolean;
  last_seen_at: string | null;
  completed_cells: number;
  total_cells: number;
  cells: Record<string, GridCell>;
  missing_events: number;
  dropped_events: number;
  clock_skew_ms: number | null;
}

/** The answer to `GET /classes/{class_id}/progress`: students × cells of one notebook. */
export interface ClassProgress {
  class_id: string;
  notebook_key: string | null;
  since: string | null;
  until: string | null;
  columns: GridColumn[];
  students: GridRow[];
  cursor: number;
}

/** An error of a class. Its column in the grid is the one with its `cell_key`. */
export interface ClassError {
  execution_id: string;
  student_id: string;
  student_name: string | null;
  notebook_key: string | null;
  cell_id: string;
  cell_key: string;
  error: ErrorSummary;
  occurred_at: string;
}

/** The answer to `GET /classes/{class_id}/errors`, newest first. */
export interface ClassErrors {
  errors: ClassError[];
  cursor: number;
  next_cursor: string | null;
}

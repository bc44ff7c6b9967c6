/** The messages of the WebSocket, and the names of its channels. */

/** A student's own runs and progress. */
export const progressChannel = (studentId: string): string => `progress:${studentId}`;
/** What somebody did for a student: a grade, an answer. */
export const notificationsChannel = (studentId: string): string => `notifications:${studentId}`;
/** All that happens in a class, for its teachers. */
export const classChannel = (classId: string): string => `class:${classId}`;

/** The server's first message: the newest cursor of each channel that the user may follow. */
export interface Hello {
  event: 'hello';
  cursors: Record<string, number>;
}

/** A client follows a channel, from `cursor` on where it has one. */
export interface Subscribe {
  subscribe: string;
  cursor?: number;
}

/** A client leaves a channel. */
export interface Unsubscribe {
  unsubscribe: string;
}

/** All up to `cursor` was sent; what follows is live. */
export interface Subscribed {
  event: 'subscribed';
  channel: string;
  cursor: number;
}

/** Too much was missed: fetch a snapshot and apply what is newer than its cursor. */
export interface SnapshotNeeded {
  event: 'snapshot_needed';
  channel: string;
  cursor: number;
}

/** The user may not follow this channel (`code` as in a problem document). */
export interface Refused {
  event: 'refused';
  channel: string;
  code: string;
  detail: string;
}

/** What every update carries: its channel, and its place there in the order of commits. */
export interface Update {
  channel: string;
  cursor: number;
  student_id: string;
  notebook_path: string;
  timestamp: string;
  notebook_key?: string;
  student_name?: string;
}

/** An error without its traceback. */
export interface ErrorSummary {
  name: string;
  message: string;
}

/** The status of a run in the update messages: "executing" while it goes on. */
export type UpdateStatus = 'executing' | 'completed' | 'error' | 'interrupted' | 'unknown';

/** A run began or ended. `is_new`: the receiver has not been told of this run before. */
export interface ExecutionUpdate extends Update {
  event: 'execution_update';
  cell_id: string;
  cell_key: string;
  status: UpdateStatus;
  execution_id: string;
  execution_count?: number;
  session_id?: string;
  seq?: number;
  started_at?: string;
  ended_at?: string;
  duration_ms?: number;
  error?: ErrorSummary;
  is_new?: boolean;
}

/** A student's run ended with an error. */
export interface ErrorAlert extends Update {
  event: 'error_alert';
  cell_id: string;
  cell_key: string;
  execution_id: string;
  error: ErrorSummary;
}

/** A student's progress on a notebook changed. `progress_rate` is 0.0 to 1.0. */
export interface ProgressUpdate extends Update {
  event: 'progress_update';
  completed_cells: number;
  total_cells: number;
  progress_rate: number;
}

/** A student opened a notebook, or its cells changed: the grid's columns may be new. */
export interface NotebookUpdate extends Update {
  event: 'notebook_opened';
}

/**
 * What is known of a student's records in this class that are not there changed.
 *
 * `missing_events`: gaps in `seq`, which a late event closes. `dropped_events`: given up by the
 * browser, and said so. `clock_skew_ms`: the service's clock less the browser's.
 */
export interface DeliveryUpdate extends Update {
  event: 'delivery_update';
  missing_events: number;
  dropped_events: number;
  clock_skew_ms?: number | null;
}

export type ServerMessage =
  | Hello
  | Subscribed
  | SnapshotNeeded
  | Refused
  | ExecutionUpdate
  | ErrorAlert
  | ProgressUpdate
  | NotebookUpdate
  | DeliveryUpdate;

/** The examples again, where the compiler checks each field's name. */
import type {
  EventResults,
  Me,
  Problem,
  ServerMessage,
  Subscribe,
  Unsubscribe
} from '../../src/contract';

export const messages: (ServerMessage | Subscribe | Unsubscribe)[] = [
  { event: 'hello', cursors: { 'progress:student-01': 7, 'notifications:student-01': 0 } },
  { subscribe: 'class:python-intro', cursor: 40 },
  { unsubscribe: 'class:python-intro' },
  { event: 'subscribed', channel: 'class:python-intro', cursor: 42 },
  { event: 'snapshot_needed', channel: 'class:python-intro', cursor: 42 },
  {
    event: 'refused',
    channel: 'class:statistics',
    code: 'not_found',
    detail: 'There is no such class.'
  },
  {
    event: 'execution_update',
    channel: 'class:python-intro',
    cursor: 42,
    student_id: 'student-01',
    notebook_path: 'assignments/python-intro/01/a.ipynb',
    timestamp: '2026-04-01T09:00:00.123456Z',
    notebook_key: 'python-intro/01/a.ipynb',
    student_name: '山田 花子',
    cell_id: 'cell-1',
    cell_key: 'squares',
    status: 'executing',
    execution_id: '019d4000-0000-7000-8000-000000000003',
    execution_count: 1,
    session_id: '019d4000-0000-7000-8000-000000000001',
    seq: 1,
    started_at: '2026-04-01T09:00:00.002002Z',
    is_new: true
  },
  {
    event: 'execution_update',
    channel: 'progress:student-01',
    cursor: 43,
    student_id: 'student-01',
    notebook_path: 'assignments/python-intro/01/a.ipynb',
    timestamp: '2026-04-01T09:00:00.123456Z',
    notebook_key: 'python-intro/01/a.ipynb',
    student_name: '山田 花子',
    cell_id: 'cell-1',
    cell_key: 'squares',
    status: 'error',
    execution_id: '019d4000-0000-7000-8000-000000000003',
    execution_count: 1,
    started_at: '2026-04-01T09:00:00.002002Z',
    ended_at: '2026-04-01T09:00:00.012012Z',
    duration_ms: 10.01,
    error: { name: 'NameError', message: "name 'x' is not defined" }
  },
  {
    event: 'error_alert',
    channel: 'class:python-intro',
    cursor: 42,
    student_id: 'student-01',
    notebook_path: 'assignments/python-intro/01/a.ipynb',
    timestamp: '2026-04-01T09:00:00.123456Z',
    notebook_key: 'python-intro/01/a.ipynb',
    student_name: '山田 花子',
    cell_id: 'cell-1',
    cell_key: 'squares',
    execution_id: '019d4000-0000-7000-8000-000000000003',
    error: { name: 'NameError', message: "name 'x' is not defined" }
  },
  {
    event: 'progress_update',
    channel: 'progress:student-01',
    cursor: 44,
    student_id: 'student-01',
    notebook_path: 'assignments/python-intro/01/a.ipynb',
    timestamp: '2026-04-01T09:00:00.123456Z',
    notebook_key: 'python-intro/01/a.ipynb',
    student_name: '山田 花子',
    completed_cells: 8,
    total_cells: 10,
    progress_rate: 0.8
  },
  {
    event: 'notebook_opened',
    channel: 'class:python-intro',
    cursor: 42,
    student_id: 'student-01',
    notebook_path: 'assignments/python-intro/01/a.ipynb',
    timestamp: '2026-04-01T09:00:00.123456Z',
    notebook_key: 'python-intro/01/a.ipynb',
    student_name: '山田 花子'
  }
];

export const me: Me = {
  name: 'student-01',
  display_name: '山田 花子',
  classes: [
    { class_id: 'python-intro', title: 'Python 入門', role: 'student' },
    { class_id: 'statistics', title: 'statistics', role: 'assistant' }
  ],
  may_teach: false,
  notebook_patterns: ['assignments/{class_id}/{assignment}/**'],
  collects: ['code', 'output', 'error'],
  limits: { batch_events: 100, body_bytes: 1048576, event_bytes: 262144 },
  version: '0.1.0'
};

export const problems: Problem[] = [
  {
    title: 'Too Many Events',
    status: 413,
    code: 'too_large',
    detail: 'A batch holds at most 100 events.'
  },
  {
    type: 'https://example.org/away',
    title: 'Service Unavailable',
    status: 503,
    code: 'unavailable'
  }
];

export const results: EventResults = {
  results: [
    { event_id: '019d4000-0000-7000-8000-000000000002', status: 'stored' },
    { event_id: '019d4000-0000-7000-8000-000000000005', status: 'duplicate' },
    {
      event_id: null,
      status: 'rejected',
      code: 'invalid',
      detail: 'Object missing required field `cell_id`',
      field: 'cell_id'
    },
    { event_id: '019d4000-0000-7000-8000-000000000006', status: 'retry' }
  ]
};

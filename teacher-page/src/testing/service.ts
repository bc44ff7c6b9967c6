/** A service in memory: answers for the page, from what a test puts into it. */

import type { CellExecution, ClassDetail, GridRow, Me, Role, Student } from '../contract';
import { at, CLASS, NOTEBOOK, snapshot } from './examples';
import { FakeWire } from './wire';

export const PREFIX = '/services/cell-monitor/';

export class FakeService {
  readonly asked: string[] = [];
  readonly wires: FakeWire[] = [];
  readonly refusals = new Map<string, [status: number, code: string]>();
  rows: GridRow[] = [];
  executions: CellExecution[] = [];
  role: Role = 'teacher';
  cursor = 10;
  pageSize = 50;

  readonly connect = (): FakeWire => {
    const wire = new FakeWire();
    this.wires.push(wire);
    return wire;
  };

  readonly fetch: typeof fetch = input => {
    const url = new URL(input as string, 'http://hub');
    const path = url.pathname.replace(`${PREFIX}api/v1/`, '');
    this.asked.push(path + url.search);
    const [status, code] = this.refusals.get(path) ?? [200, ''];
    const body = status === 200 ? this.answer(path, url.searchParams) : { status, code, title: '' };
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  };

  /** The server says hello, and that the class is followed. */
  goLive(): void {
    const wire = this.wires.at(-1);
    wire?.says({ event: 'hello', cursors: {} });
    wire?.says({ event: 'subscribed', channel: `class:${CLASS}`, cursor: this.cursor });
  }

  private answer(path: string, query: URLSearchParams): unknown {
    const next_cursor = null;
    switch (path) {
      case 'me':
        return this.me();
      case 'classes':
        return { classes: this.taught(), next_cursor };
      case `classes/${CLASS}`:
        return this.detail();
      case `classes/${CLASS}/students`:
        return { students: this.rows.map(studentOf), next_cursor };
      case `classes/${CLASS}/progress`:
        return snapshot(this.rows, { cursor: this.cursor });
      case `classes/${CLASS}/errors`:
        return { errors: [], cursor: this.cursor, next_cursor };
      case 'executions':
        return this.page(Number(query.get('cursor') ?? 0));
      default:
        throw new Error(`No answer for ${path}`);
    }
  }

  private taught(): unknown[] {
    return this.role === 'student' ? [] : [{ ...this.detail(), active_students: 1 }];
  }

  private me(): Me {
    const limits = { batch_events: 100, body_bytes: 1, event_bytes: 1 };
    const name = { name: 'sensei', display_name: 'Sensei Sensei' };
    const patterns = { notebook_patterns: [], collects: [], version: '1' };
    const classes = [{ class_id: CLASS, title: 'Python', role: this.role }];
    return { ...name, classes, may_teach: true, ...patterns, limits };
  }

  private detail(): ClassDetail {
    const notebook = { notebook_key: NOTEBOOK, name: '02.ipynb', assignment: null };
    return {
      class_id: CLASS,
      title: 'Python',
      role: 'teacher',
      student_count: this.rows.length,
      notebooks: [{ ...notebook, student_count: 1, last_activity_at: at(0) }],
      lesson_started_at: at(0),
      cursor: this.cursor
    };
  }

  private page(from: number): unknown {
    const end = from + this.pageSize;
    const next_cursor = end < this.executions.length ? String(end) : null;
    return { executions: this.executions.slice(from, end), next_cursor };
  }
}

function studentOf({ student_id, name, number, last_seen_at }: GridRow): Student {
  return { student_id, name, number, last_seen_at };
}

export function execution(n: number, fields: Partial<CellExecution> = {}): CellExecution {
  return {
    execution_id: `run-${n}`,
    student_id: 'ann',
    class_id: CLASS,
    notebook_path: 'x.ipynb',
    notebook_key: NOTEBOOK,
    cell_id: 'a',
    cell_key: 'a',
    execution_count: n,
    status: 'completed',
    code: `print(${n})`,
    output: null,
    error: null,
    started_at: at(n),
    ended_at: at(n),
    duration_ms: 1,
    received_at: at(n),
    ...fields
  };
}

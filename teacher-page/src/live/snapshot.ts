/** A snapshot of the class as a grid, without disturbing what stayed the same. */

import type { ClassProgress, GridCell, GridRow } from '../contract';
import { parseTime } from '../time/format';
import { cellKey, studentKey } from './grid';
import type { Grid, LiveCell, LiveRow } from './grid';

/** The grid of a snapshot; rows and cells that stayed the same stay the same objects. */
export function gridOf(
  snapshot: ClassProgress,
  previous: Grid | null,
  asked: ReadonlySet<string>,
  now: number
): Grid {
  const known = new Set(snapshot.columns.map(column => column.cell_key));
  const rows = new Map(
    snapshot.students.map(row => {
      const before = previous?.rows.get(row.student_id);
      return [row.student_id, keepRow(rowOf(row, known, before, now), before)] as const;
    })
  );
  const inside = new Set([...[...known].map(cellKey), ...[...rows.keys()].map(studentKey)]);
  const outside = [...(previous?.outside ?? []), ...asked].filter(key => !inside.has(key));
  return {
    notebook_key: snapshot.notebook_key,
    since: parseTime(snapshot.since),
    until: parseTime(snapshot.until),
    columns: keepColumns(snapshot.columns, previous),
    expected: new Set(snapshot.columns.filter(c => c.expected).map(c => c.cell_key)),
    known,
    rows,
    cursor: snapshot.cursor,
    outside: new Set(outside)
  };
}

function rowOf(
  row: GridRow,
  known: ReadonlySet<string>,
  before: LiveRow | undefined,
  now: number
): LiveRow {
  // A cell that is no column is somebody's own.
  const cells = Object.entries(row.cells)
    .filter(([key]) => known.has(key))
    .map(
      ([key, cell]) => [key, keepCell(cellOf(cell), before?.cells.get(key), before, now)] as const
    );
  return { ...row, last_seen_at: latest(row.last_seen_at, before), cells: new Map(cells) };
}

function latest(last_seen_at: string | null, before: LiveRow | undefined): number | null {
  const at = parseTime(last_seen_at);
  const seen_at = before?.last_seen_at ?? null;
  return at === null || seen_at === null ? (at ?? seen_at) : Math.max(at, seen_at);
}

function keepColumns(columns: Grid['columns'], previous: Grid | null): Grid['columns'] {
  const same = previous && JSON.stringify(previous.columns) === JSON.stringify(columns);
  return same ? previous.columns : columns;
}

function cellOf(cell: GridCell): LiveCell {
  const { status, tries, failures, execution_id } = cell;
  const started_at = parseTime(cell.started_at);
  return { status, tries, failures, execution_id, started_at, error: cell.error ?? null };
}

function keepCell(
  cell: LiveCell,
  old: LiveCell | undefined,
  before: LiveRow | undefined,
  now: number
): LiveCell {
  const fields = ['status', 'tries', 'failures', 'execution_id'] as const;
  if (old && fields.every(field => old[field] === cell[field])) {
    return old;
  }
  return before ? { ...cell, changed_at: now } : cell;
}

function keepRow(row: LiveRow, before: LiveRow | undefined): LiveRow {
  const fields = [
    'name',
    'number',
    'opened',
    'last_seen_at',
    'completed_cells',
    'total_cells',
    'missing_events',
    'dropped_events',
    'clock_skew_ms'
  ] as const;
  const same =
    before?.cells.size === row.cells.size &&
    fields.every(field => before[field] === row[field]) &&
    [...row.cells].every(([key, cell]) => before.cells.get(key) === cell);
  return same ? before : row;
}

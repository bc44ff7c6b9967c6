/** Who needs the teacher, and how far the class is: rules over the rows of the grid. */

import type { Grid, LiveRow } from './grid';

export const STUCK_FAILURES = 3;
const ACTIVE_MS = 5 * 60 * 1000;

export type Need = 'stuck' | 'error' | 'none';

/** `stuck`: a cell failed three times or more since its last success; `error`: one fails now. */
export function needOf(row: LiveRow): Need {
  const need = needs.get(row) ?? findNeed(row);
  needs.set(row, need);
  return need;
}

// Rows are never mutated: what was found stays true.
const needs = new WeakMap<LiveRow, Need>();

function findNeed(row: LiveRow): Need {
  let need: Need = 'none';
  for (const cell of row.cells.values()) {
    if (cell.failures >= STUCK_FAILURES) {
      return 'stuck';
    }
    if (cell.status === 'error') {
      need = 'error';
    }
  }
  return need;
}

/** Seen within the last five minutes. */
export function isActive(row: LiveRow, now: number): boolean {
  return row.last_seen_at !== null && now - row.last_seen_at <= ACTIVE_MS;
}

export function isRunning(row: LiveRow): boolean {
  return [...row.cells.values()].some(cell => cell.status === 'running');
}

export function isFinished(row: LiveRow): boolean {
  return row.total_cells > 0 && row.completed_cells >= row.total_cells;
}

/** 0.0 to 1.0. */
export function progressOf(row: LiveRow): number {
  return row.total_cells > 0 ? row.completed_cells / row.total_cells : 0;
}

/** How often a student failed in a row, at most, on one cell. */
export function failuresOf(row: LiveRow): number {
  return Math.max(0, ...[...row.cells.values()].map(cell => cell.failures));
}

/** The class in a few figures; `done`, `running` and `failing` are shares of all expected cells. */
export interface Summary {
  students: number;
  active: number;
  opened: number;
  finished: number;
  in_error: number;
  stuck: number;
  median: number | null;
  done: number;
  running: number;
  failing: number;
}

export function summaryOf(grid: Grid, now: number): Summary {
  const rows = [...grid.rows.values()];
  const opened = rows.filter(row => row.opened);
  const needs = rows.map(needOf);
  return {
    students: rows.length,
    active: rows.filter(row => isActive(row, now)).length,
    opened: opened.length,
    finished: rows.filter(isFinished).length,
    in_error: needs.filter(need => need !== 'none').length,
    stuck: needs.filter(need => need === 'stuck').length,
    median: median(opened.map(progressOf)),
    ...sharesOf(grid, opened)
  };
}

function sharesOf(
  grid: Grid,
  opened: readonly LiveRow[]
): Pick<Summary, 'done' | 'running' | 'failing'> {
  const counts = { done: 0, running: 0, failing: 0 };
  for (const row of opened) {
    counts.done += row.completed_cells;
    for (const [key, cell] of row.cells) {
      if (grid.expected.has(key)) {
        counts.running += cell.status === 'running' ? 1 : 0;
        counts.failing += cell.status === 'error' ? 1 : 0;
      }
    }
  }
  // A cell that was done once and fails now counts as done: progress is never lowered.
  const all = Math.max(1, opened.length * grid.expected.size);
  const done = Math.min(1, counts.done / all);
  const running = Math.min(1 - done, counts.running / all);
  return { done, running, failing: Math.min(1 - done - running, counts.failing / all) };
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}

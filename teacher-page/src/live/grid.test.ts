import { describe, expect, it } from 'vitest';
import type { GridCell } from '../contract';
import { at, delivered, gridCell, gridRow, opened, ran, snapshot, T0 } from '../testing/examples';
import { applyMessages } from './grid';
import type { Applied, Grid, GridMessage, LiveCell } from './grid';
import { gridOf } from './snapshot';

const NOW = T0 + 3_600_000;

function gridWith(cells: Record<string, GridCell> = {}, fields = {}): Grid {
  return gridOf(snapshot([gridRow('ann', { cells, ...fields })]), null, new Set(), NOW);
}

function apply(grid: Grid, ...messages: GridMessage[]): Applied {
  return applyMessages(grid, messages, NOW);
}

function cellOf(applied: Applied, key = 'a'): LiveCell | undefined {
  return applied.grid.rows.get('ann')?.cells.get(key);
}

describe('a run of a cell', () => {
  it('appears as running when it begins', () => {
    const result = apply(gridWith(), ran(11, 'ann', 'a', { status: 'executing' }));
    expect(cellOf(result)).toMatchObject({ status: 'running', tries: 1, failures: 0 });
  });

  it('is one try from its start to its end', () => {
    const start = ran(11, 'ann', 'a', { status: 'executing', execution_id: 'r' });
    const end = ran(12, 'ann', 'a', { execution_id: 'r', started_at: at(11), is_new: false });
    expect(cellOf(apply(gridWith(), start, end))).toMatchObject({ status: 'completed', tries: 1 });
  });

  it('never goes back to running once it ended', () => {
    const end = ran(11, 'ann', 'a', { execution_id: 'r' });
    const start = ran(12, 'ann', 'a', { status: 'executing', execution_id: 'r', is_new: false });
    expect(cellOf(apply(gridWith(), end, start))).toMatchObject({ status: 'completed', tries: 1 });
  });

  it('counts as a try only when it is new', () => {
    const cells = { a: gridCell({ tries: 2, status: 'error', failures: 2 }) };
    const known = ran(11, 'ann', 'a', { status: 'error', is_new: false });
    expect(cellOf(apply(gridWith(cells), known))?.tries).toBe(2);
    expect(cellOf(apply(gridWith(cells), ran(11, 'ann', 'a')))?.tries).toBe(3);
  });

  it('counts failures since the last success', () => {
    const error = (n: number) => ran(n, 'ann', 'a', { status: 'error' });
    const failed = apply(gridWith(), error(11), error(12));
    expect(cellOf(failed)).toMatchObject({ status: 'error', tries: 2, failures: 2 });
    const cured = apply(failed.grid, ran(13, 'ann', 'a'));
    expect(cellOf(cured)).toMatchObject({ status: 'completed', tries: 3, failures: 0 });
    expect(cellOf(apply(cured.grid, error(14)))).toMatchObject({ tries: 4, failures: 1 });
  });

  it('keeps the failures while it runs again or is interrupted', () => {
    const cells = { a: gridCell({ tries: 2, status: 'error', failures: 2 }) };
    const start = ran(11, 'ann', 'a', { status: 'executing', execution_id: 'r' });
    const stop = ran(12, 'ann', 'a', { status: 'interrupted', execution_id: 'r', is_new: false });
    expect(cellOf(apply(gridWith(cells), start))?.failures).toBe(2);
    expect(cellOf(apply(gridWith(cells), start, stop))).toMatchObject({
      status: 'interrupted',
      tries: 3,
      failures: 2
    });
  });

  it('fails once although its end is told twice', () => {
    const end = (n: number, is_new: boolean) =>
      ran(n, 'ann', 'a', { status: 'error', execution_id: 'r', started_at: at(1), is_new });
    expect(cellOf(apply(gridWith(), end(11, true), end(12, false)))).toMatchObject({
      tries: 1,
      failures: 1
    });
  });

  it('carries its error', () => {
    const error = { name: 'NameError', message: 'x' };
    expect(cellOf(apply(gridWith(), ran(11, 'ann', 'a', { status: 'error', error })))?.error).toBe(
      error
    );
  });
});

describe('the latest run by the kernel’s time', () => {
  const cells = { a: gridCell({ started_at: at(100), tries: 1 }) };

  it('decides the status, whichever order the messages come in', () => {
    const late = ran(11, 'ann', 'a', { status: 'error', started_at: at(50) });
    expect(cellOf(apply(gridWith(cells), late))).toMatchObject({
      status: 'completed',
      execution_id: 'run-0',
      tries: 2,
      failures: 0
    });
  });

  it('asks for a snapshot where an overtaken run may change the count of failures', () => {
    const failing = { a: gridCell({ status: 'error', failures: 1, started_at: at(100) }) };
    const late = ran(11, 'ann', 'a', { started_at: at(50) });
    expect(apply(gridWith(failing), late).stale).toBe('soon');
    const lateError = ran(11, 'ann', 'a', { status: 'error', started_at: at(50) });
    expect(apply(gridWith(failing), lateError)).toMatchObject({ stale: 'soon' });
  });
});

describe('progress', () => {
  const row = (grid: Grid) => grid.rows.get('ann');

  it('grows with the first success of an expected cell', () => {
    const { grid } = apply(gridWith(), ran(11, 'ann', 'a'), ran(12, 'ann', 'a'));
    expect(row(grid)?.completed_cells).toBe(1);
  });

  it('does not grow with a cell that is not expected', () => {
    expect(row(apply(gridWith(), ran(11, 'ann', 'own')).grid)?.completed_cells).toBe(0);
  });

  it('is never lowered by a later failure', () => {
    const { grid } = apply(
      gridWith(),
      ran(11, 'ann', 'a'),
      ran(12, 'ann', 'a', { status: 'error' })
    );
    expect(row(grid)?.completed_cells).toBe(1);
  });

  it('asks for a snapshot where an earlier success is not known', () => {
    const cells = { a: gridCell({ status: 'error', tries: 3, failures: 1 }) };
    const result = apply(gridWith(cells, { completed_cells: 1 }), ran(11, 'ann', 'a'));
    expect(result.stale).toBe('soon');
    expect(row(result.grid)?.completed_cells).toBe(1);
  });
});

describe('messages', () => {
  it('that the snapshot holds change nothing', () => {
    const grid = gridWith();
    expect(apply(grid, ran(10, 'ann', 'a')).grid.rows.get('ann')).toBe(grid.rows.get('ann'));
  });

  it('of another notebook move the last activity alone', () => {
    const message = ran(11, 'ann', 'a', { notebook_key: 'other', timestamp: at(500) });
    const { grid, stale } = apply(gridWith(), message);
    expect(grid.rows.get('ann')).toMatchObject({ last_seen_at: T0 + 500_000, cells: new Map() });
    expect(stale).toBe('no');
  });

  it('from before or after the chosen time change no cell', () => {
    const grid = { ...gridWith(), since: T0 + 60_000, until: T0 + 120_000 };
    const early = ran(11, 'ann', 'a', { started_at: at(59) });
    const late = ran(12, 'ann', 'a', { started_at: at(120) });
    expect(cellOf(apply(grid, early, late))).toBeUndefined();
    expect(cellOf(apply(grid, ran(13, 'ann', 'a', { started_at: at(60) })))).toBeDefined();
  });

  it('of an unknown student ask for a snapshot at once, of an unknown cell soon', () => {
    expect(apply(gridWith(), ran(11, 'bob', 'a'))).toMatchObject({ stale: 'now' });
    expect(apply(gridWith(), ran(11, 'ann', 'new'))).toMatchObject({ stale: 'soon' });
  });

  it('of what the service has left out ask only once', () => {
    const first = apply(gridWith(), ran(11, 'ann', 'mine'), ran(12, 'teacher', 'a'));
    const after = gridOf(snapshot([gridRow('ann')]), first.grid, new Set(first.asked), NOW);
    const again = apply(after, ran(13, 'ann', 'mine'), ran(14, 'teacher', 'a'));
    expect(again).toMatchObject({ stale: 'no', asked: [] });
  });

  it('of an opened notebook ask for a snapshot only where it is the shown one', () => {
    expect(apply(gridWith(), opened(11, 'ann')).stale).toBe('now');
    expect(apply(gridWith(), opened(11, 'ann', { notebook_key: 'other' })).stale).toBe('no');
  });

  it('leave the rows of other students the same objects', () => {
    const grid = gridOf(snapshot([gridRow('ann'), gridRow('bob')]), null, new Set(), NOW);
    expect(apply(grid, ran(11, 'ann', 'a')).grid.rows.get('bob')).toBe(grid.rows.get('bob'));
  });

  it('cannot reach an object’s prototype by the name of a cell', () => {
    const columns = [{ cell_key: '__proto__', index: 0, label: '1', expected: true }];
    const cells = JSON.parse(`{"__proto__": ${JSON.stringify(gridCell())}}`) as never;
    const grid = gridOf(snapshot([gridRow('ann', { cells })], { columns }), null, new Set(), NOW);
    expect(cellOf({ grid, stale: 'no', asked: [] }, '__proto__')?.status).toBe('completed');
    expect(cellOf(apply(grid, ran(11, 'ann', '__proto__')), '__proto__')?.tries).toBe(2);
  });
});

describe('a message about records that are not there', () => {
  it('changes what is known of the student and nothing else', () => {
    const before = gridWith({ a: gridCell() });
    const message = delivered(11, 'ann', { missing_events: 2, clock_skew_ms: -90_000 });
    const { grid, stale } = apply(before, message);
    expect(grid.rows.get('ann')).toEqual({
      ...before.rows.get('ann'),
      missing_events: 2,
      clock_skew_ms: -90_000
    });
    expect(stale).toBe('no');
  });
});

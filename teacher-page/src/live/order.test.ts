import { describe, expect, it } from 'vitest';
import type { GridCell, GridRow } from '../contract';
import { gridCell, gridRow, snapshot, T0 } from '../testing/examples';
import type { LiveRow } from './grid';
import { needOf, summaryOf } from './need';
import { heldOrder, ordinalsOf, orderOf } from './order';
import type { Filter, Sort } from './order';
import { gridOf } from './snapshot';

function gridOfRows(...rows: GridRow[]) {
  return gridOf(snapshot(rows), null, new Set(), T0);
}

const failing = (failures: number): Record<string, GridCell> => ({
  a: gridCell({ status: 'error', tries: failures, failures })
});

const grid = gridOfRows(
  gridRow('s10', { number: '10', dropped_events: 1, completed_cells: 4, last_seen_at: null }),
  gridRow('s2', { number: '2', cells: failing(1), completed_cells: 1 }),
  gridRow('s3', { number: '3', cells: failing(3), completed_cells: 2 }),
  gridRow('s4', { number: '4', cells: failing(8), completed_cells: 3 }),
  gridRow('s5', { number: '5', opened: false, cells: {} }),
  gridRow('s6', { number: '6', cells: { a: gridCell({ status: 'running', failures: 3 }) } })
);

function order(sort: Sort, filter: Filter = 'all', search = ''): string[] {
  const searched = (row: LiveRow): string[] => [row.student_id, row.number ?? ''];
  return orderOf(grid.rows.values(), { sort, filter, search, searched });
}

describe('the order of the rows', () => {
  it('puts those first who are stuck, most failures first, then those in error', () => {
    expect(order('help')).toEqual(['s4', 's3', 's6', 's2', 's5', 's10']);
  });

  it('reads numbers as numbers', () => {
    expect(order('number')).toEqual(['s2', 's3', 's4', 's5', 's6', 's10']);
  });

  it('puts the least progress first', () => {
    expect(order('progress')).toEqual(['s5', 's6', 's2', 's3', 's4', 's10']);
  });

  it('puts the last active first', () => {
    expect(order('activity').at(-1)).toBe('s10');
  });

  it.each([
    ['error', ['s2', 's3', 's4', 's6']],
    ['incomplete', ['s10']],
    ['stuck', ['s3', 's4', 's6']],
    ['running', ['s6']],
    ['finished', ['s10']],
    ['not_opened', ['s5']]
  ] as const)('shows with the filter %s only those', (filter, ids) => {
    expect(order('number', filter)).toEqual(ids);
  });

  it('finds full-width and upper-case letters too', () => {
    expect(order('number', 'all', ' Ｓ１０ ')).toEqual(['s10']);
  });
});

describe('the order while the teacher points at the table', () => {
  it('moves nobody, adds new ones at the end and drops those who are gone', () => {
    expect(heldOrder(['a', 'b', 'c'], ['c', 'd', 'a'])).toEqual(['a', 'c', 'd']);
  });
});

describe('the numbers in the class list', () => {
  it('do not depend on the order in which students are told', () => {
    expect(ordinalsOf(['s10', 's2'])).toEqual(ordinalsOf(['s2', 's10']));
    expect(ordinalsOf(['s10', 's2']).get('s2')).toBe(1);
  });
});

describe('need', () => {
  it('is gone with a success, and stays while a stuck student tries again', () => {
    const rows = gridOfRows(gridRow('ok', { cells: { a: gridCell({ tries: 9 }) } })).rows;
    expect([...rows.values()].map(needOf)).toEqual(['none']);
    expect([...grid.rows.values()].map(needOf)).toEqual([
      'none',
      'error',
      'stuck',
      'stuck',
      'none',
      'stuck'
    ]);
  });
});

describe('the summary', () => {
  it('counts who is active, finished, in error and stuck', () => {
    expect(summaryOf(grid, T0 + 60_000)).toMatchObject({
      students: 6,
      opened: 5,
      active: 5,
      finished: 1,
      in_error: 4,
      stuck: 3,
      median: 0.5
    });
  });

  it('calls nobody active who was not seen for more than five minutes', () => {
    expect(summaryOf(grid, T0 + 300_001).active).toBe(0);
  });

  it('has no median where nobody has opened the notebook', () => {
    expect(summaryOf(gridOfRows(gridRow('a', { opened: false })), T0).median).toBeNull();
  });

  it('never fills more than the whole bar', () => {
    const cells = {
      a: gridCell({ status: 'error', failures: 1 }),
      b: gridCell({ status: 'error' })
    };
    const {
      done,
      running,
      failing: red
    } = summaryOf(gridOfRows(gridRow('a', { completed_cells: 2, cells })), T0);
    expect(done + running + red).toBeLessThanOrEqual(1);
  });
});

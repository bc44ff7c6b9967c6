import { describe, expect, it } from 'vitest';
import { at, gridCell, gridRow, snapshot, T0 } from '../testing/examples';
import { gridOf } from './snapshot';

const none: ReadonlySet<string> = new Set();
const rows = [gridRow('ann', { cells: { a: gridCell() } }), gridRow('bob')];

describe('a new snapshot', () => {
  it('keeps the objects of rows and columns that did not change', () => {
    const before = gridOf(snapshot(rows), null, none, T0);
    const after = gridOf(structuredClone(snapshot(rows, { cursor: 20 })), before, none, T0);
    expect(after.rows.get('ann')).toBe(before.rows.get('ann'));
    expect(after.columns).toBe(before.columns);
    expect(after.cursor).toBe(20);
  });

  it('marks the cells that changed since, but none at the first sight', () => {
    const before = gridOf(snapshot(rows), null, none, T0);
    expect(before.rows.get('ann')?.cells.get('a')?.changed_at).toBeUndefined();
    const moved = [gridRow('ann', { cells: { a: gridCell({ tries: 2 }) } }), gridRow('bob')];
    const after = gridOf(snapshot(moved), before, none, T0 + 5);
    expect(after.rows.get('ann')?.cells.get('a')?.changed_at).toBe(T0 + 5);
    expect(after.rows.get('bob')).toBe(before.rows.get('bob'));
  });

  it('never moves a last activity back', () => {
    const before = gridOf(snapshot([gridRow('ann', { last_seen_at: at(90) })]), null, none, T0);
    const after = gridOf(snapshot([gridRow('ann', { last_seen_at: null })]), before, none, T0);
    expect(after.rows.get('ann')?.last_seen_at).toBe(T0 + 90_000);
  });

  it('leaves out a student’s own cells', () => {
    const own = [gridRow('ann', { cells: { mine: gridCell({ status: 'error', failures: 5 }) } })];
    expect(gridOf(snapshot(own), null, none, T0).rows.get('ann')?.cells.size).toBe(0);
  });
});

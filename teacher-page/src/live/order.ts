/** Which rows are shown, and in which order. */

import { isIncomplete } from './delivery';
import type { LiveRow } from './grid';
import { failuresOf, isFinished, isRunning, needOf, progressOf } from './need';

export const SORTS = ['help', 'number', 'activity', 'progress'] as const;
export type Sort = (typeof SORTS)[number];

export const FILTERS = [
  'all',
  'error',
  'stuck',
  'running',
  'finished',
  'not_opened',
  'incomplete'
] as const;
export type Filter = (typeof FILTERS)[number];

const collator = new Intl.Collator(undefined, { numeric: true });

/** The students' places in the class list, from 1: the numbers that show where a roster has none. */
export function ordinalsOf(ids: Iterable<string>): ReadonlyMap<string, number> {
  const sorted = [...ids].sort(collator.compare);
  return new Map(sorted.map((id, index) => [id, index + 1]));
}

function byNumber(a: LiveRow, b: LiveRow): number {
  const [first, second] = [a.number ?? a.student_id, b.number ?? b.student_id];
  return collator.compare(first, second) || collator.compare(a.student_id, b.student_id);
}

const NEEDS = { stuck: 0, error: 1, none: 2 };

function byNeed(a: LiveRow, b: LiveRow): number {
  const [first, second] = [needOf(a), needOf(b)];
  if (first !== second) {
    return NEEDS[first] - NEEDS[second];
  }
  return first === 'none' ? 0 : failuresOf(b) - failuresOf(a);
}

const COMPARE: Record<Sort, (a: LiveRow, b: LiveRow) => number> = {
  help: byNeed,
  number: () => 0,
  activity: (a, b) => (b.last_seen_at ?? 0) - (a.last_seen_at ?? 0),
  progress: (a, b) => progressOf(a) - progressOf(b)
};

const KEEPS: Record<Filter, (row: LiveRow) => boolean> = {
  all: () => true,
  error: row => needOf(row) !== 'none',
  stuck: row => needOf(row) === 'stuck',
  running: isRunning,
  finished: isFinished,
  not_opened: row => !row.opened,
  incomplete: isIncomplete
};

/** What the teacher chose to see. `searched`: the texts of a row in which to search. */
export interface View {
  sort: Sort;
  filter: Filter;
  search: string;
  searched: (row: LiveRow) => readonly string[];
}

/** The ids of the rows to show, in order; equal ones by number. */
export function orderOf(rows: Iterable<LiveRow>, view: View): string[] {
  const wanted = normal(view.search);
  return [...rows]
    .filter(KEEPS[view.filter])
    .filter(row => !wanted || view.searched(row).some(text => normal(text).includes(wanted)))
    .sort((a, b) => COMPARE[view.sort](a, b) || byNumber(a, b))
    .map(row => row.student_id);
}

function normal(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim();
}

/** The order while the teacher points at the table: nobody moves, new ones come last. */
export function heldOrder(shown: readonly string[], wanted: readonly string[]): string[] {
  const keep = new Set(wanted);
  const kept = shown.filter(id => keep.has(id));
  const had = new Set(kept);
  return [...kept, ...wanted.filter(id => !had.has(id))];
}

/** What the teacher chose to look at; it stands in the address, so that a reload keeps it. */

import { useCallback, useEffect, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { ClassDetail } from '../contract';
import { useNow } from '../world';
import { FILTERS, SORTS } from './order';
import type { Filter, Sort } from './order';
import { RANGES, sinceOf } from './range';
import type { RangeName } from './range';

export interface Choices {
  notebook_key: string | null;
  all_notebooks: boolean;
  range: RangeName;
  custom: string;
  since: string | null;
  sort: Sort;
  filter: Filter;
  choose: (name: 'notebook' | 'range' | 'from' | 'sort' | 'filter', value: string) => void;
}

/** In the address: all notebooks, where a page can show them together. */
export const ALL_NOTEBOOKS = '*';

const HOUR_MS = 60 * 60 * 1000;

/** The choices, with what suits a lesson where nothing was chosen. */
export function useChoices(detail: ClassDetail): Choices {
  const [params, setParams] = useSearchParams();
  const hour = useNow(HOUR_MS);
  const choose = useCallback<Choices['choose']>(
    (name, value) =>
      setParams(
        before => {
          const after = new URLSearchParams(before);
          after.set(name, value);
          return after;
        },
        { replace: true }
      ),
    [setParams]
  );
  const choices = useMemo(
    () => ({ ...read(params, detail, hour), choose }),
    [params, detail, hour, choose]
  );
  const isOpen = !params.has('notebook');
  useEffect(() => {
    // What was shown first stays, also when the class goes on to another notebook.
    if (isOpen && choices.notebook_key !== null) {
      choose('notebook', choices.notebook_key);
    }
  }, [isOpen, choices.notebook_key, choose]);
  return choices;
}

function read(params: URLSearchParams, detail: ClassDetail, now: number): Omit<Choices, 'choose'> {
  const known = RANGES.find(name => name === params.get('range')) ?? 'lesson';
  const range = known === 'lesson' && !detail.lesson_started_at ? 'all' : known;
  const custom = params.get('from') ?? '';
  return {
    notebook_key: chosenNotebook(detail, params.get('notebook')),
    all_notebooks: params.get('notebook') === ALL_NOTEBOOKS,
    range,
    custom,
    since: sinceOf(range, custom, detail.lesson_started_at, now),
    sort: SORTS.find(sort => sort === params.get('sort')) ?? 'help',
    filter: FILTERS.find(filter => filter === params.get('filter')) ?? 'all'
  };
}

/** The wanted notebook, else the one in which something happened last. */
export function chosenNotebook(
  detail: Pick<ClassDetail, 'notebooks'>,
  wanted: string | null
): string | null {
  const newest = [...detail.notebooks].sort((a, b) =>
    (b.last_activity_at ?? '').localeCompare(a.last_activity_at ?? '')
  );
  const found = newest.find(notebook => notebook.notebook_key === wanted) ?? newest[0];
  return found?.notebook_key ?? null;
}

/** A student's runs, page by page, read again when a message tells of a new one. */

import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { CellExecutionList } from '../contract';
import { useClass } from '../live/frame';
import { useWorld } from '../world';

const PAGE = 50;
const SETTLE_MS = 500;

export type Runs = UseInfiniteQueryResult<InfiniteData<CellExecutionList>>;

interface Looked {
  student_id: string;
  notebook_key: string | null;
  since: string | null;
}

/** The runs in time order. */
export function useRuns(looked: Looked): Runs {
  const { api } = useWorld();
  const { detail } = useClass();
  const { class_id } = detail;
  useFollow(looked.student_id);
  return useInfiniteQuery({
    queryKey: ['runs', class_id, looked.student_id, looked],
    queryFn: ({ pageParam }) =>
      api.executions({ class_id, ...looked, cursor: pageParam, limit: PAGE }),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next_cursor
  });
}

// Several messages at once make one request.
function useFollow(student_id: string): void {
  const queries = useQueryClient();
  const { detail, socket } = useClass();
  const { class_id } = detail;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = socket.onMessage(message => {
      const theirs = 'student_id' in message && message.student_id === student_id;
      if (theirs || message.event === 'subscribed') {
        timer ??= setTimeout(() => {
          timer = undefined;
          void queries.invalidateQueries({ queryKey: ['runs', class_id, student_id] });
        }, SETTLE_MS);
      }
    });
    return () => {
      leave();
      clearTimeout(timer);
    };
  }, [queries, socket, class_id, student_id]);
}

/** What the cells of a notebook are called in the grid. */
export function useCellLabels(notebook_key: string | null): ReadonlyMap<string, string> {
  const { api } = useWorld();
  const { class_id } = useClass().detail;
  const columns = useQuery({
    queryKey: ['columns', class_id, notebook_key],
    // Without a time, a grid has its columns and no runs that this page needs.
    queryFn: async () =>
      (await api.progress(class_id, { notebook_key, since: new Date().toISOString() })).columns,
    enabled: notebook_key !== null,
    staleTime: 60_000
  });
  return new Map(columns.data?.map(column => [column.cell_key, column.label]));
}

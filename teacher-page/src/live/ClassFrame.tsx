import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { Spinner } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { Outlet, useParams } from 'react-router';
import type { ClassSocket } from '../api/socket';
import type { ClassDetail, Student } from '../contract';
import { usePresentation } from '../shell/presentation';
import { ProblemNotice } from '../shell/Problem';
import { Shell } from '../shell/Shell';
import { useWorld } from '../world';
import { ClassContext } from './frame';
import { Labels } from './labels';
import { useSocket } from './useSocket';

const REFRESH_MS = 60_000;

/** Loads what the pages of one class share, and follows its socket. */
export function ClassFrame(): ReactElement {
  const { class_id = '' } = useParams();
  return <LoadedClass key={class_id} class_id={class_id} />;
}

function LoadedClass({ class_id }: { class_id: string }): ReactElement {
  const { t } = useTranslation();
  const { api } = useWorld();
  const options = { refetchInterval: REFRESH_MS };
  const detail = useQuery({
    queryKey: ['class', class_id],
    queryFn: () => api.classDetail(class_id),
    ...options
  });
  const students = useQuery({
    queryKey: ['students', class_id],
    queryFn: () => api.students(class_id),
    ...options
  });
  const error = detail.data && students.data ? null : (detail.error ?? students.error);
  if (detail.data && students.data) {
    return <FollowedClass detail={detail.data} students={students.data} />;
  }
  const retry = (): void => void Promise.all([detail.refetch(), students.refetch()]);
  return (
    <Shell title="">
      {error ? (
        <ProblemNotice error={error} onRetry={retry} />
      ) : (
        <Spinner className="m-4" role="status" aria-label={t('app.loading')} />
      )}
    </Shell>
  );
}

function FollowedClass({
  detail,
  students
}: {
  detail: ClassDetail;
  students: Student[];
}): ReactElement {
  const { t } = useTranslation();
  const { numbersOnly } = usePresentation();
  const { socket, connection } = useSocket(detail.class_id);
  const [visited, visit] = useState<string | null>(null);
  useNews(detail, students, socket);
  const labels = useMemo(
    () => new Labels(students, numbersOnly, number => t('live.number', { number })),
    [students, numbersOnly, t]
  );
  const shown = useMemo(
    () => ({ detail, labels, socket, connection, visited, visit }),
    [detail, labels, socket, connection, visited]
  );
  return (
    <ClassContext value={shown}>
      <Outlet />
    </ClassContext>
  );
}

/** Reads the class again when a message names a notebook or a student that it does not know. */
function useNews(detail: ClassDetail, students: readonly Student[], socket: ClassSocket): void {
  const queries = useQueryClient();
  const { class_id } = detail;
  useEffect(() => {
    const notebooks = new Set(detail.notebooks.map(notebook => notebook.notebook_key));
    const ids = new Set(students.map(student => student.student_id));
    return socket.onMessage(message => {
      if (!('student_id' in message)) {
        return;
      }
      if (message.notebook_key && !notebooks.has(message.notebook_key)) {
        notebooks.add(message.notebook_key);
        void queries.invalidateQueries({ queryKey: ['class', class_id] });
      }
      if (!ids.has(message.student_id)) {
        ids.add(message.student_id);
        void queries.invalidateQueries({ queryKey: ['students', class_id] });
      }
    });
  }, [queries, socket, class_id, detail, students]);
}

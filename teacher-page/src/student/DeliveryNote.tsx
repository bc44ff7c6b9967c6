import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { ReactElement } from 'react';
import { Alert } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { concernsOf } from '../live/delivery';
import type { Concern } from '../live/delivery';
import { useClass } from '../live/frame';
import { useConcerns } from '../live/useConcerns';
import { useWorld } from '../world';

/** Above a student's runs: which records are not there, and whether their clock is off. */
export function DeliveryNote({ student_id }: { student_id: string }): ReactElement | null {
  const { t } = useTranslation();
  const concerns = useStudentConcerns(student_id);
  const say = useConcerns();
  if (concerns.length === 0) {
    return null;
  }
  return (
    <Alert variant="warning" className="delivery">
      <strong>{t('delivery.title')}</strong>
      <ul>
        {say(concerns).map(text => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </Alert>
  );
}

function useStudentConcerns(student_id: string): Concern[] {
  const { api } = useWorld();
  const queries = useQueryClient();
  const { detail, socket } = useClass();
  const { class_id } = detail;
  const rows = useQuery({
    queryKey: ['delivery', class_id],
    // Without a time, a grid has its rows and no runs that this note needs.
    queryFn: async () =>
      (await api.progress(class_id, { notebook_key: null, since: new Date().toISOString() }))
        .students
  });
  useEffect(
    () =>
      socket.onMessage(message => {
        if (message.event === 'delivery_update' || message.event === 'subscribed') {
          void queries.invalidateQueries({ queryKey: ['delivery', class_id] });
        }
      }),
    [queries, socket, class_id]
  );
  const row = rows.data?.find(found => found.student_id === student_id);
  return row ? concernsOf(row) : [];
}

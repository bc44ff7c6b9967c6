/** What stands where the grid has nothing to show. */

import type { ReactElement } from 'react';
import { Alert } from 'react-bootstrap';
import { Trans, useTranslation } from 'react-i18next';
import { Notice, ProblemText } from '../shell/Problem';
import { visibleLine } from '../text/visible';
import { useClass } from './frame';

export function NoStudents(): ReactElement {
  const { t } = useTranslation();
  const { detail } = useClass();
  const group = `nbgrader-${visibleLine(detail.class_id)}`;
  return (
    <Notice title={t('live.no_students_title')}>
      <Trans i18nKey="live.no_students_text" values={{ group }}>
        {'…'}
        <code>{group}</code>
        {'…'}
      </Trans>
    </Notice>
  );
}

export function NoNotebook(): ReactElement {
  const { t } = useTranslation();
  const { detail } = useClass();
  const folder = `assignments/${visibleLine(detail.class_id)}/`;
  return (
    <Notice title={t('live.no_notebook_title')}>{t('live.no_notebook_text', { folder })}</Notice>
  );
}

/** Above what is shown: why it may be old. */
export function StaleNote({ problem }: { problem: unknown }): ReactElement | null {
  const { t } = useTranslation();
  if (!problem) {
    return null;
  }
  return (
    <Alert variant="warning" className="stale">
      {t('live.stale')} <ProblemText error={problem} />
    </Alert>
  );
}

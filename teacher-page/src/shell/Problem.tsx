/** What went wrong, what is safe, and what to do. */

import type { ReactElement, ReactNode } from 'react';
import { Button } from 'react-bootstrap';
import { Trans, useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ApiError } from '../api/problems';
import { visibleLine } from '../text/visible';

interface NoticeProps {
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** A whole page's worth of words: an empty state or a problem. */
export function Notice({ title, children, action }: NoticeProps): ReactElement {
  return (
    <section className="notice">
      <h1 className="h4">{title}</h1>
      <p>{children}</p>
      {action}
    </section>
  );
}

/** A failed request in words. */
export function ProblemNotice({
  error,
  onRetry
}: {
  error: unknown;
  onRetry: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const status = error instanceof ApiError ? error.status : 500;
  if (status === 403) {
    return <ForTeachers />;
  }
  if (status === 404) {
    return <NotFound kind="not_found" />;
  }
  const retry = <Button onClick={onRetry}>{t('app.retry')}</Button>;
  return (
    <Notice title={t(`problem.${status === 401 ? 'signed_out' : 'failed'}_title`)} action={retry}>
      <ProblemText error={error} />
    </Notice>
  );
}

/** The sentence for a failed request. */
export function ProblemText({ error }: { error: unknown }): ReactElement {
  const { t } = useTranslation();
  const known = { offline: 'offline', unavailable: 'unavailable', not_signed_in: 'signed_out' };
  const code = error instanceof ApiError ? error.code : '';
  const kind = code in known ? known[code as keyof typeof known] : 'internal';
  const detail = visibleLine(error instanceof Error ? error.message : String(error));
  return <>{t(`problem.${kind}_text`, { detail })}</>;
}

/** Somebody who teaches nothing has found this page. */
export function ForTeachers(): ReactElement {
  const { t } = useTranslation();
  return (
    <Notice title={t('problem.for_teachers_title')}>
      <Trans i18nKey="problem.for_teachers_text">
        {'…'}
        <code>formgrade-COURSE</code>
        {'…'}
      </Trans>
    </Notice>
  );
}

/** Nothing is at this address. */
export function NotFound({
  kind
}: {
  kind: 'not_found' | 'student_not_found' | 'page_not_found';
}): ReactElement {
  const { t } = useTranslation();
  return (
    <Notice title={t(`problem.${kind}_title`)} action={<Link to="/">{t('app.classes')}</Link>}>
      {t(`problem.${kind}_text`)}
    </Notice>
  );
}

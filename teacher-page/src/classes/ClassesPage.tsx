import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Button, Spinner } from 'react-bootstrap';
import { Trans, useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { ClassSummary } from '../contract';
import { ForTeachers, Notice, ProblemNotice } from '../shell/Problem';
import { Shell } from '../shell/Shell';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { useWorld } from '../world';

const REFRESH_MS = 30_000;

/** The teacher's classes, with who is active now. */
export function ClassesPage(): ReactElement {
  const { t } = useTranslation();
  const { api } = useWorld();
  const classes = useQuery({
    queryKey: ['classes'],
    queryFn: () => api.classes(),
    refetchInterval: REFRESH_MS
  });
  return (
    <Shell title={t('classes.title')}>
      {classes.data ? (
        <ClassList classes={classes.data} />
      ) : classes.error ? (
        <ProblemNotice error={classes.error} onRetry={() => void classes.refetch()} />
      ) : (
        <Spinner className="m-4" role="status" aria-label={t('app.loading')} />
      )}
    </Shell>
  );
}

function ClassList({ classes }: { classes: readonly ClassSummary[] }): ReactElement {
  const { t } = useTranslation();
  if (classes.length === 0) {
    return <NothingToTeach />;
  }
  return (
    <div className="classes">
      <h1 className="h4">{t('classes.title')}</h1>
      <ul>
        {classes.map(item => (
          <ClassItem key={item.class_id} item={item} />
        ))}
      </ul>
    </div>
  );
}

/** A student has followed a link; a new teacher is not in a group yet. */
function NothingToTeach(): ReactElement {
  const { api } = useWorld();
  const me = useQuery({ queryKey: ['me'], queryFn: () => api.me(), staleTime: Infinity });
  const isStudent = me.data?.classes.some(item => item.role === 'student');
  return isStudent ? <ForTeachers /> : <NoClass />;
}

function NoClass(): ReactElement {
  const { t } = useTranslation();
  return (
    <Notice
      title={t('classes.empty_title')}
      action={<Button onClick={() => location.reload()}>{t('app.retry')}</Button>}
    >
      <Trans i18nKey="classes.empty_text">
        {'…'}
        <code>formgrade-COURSE</code>
        {'…'}
        <code>nbgrader-COURSE</code>
        {'…'}
      </Trans>
    </Notice>
  );
}

function ClassItem({ item }: { item: ClassSummary }): ReactElement {
  const { t } = useTranslation();
  const { active_students: active, student_count: count } = item;
  return (
    <li>
      <Link className="class-card" to={`/classes/${encodeURIComponent(item.class_id)}`}>
        <strong>
          <Plain text={visibleLine(item.title)} />
        </strong>
        <small>
          <Plain text={visibleLine(item.class_id)} /> · {t(`classes.role.${item.role}`)}
        </small>
        <span>{t('classes.members', { count })}</span>
        <span className={active > 0 ? 'is-active' : 'text-body-secondary'}>
          {active > 0 ? t('classes.active', { count: active }) : t('classes.nobody_active')}
        </span>
      </Link>
    </li>
  );
}

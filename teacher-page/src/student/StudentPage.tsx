import { useEffect } from 'react';
import type { ReactElement } from 'react';
import { Button, Spinner } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import type { CellExecution } from '../contract';
import { useChoices } from '../live/choices';
import type { Choices } from '../live/choices';
import { useClass } from '../live/frame';
import { NotebookChoice, RangeChoice } from '../live/Tools';
import { useKeys } from '../shell/keys';
import { NotFound, ProblemNotice } from '../shell/Problem';
import { Shell } from '../shell/Shell';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { DeliveryNote } from './DeliveryNote';
import { Execution } from './Execution';
import { useCellLabels, useRuns } from './useRuns';

/** One student: what they ran, in time order. */
export function StudentPage(): ReactElement {
  const { student_id: part = '' } = useParams();
  const { detail, labels, connection } = useClass();
  const { search } = useLocation();
  const navigate = useNavigate();
  const student_id = labels.find(part);
  const back = { pathname: `/classes/${encodeURIComponent(detail.class_id)}`, search };
  useKeys({ Escape: () => void navigate(back) });
  useHiddenAddress(part, student_id);
  const title = student_id === undefined ? '' : labels.of(student_id).main;
  return (
    <Shell
      title={title}
      connection={connection}
      crumbs={
        <>
          <Link to={back}>
            <Plain text={visibleLine(detail.title)} />
          </Link>
          <span aria-current="page">
            <Plain text={title} />
          </span>
        </>
      }
    >
      {student_id === undefined ? (
        <NotFound kind="student_not_found" />
      ) : (
        <Student key={student_id} student_id={student_id} />
      )}
    </Shell>
  );
}

/** While numbers are shown, the address names nobody either. */
function useHiddenAddress(part: string, student_id: string | undefined): void {
  const navigate = useNavigate();
  const { search } = useLocation();
  const { detail, labels, visit } = useClass();
  const { class_id } = detail;
  const hidden = student_id === undefined ? part : labels.pathOf(student_id);
  useEffect(() => {
    if (student_id !== undefined) {
      visit(student_id);
    }
    if (labels.numbersOnly && hidden !== part) {
      const pathname = `/classes/${encodeURIComponent(class_id)}/students/${hidden}`;
      void navigate({ pathname, search }, { replace: true });
    }
  }, [class_id, labels, hidden, part, student_id, search, navigate, visit]);
}

function Student({ student_id }: { student_id: string }): ReactElement {
  const { t } = useTranslation();
  const { detail, labels } = useClass();
  const choices = useChoices(detail);
  const { main, small } = labels.of(student_id);
  return (
    <article className="student">
      <h1 className="h4">
        <Plain text={main} />
        {small && (
          <small>
            <Plain text={small} />
          </small>
        )}
      </h1>
      {labels.numbersOnly && <p className="empty">{t('student.masked')}</p>}
      <DeliveryNote student_id={student_id} />
      <div className="tools">
        <NotebookChoice choices={choices} all={t('student.all_notebooks')} />
        <RangeChoice choices={choices} />
      </div>
      <RunList student_id={student_id} choices={choices} />
    </article>
  );
}

function RunList({ student_id, choices }: { student_id: string; choices: Choices }): ReactElement {
  const { t } = useTranslation();
  const { since } = choices;
  const notebook_key = choices.all_notebooks ? null : choices.notebook_key;
  const runs = useRuns({ student_id, notebook_key, since });
  if (runs.error && !runs.data) {
    return <ProblemNotice error={runs.error} onRetry={() => void runs.refetch()} />;
  }
  if (!runs.data) {
    return <Spinner className="m-4" role="status" aria-label={t('app.loading')} />;
  }
  const all = runs.data.pages.flatMap(page => page.executions);
  return (
    <>
      <h2 className="h6">{t('student.runs')}</h2>
      {all.length === 0 && (
        <p className="empty">
          {t('student.empty')} {t('student.empty_help')}
        </p>
      )}
      <RunItems runs={all} notebook_key={notebook_key} />
      <More
        hasMore={runs.hasNextPage}
        isLoading={runs.isFetchingNextPage}
        isEmpty={all.length === 0}
        onMore={() => void runs.fetchNextPage()}
      />
    </>
  );
}

interface RunItemsProps {
  runs: readonly CellExecution[];
  notebook_key: string | null;
}

function RunItems({ runs, notebook_key }: RunItemsProps): ReactElement {
  const cells = useCellLabels(notebook_key);
  return (
    <ol className="runs">
      {runs.map(run => (
        <Execution
          key={run.execution_id}
          run={run}
          label={cells.get(run.cell_key)}
          notebook={notebook_key === null ? run.notebook_path : undefined}
        />
      ))}
    </ol>
  );
}

interface MoreProps {
  hasMore: boolean;
  isLoading: boolean;
  isEmpty: boolean;
  onMore: () => void;
}

function More({ hasMore, isLoading, isEmpty, onMore }: MoreProps): ReactElement | null {
  const { t } = useTranslation();
  if (isEmpty) {
    return null;
  }
  return hasMore ? (
    <Button variant="outline-secondary" disabled={isLoading} onClick={onMore}>
      {t(isLoading ? 'app.loading' : 'student.more')}
    </Button>
  ) : (
    <p className="empty">{t('student.all_loaded')}</p>
  );
}

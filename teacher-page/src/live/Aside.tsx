import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { Time } from '../time/Time';
import { ERRORS_SHOWN } from './errors';
import type { LiveError } from './errors';
import { useClass } from './frame';
import type { Grid } from './grid';

interface AsideProps {
  grid: Grid;
  errors: readonly LiveError[];
  onOpen: (student_id: string) => void;
}

/** The newest errors: who, where, what. */
export function Aside({ grid, errors, onOpen }: AsideProps): ReactElement {
  return <ErrorList columns={grid.columns} errors={errors} onOpen={onOpen} />;
}

const ErrorList = memo(function ErrorList({
  columns,
  errors,
  onOpen
}: Omit<AsideProps, 'grid'> & { columns: Grid['columns'] }): ReactElement {
  const { t } = useTranslation();
  const labels = new Map(columns.map(column => [column.cell_key, column.label]));
  return (
    <aside className="panel errors" aria-labelledby="errors-title">
      <h2 id="errors-title">
        {t('live.errors')}{' '}
        <em>{errors.length < ERRORS_SHOWN ? errors.length : `${ERRORS_SHOWN}+`}</em>
      </h2>
      {errors.length === 0 && <p className="empty">{t('live.no_errors')}</p>}
      <ol>
        {errors.map(error => (
          <ErrorItem
            key={error.execution_id}
            error={error}
            label={labels.get(error.cell_key)}
            onOpen={onOpen}
          />
        ))}
      </ol>
    </aside>
  );
});

interface ErrorItemProps {
  error: LiveError;
  label: string | undefined;
  onOpen: (student_id: string) => void;
}

const ErrorItem = memo(function ErrorItem({ error, label, onOpen }: ErrorItemProps): ReactElement {
  const { t } = useTranslation();
  const { labels } = useClass();
  const { name, message } = error.error;
  return (
    <li>
      <button type="button" onClick={() => onOpen(error.student_id)}>
        <span className="who">
          <b>
            <Plain text={labels.of(error.student_id).main} />
          </b>{' '}
          <small>
            <Time at={error.occurred_at} />
            {label !== undefined && ` · ${t('live.cell', { label: visibleLine(label, 40) })}`}
          </small>
        </span>
        <code>
          <Plain text={labels.mask(visibleLine(`${name}: ${message}`))} />
        </code>
      </button>
    </li>
  );
});

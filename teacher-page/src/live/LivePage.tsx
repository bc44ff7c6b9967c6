import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Spinner } from 'react-bootstrap';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';
import { useKeys } from '../shell/keys';
import { ProblemNotice } from '../shell/Problem';
import { Shell } from '../shell/Shell';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { Aside } from './Aside';
import { useChoices } from './choices';
import type { Choices } from './choices';
import { useClass } from './frame';
import type { Grid, LiveRow } from './grid';
import { GridCard } from './GridCard';
import { NoNotebook, NoStudents, StaleNote } from './Notes';
import { orderOf } from './order';
import type { Live } from './store';
import { Tiles } from './Tiles';
import { Tools } from './Tools';
import { useLive } from './useLive';

/** The class live: who is where, who is stuck, which errors. */
export function LivePage(): ReactElement {
  const { detail, connection } = useClass();
  const choices = useChoices(detail);
  const live = useLive(choices.notebook_key, choices.since);
  const title = visibleLine(detail.title);
  return (
    <Shell
      title={title}
      connection={connection}
      crumbs={
        <span aria-current="page">
          <Plain text={title} />
        </span>
      }
    >
      <h1 className="visually-hidden">
        <Plain text={title} />
      </h1>
      <Content live={live} choices={choices} />
    </Shell>
  );
}

function Content({ live, choices }: { live: Live; choices: Choices }): ReactElement {
  const { t } = useTranslation();
  const { detail } = useClass();
  if (live.grid) {
    return (
      <LiveClass grid={live.grid} errors={live.errors} choices={choices} problem={live.problem} />
    );
  }
  if (live.problem) {
    return <ProblemNotice error={live.problem} onRetry={() => location.reload()} />;
  }
  return (
    <Spinner className="m-4" role="status" aria-label={t('app.loading')} key={detail.class_id} />
  );
}

interface LiveClassProps extends Omit<Live, 'grid'> {
  grid: Grid;
  choices: Choices;
}

function LiveClass({ grid, errors, choices, problem }: LiveClassProps): ReactElement {
  const open = useOpen();
  const [search, setSearch] = useState('');
  const searched = useDeferredValue(search);
  const box = useSearchKeys(setSearch);
  const order = useOrder(grid, choices, searched);
  const chosen = `${choices.sort} ${choices.filter} ${searched} ${String(choices.since)}`;
  return (
    <div className="live">
      <StaleNote problem={problem} />
      <Tiles grid={grid} notebook_key={choices.notebook_key} />
      <section className="panel grid-panel">
        <Tools choices={choices} search={search} onSearch={setSearch} box={box} />
        {grid.rows.size === 0 && <NoStudents />}
        {grid.rows.size > 0 && choices.notebook_key === null && <NoNotebook />}
        <GridCard
          grid={grid}
          order={order}
          chosen={chosen}
          onOpen={open}
          onClear={() => {
            setSearch('');
            choices.choose('filter', 'all');
          }}
        />
      </section>
      <Aside grid={grid} errors={errors} onOpen={open} />
    </div>
  );
}

function useOrder(grid: Grid, { sort, filter }: Choices, search: string): string[] {
  const { labels } = useClass();
  return useMemo(() => {
    const searched = (row: LiveRow): string[] => labels.searched(row.student_id);
    return orderOf(grid.rows.values(), { sort, filter, search, searched });
  }, [grid.rows, sort, filter, search, labels]);
}

/** Opens a student's page, with the same choices. */
function useOpen(): (student_id: string) => void {
  const navigate = useNavigate();
  const { search } = useLocation();
  const { detail, labels, visit } = useClass();
  const { class_id } = detail;
  return useCallback(
    student_id => {
      visit(student_id);
      const path = `/classes/${encodeURIComponent(class_id)}/students/${labels.pathOf(student_id)}`;
      void navigate({ pathname: path, search });
    },
    [navigate, search, class_id, labels, visit]
  );
}

/** `/` goes to the search box; Esc there leaves it, elsewhere goes back to the classes. */
function useSearchKeys(
  setSearch: (search: string) => void
): React.RefObject<HTMLInputElement | null> {
  const navigate = useNavigate();
  const box = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => box.current?.focus(), Escape: () => void navigate('/') });
  useEffect(() => {
    const input = box.current;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') {
        setSearch('');
        input?.blur();
        event.stopPropagation();
      }
    };
    input?.addEventListener('keydown', onKey);
    return () => input?.removeEventListener('keydown', onKey);
  }, [setSearch]);
  return box;
}

import { useEffect, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Plain } from '../text/Plain';
import { visibleLine } from '../text/visible';
import { useNow } from '../world';
import { useClass } from './frame';
import type { Grid } from './grid';
import { summaryOf } from './need';
import type { Summary } from './need';

const ACTIVE_STEP_MS = 5_000;
const SAY_EVERY_MS = 15_000;

/** The class in one glance. */
export function Tiles({
  grid,
  notebook_key
}: {
  grid: Grid;
  notebook_key: string | null;
}): ReactElement {
  const { t } = useTranslation();
  const now = useNow(ACTIVE_STEP_MS);
  const summary = useMemo(() => summaryOf(grid, now), [grid, now]);
  return (
    <div className="tiles">
      <Tile title={t('live.tiles.active')} value={summary.active}>
        {t('live.tiles.of', { count: summary.students })}
      </Tile>
      <ProgressTile summary={summary} notebook_key={notebook_key} />
      <Tile title={t('live.tiles.finished')} value={summary.finished}>
        {t('live.tiles.of', { count: summary.opened })}
      </Tile>
      <Tile title={t('live.tiles.in_error')} value={summary.in_error}>
        {t('live.tiles.of', { count: summary.opened })}
      </Tile>
      <Tile
        title={t('live.tiles.stuck')}
        value={summary.stuck}
        help={t('live.tiles.stuck_help')}
        kind={summary.stuck > 0 ? 'warn' : ''}
      >
        {t('live.tiles.of', { count: summary.opened })}
      </Tile>
      <SpokenSummary summary={summary} />
    </div>
  );
}

interface TileProps {
  title: string;
  value: number;
  help?: string;
  kind?: string;
  children?: ReactNode;
}

function Tile({ title, value, help, kind = '', children }: TileProps): ReactElement {
  return (
    <div className={`tile ${kind}`} title={help}>
      <small>{title}</small>
      <strong>
        {value} <span>{children}</span>
      </strong>
    </div>
  );
}

function usePercent(): (share: number) => string {
  const { i18n } = useTranslation();
  return useMemo(() => {
    const format = new Intl.NumberFormat(i18n.language, { style: 'percent' });
    return share => format.format(share);
  }, [i18n.language]);
}

interface ProgressProps {
  summary: Summary;
  notebook_key: string | null;
}

function ProgressTile({ summary, notebook_key }: ProgressProps): ReactElement {
  return (
    <div className="tile wide">
      <small>
        <ProgressTitle summary={summary} notebook_key={notebook_key} />
      </small>
      <ProgressBar summary={summary} />
    </div>
  );
}

function ProgressTitle({ summary: { median }, notebook_key }: ProgressProps): ReactElement {
  const { t } = useTranslation();
  const { detail, labels } = useClass();
  const percent = usePercent();
  const found = detail.notebooks.find(item => item.notebook_key === notebook_key);
  if (!found) {
    return <>{t('live.no_notebook_title')}</>;
  }
  const notebook = labels.mask(visibleLine(found.name, 60));
  const state =
    median === null
      ? t('live.tiles.no_progress')
      : t('live.tiles.median', { percent: percent(median) });
  return (
    <>
      <Plain text={t('live.tiles.progress', { notebook })} /> ({state})
    </>
  );
}

function ProgressBar({ summary }: { summary: Summary }): ReactElement {
  const { t } = useTranslation();
  const percent = usePercent();
  const { done, running, failing } = summary;
  const words = { done: percent(done), running: percent(running), failing: percent(failing) };
  return (
    <div className="track" role="img" aria-label={t('live.bar', words)}>
      <i className="bar-done" style={{ width: `${done * 100}%` }} />
      <i className="bar-running" style={{ width: `${running * 100}%` }} />
      <i className="bar-failing" style={{ width: `${failing * 100}%` }} />
    </div>
  );
}

/** The summary for a screen reader: not more often than one can listen to. */
function SpokenSummary({ summary }: { summary: Summary }): ReactElement {
  const { t } = useTranslation();
  const step = useNow(SAY_EVERY_MS);
  const [spoken, setSpoken] = useState(summary);
  // Only a new step speaks: the summary itself moves all the time.
  // eslint-disable-next-line react-hooks/exhaustive-deps, react-hooks/set-state-in-effect
  useEffect(() => setSpoken(summary), [step]);
  return (
    <p className="visually-hidden" aria-live="polite">
      {t('live.summary', { ...spoken })}
    </p>
  );
}

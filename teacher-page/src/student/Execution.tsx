import { memo, useMemo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { CellExecution } from '../contract';
import { useClass } from '../live/frame';
import { MARKS } from '../live/signs';
import { Plain, PlainBlock } from '../text/Plain';
import { visible, visibleLine } from '../text/visible';
import { parseTime, sayDuration } from '../time/format';
import { Time } from '../time/Time';
import { outputParts } from './outputs';
import type { OutputPart } from './outputs';

interface ExecutionProps {
  run: CellExecution;
  /** What the cell is called in the grid, where that is known. */
  label: string | undefined;
  notebook: string | undefined;
}

/** One run: when, how it ended, the code, the output, the error with its traceback. */
export const Execution = memo(function Execution({
  run,
  label,
  notebook
}: ExecutionProps): ReactElement {
  const { t } = useTranslation();
  const { labels } = useClass();
  return (
    <li className={`run run-${run.status}`}>
      <RunHead run={run} label={label} notebook={notebook} />
      {run.code === null ? (
        <p className="empty">{t('student.no_code')}</p>
      ) : (
        <PlainBlock text={labels.mask(visible(run.code))} label={t('student.code')} />
      )}
      <Output output={run.output} />
      {run.error && <Failure error={run.error} />}
    </li>
  );
});

function RunHead({ run, label, notebook }: ExecutionProps): ReactElement {
  const { t, i18n } = useTranslation();
  const { labels } = useClass();
  const at = parseTime(run.started_at) ?? parseTime(run.received_at);
  const cell = visibleLine(label ?? run.cell_id, 40);
  return (
    <h3>
      <span className={`cell cell-${run.status}`} aria-hidden="true">
        {MARKS[run.status]}
      </span>
      <span>{t(`student.status.${run.status}`)}</span>
      <span>
        <Plain text={t('live.cell', { label: labels.mask(cell) })} />
      </span>
      {notebook !== undefined && (
        <small>
          <Plain text={labels.mask(visibleLine(notebook, 80))} />
        </small>
      )}
      <small className="when">
        {run.execution_count !== null && <code>[{run.execution_count}]</code>}
        {at !== null && <Time at={at} />}
        {run.duration_ms !== null && ` · ${sayDuration(run.duration_ms, i18n.language)}`}
      </small>
    </h3>
  );
}

function Output({ output }: { output: unknown }): ReactElement | null {
  const parts = useMemo(() => outputParts(output), [output]);
  return parts.length === 0 ? null : (
    <div className="output">
      {parts.map((part, index) => (
        <Part key={index} part={part} />
      ))}
    </div>
  );
}

function Part({ part }: { part: OutputPart }): ReactElement {
  const { t } = useTranslation();
  const { labels } = useClass();
  switch (part.kind) {
    case 'text':
      return <PlainBlock text={labels.mask(part.text)} label={t('student.output')} />;
    case 'image':
      return <img src={part.src} alt={t('student.image')} />;
    case 'hidden':
      return (
        <p className="empty">
          <Plain text={`(${t('student.hidden', { type: part.mime })})`} />
        </p>
      );
  }
}

function Failure({ error }: { error: NonNullable<CellExecution['error']> }): ReactElement {
  const { t } = useTranslation();
  const { labels } = useClass();
  const traceback = error.traceback.map(entry => visible(entry)).join('\n');
  return (
    <div className="failure">
      <p>
        <b>
          <Plain text={labels.mask(visibleLine(error.name))} />
        </b>
        {': '}
        <Plain text={labels.mask(visible(error.message))} />
      </p>
      {traceback && <PlainBlock text={labels.mask(traceback)} label={t('student.traceback')} />}
    </div>
  );
}

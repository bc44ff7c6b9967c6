/** The section of the notebook in front: whether it is recorded, for whom, and its progress. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { ClassRole } from '../contract';
import type { IRecording } from '../interfaces';
import type { IProgress } from './progress';

interface INotebookProps {
  recording: IRecording | null;
  progress: IProgress | null;
  /** Nothing is recorded on this server, whatever the notebook. */
  isOff: boolean;
  choose: (classId: string | null) => Promise<void>;
  trans: TranslationBundle;
}

/** A class's title, or its id where the title is not known. */
export function titleOf(recording: IRecording): string {
  const known = recording.classes.find(({ class_id: id }) => id === recording.classId);
  return known?.title || recording.classId || '';
}

export function NotebookSection(props: INotebookProps): React.ReactElement {
  const { recording, progress, isOff, trans } = props;
  return (
    <section aria-labelledby="jp-CellMonitor-notebook">
      <h2 id="jp-CellMonitor-notebook">
        {trans.__('This notebook')}
        {progress && recording?.classId && !isOff && (
          <em>
            {progress.completed} / {progress.total}
          </em>
        )}
      </h2>
      {recording ? (
        <>
          <p className="jp-CellMonitor-name">{nameOf(recording.path)}</p>
          {recording.classId && !isOff ? (
            <Recorded {...props} recording={recording} />
          ) : (
            <NotRecorded {...props} recording={recording} />
          )}
        </>
      ) : (
        <p>
          {trans.__(
            'No notebook is open. Open a notebook of your class in the file browser: your progress shows here.'
          )}
        </p>
      )}
    </section>
  );
}

type WithRecording = INotebookProps & { recording: IRecording };

function Recorded({ recording, progress, choose, trans }: WithRecording): React.ReactElement {
  return (
    <>
      {progress && progress.total > 0 && <ProgressBar progress={progress} trans={trans} />}
      <p className="jp-CellMonitor-soft">{progressText(recording, progress, trans)}</p>
      <p className="jp-CellMonitor-recorded" data-class-id={recording.classId}>
        {trans.__('Recorded for %1', titleOf(recording))}
      </p>
      {recording.reason === 'choice' && (
        <button type="button" onClick={() => void choose(null)}>
          {trans.__('Stop recording this notebook')}
        </button>
      )}
    </>
  );
}

function ProgressBar(props: { progress: IProgress; trans: TranslationBundle }): React.ReactElement {
  const { completed, total } = props.progress;
  return (
    <div
      className="jp-CellMonitor-track"
      role="progressbar"
      aria-label={props.trans.__('Cells done')}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={completed}
      aria-valuetext={props.trans.__('%1 of %2 cells done', completed, total)}
    >
      <span style={{ width: `${(100 * completed) / total}%` }} />
    </div>
  );
}

function progressText(
  { runningCells }: IRecording,
  progress: IProgress | null,
  trans: TranslationBundle
): string {
  const parts: string[] = [];
  if (progress && progress.total > 0) {
    const left = progress.total - progress.completed;
    parts.push(
      left > 0 ? trans._n('%1 cell to go', '%1 cells to go', left) : trans.__('All cells are done')
    );
  }
  if (runningCells > 0) {
    parts.push(trans._n('%1 cell running', '%1 cells running', runningCells));
  }
  return parts.join(' · ');
}

function NotRecorded(props: WithRecording): React.ReactElement {
  const { recording, isOff, choose, trans } = props;
  if (isOff) {
    return <p className="jp-CellMonitor-unrecorded">{trans.__('Not recorded')}</p>;
  }
  if (recording.reason === 'unknown') {
    return <p>{trans.__('Asking which class this notebook belongs to…')}</p>;
  }
  return (
    <>
      <p className="jp-CellMonitor-unrecorded">{trans.__('Not recorded')}</p>
      {recording.classes.length > 0 ? (
        <>
          <p className="jp-CellMonitor-soft">
            {trans.__(
              'This notebook belongs to no class. If you use it in a class, choose the class: its teachers can then see your work.'
            )}
          </p>
          <ClassChoice key={recording.path} {...{ classes: recording.classes, choose, trans }} />
        </>
      ) : (
        <p className="jp-CellMonitor-soft">
          {trans.__('You are in no class here. If you should be, ask your teacher to add you.')}
        </p>
      )}
    </>
  );
}

interface IClassChoiceProps {
  classes: ClassRole[];
  choose: (classId: string | null) => Promise<void>;
  trans: TranslationBundle;
}

function ClassChoice({ classes, choose, trans }: IClassChoiceProps): React.ReactElement {
  const [chosen, setChosen] = useState(classes[0].class_id);
  return (
    <form
      className="jp-CellMonitor-choice"
      onSubmit={event => {
        event.preventDefault();
        void choose(chosen);
      }}
    >
      <select
        aria-label={trans.__('Class')}
        value={chosen}
        onChange={event => setChosen(event.target.value)}
      >
        {classes.map(({ class_id: id, title }) => (
          <option key={id} value={id}>
            {title || id}
          </option>
        ))}
      </select>
      <button type="submit">{trans.__('Record for this class')}</button>
    </form>
  );
}

function nameOf(path: string): string {
  return (
    path
      .split('/')
      .pop()
      ?.replace(/\.ipynb$/, '') ?? path
  );
}

/** "What is recorded", in plain words. It says what `recorder.ts` sends: change both together. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

interface IRecordedProps {
  isPersisted: boolean;
  isOpen: boolean;
  onToggle: (isOpen: boolean) => void;
  trans: TranslationBundle;
}

export function RecordedSection(props: IRecordedProps): React.ReactElement {
  const { isPersisted, isOpen, onToggle, trans } = props;
  return (
    <section className="jp-CellMonitor-what">
      <details open={isOpen} onToggle={event => onToggle(event.currentTarget.open)}>
        <summary>
          <h2>{trans.__('What is recorded')}</h2>
        </summary>
        <p>{trans.__('Only in notebooks of your classes, when you open them or run a cell:')}</p>
        <ul>
          <li>{trans.__('the code of the cells that you run, and their outputs')}</li>
          <li>{trans.__('errors, with the whole message')}</li>
          <li>{trans.__('when each run started and ended')}</li>
          <li>
            {trans.__(
              'the path of the notebook, what its file says about the assignment, and which cells it has'
            )}
          </li>
          <li>{trans.__('your user name')}</li>
        </ul>
        <p>
          {trans.__(
            'The teachers and assistants of the class can see it. Other notebooks, files, and what you write without running it are not recorded.'
          )}
        </p>
        <p className="jp-CellMonitor-soft">
          {trans.__('Until it is sent, it is kept in this browser under your user name.')}{' '}
          {isPersisted
            ? trans.__('The browser has agreed to keep it.')
            : trans.__(
                'The browser may delete it when the disk is full, and a private window forgets it when it is closed.'
              )}
        </p>
      </details>
    </section>
  );
}

/** What the sidebar shows of a model. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { lossTexts, sendingText } from '../sending_texts';
import { PRODUCT } from '../translation';
import { useCalm } from './calm';
import type { PanelModel } from './model';
import { NotebookSection, titleOf } from './notebook';
import { RecordedSection } from './recorded';
import { Footer, SendingSection } from './sending';

interface IPanelViewProps {
  model: PanelModel;
  trans: TranslationBundle;
  showRecorded: () => void;
}

/** A view of a model as it is now; its owner renders it again when the model changes. */
export function PanelView({ model, trans, showRecorded }: IPanelViewProps): React.ReactElement {
  const sending = useCalm(model.sending);
  const { recording } = model;
  const isRefused = ['no_service', 'refused', 'elsewhere'].includes(sending.state);
  const isOff = isRefused && sending.waiting === 0;
  const choose = (classId: string | null): Promise<void> => model.choose(classId);
  const send = (): Promise<void> => model.send();
  return (
    <>
      <header>
        <h1>{PRODUCT}</h1>
        {recording?.classId && !isOff && <span>{titleOf(recording)}</span>}
      </header>
      <div className="jp-CellMonitor-body">
        <NotebookSection {...{ recording, progress: model.progress, isOff, choose, trans }} />
        <SendingSection
          {...{ sending, storage: model.storage, send, trans }}
          signIn={() => model.signIn()}
          save={() => model.save()}
        />
        <RecordedSection
          isPersisted={model.storage.isPersisted}
          isOpen={model.isRecordedOpen}
          onToggle={isOpen => model.openRecorded(isOpen)}
          trans={trans}
        />
      </div>
      <p role="status" className="jp-CellMonitor-announcement">
        {[sendingText(sending, trans).advice, ...lossTexts(sending, trans).map(t => t.label)].join(
          ' '
        )}
      </p>
      <Footer {...{ sending, send, showRecorded, trans }} />
    </>
  );
}

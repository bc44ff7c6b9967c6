/** The sidebar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import React from 'react';

import { cellMonitorIcon } from '../icon';
import { sendingText } from '../sending_texts';
import { useCalm } from './calm';
import type { PanelModel } from './model';
import { NotebookSection, titleOf } from './notebook';
import { RecordedSection } from './recorded';
import { Footer, SendingSection } from './sending';

/** Shows a model; JupyterLab finds it by `CellMonitorPanel.ID`. */
export class CellMonitorPanel extends VDomRenderer<PanelModel> {
  static readonly ID = 'jp-CellMonitor-panel';

  constructor(
    model: PanelModel,
    private readonly _trans: TranslationBundle
  ) {
    super(model);
    this.id = CellMonitorPanel.ID;
    this.addClass('jp-CellMonitor');
    this.title.icon = cellMonitorIcon;
    this.title.caption = this._trans.__('Cell Monitor');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this._trans.__('Cell Monitor'));
    this.node.tabIndex = -1;
  }

  /** Unfold "What is recorded" and go there. */
  showRecorded(): void {
    this.model.openRecorded(true);
    void this.renderPromise?.then(() => {
      const summary = this.node.querySelector<HTMLElement>('summary');
      summary?.focus();
      summary?.scrollIntoView({ block: 'nearest' });
    });
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  protected override render(): React.ReactElement {
    return (
      <PanelView model={this.model} trans={this._trans} showRecorded={() => this.showRecorded()} />
    );
  }
}

interface IPanelViewProps {
  model: PanelModel;
  trans: TranslationBundle;
  showRecorded: () => void;
}

/** A view of a model as it is now; its owner renders it again when the model changes. */
export function PanelView({ model, trans, showRecorded }: IPanelViewProps): React.ReactElement {
  const sending = useCalm(model.sending);
  const { recording } = model;
  const choose = (classId: string | null): Promise<void> => model.choose(classId);
  const send = (): Promise<void> => model.send();
  return (
    <>
      <header>
        <h1>Cell Monitor</h1>
        {recording?.classId && <span>{titleOf(recording)}</span>}
      </header>
      <div className="jp-CellMonitor-body">
        <NotebookSection {...{ recording, progress: model.progress, choose, trans }} />
        <SendingSection {...{ sending, send, signIn: () => model.signIn(), trans }} />
        <RecordedSection
          isOpen={model.isRecordedOpen}
          onToggle={isOpen => model.openRecorded(isOpen)}
          trans={trans}
        />
      </div>
      <p role="status" className="jp-CellMonitor-announcement">
        {sendingText(sending, trans).advice}
      </p>
      <Footer {...{ sending, send, showRecorded, trans }} />
    </>
  );
}

/** The status bar's item: whether all is sent. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import React from 'react';

import type { ISendingState } from './delivery';
import { useCalm } from './panel/calm';
import type { PanelModel } from './panel/model';
import { sendingText } from './sending_texts';

/** Shows a model's state of sending; a click opens the panel. */
export class StatusItem extends VDomRenderer<PanelModel> {
  constructor(
    model: PanelModel,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super(model);
    this.addClass('jp-mod-highlighted');
    this.addClass('jp-CellMonitor-statusItem');
  }

  protected override render(): React.ReactElement {
    return (
      <StatusView sending={this.model.sending} trans={this._trans} open={() => this._open()} />
    );
  }
}

interface IStatusViewProps {
  sending: ISendingState;
  trans: TranslationBundle;
  open: () => void;
}

export function StatusView({ sending, trans, open }: IStatusViewProps): React.ReactElement {
  const calm = useCalm(sending);
  const { label, advice, tone } = sendingText(calm, trans);
  const name = trans.__('Cell Monitor');
  return (
    <button
      type="button"
      title={`${name}: ${advice}`}
      aria-label={`${name}: ${label}`}
      data-state={sending.state}
      data-waiting={sending.waiting}
      onClick={open}
    >
      <i className="jp-CellMonitor-dot" data-tone={tone} aria-hidden="true" />
      {label}
    </button>
  );
}

/** What the status bar shows of the state of sending. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ISendingState } from '../delivery';
import { sendingText } from '../sending_texts';
import { PRODUCT } from '../translation';
import { useCalm } from './calm';

interface IStatusViewProps {
  sending: ISendingState;
  trans: TranslationBundle;
  open: () => void;
}

export function StatusView({ sending, trans, open }: IStatusViewProps): React.ReactElement {
  const calm = useCalm(sending);
  const { label, advice, tone } = sendingText(calm, trans);
  return (
    <button
      type="button"
      title={`${PRODUCT}: ${advice}`}
      aria-label={`${PRODUCT}: ${label}`}
      data-state={sending.state}
      data-waiting={sending.waiting}
      onClick={open}
    >
      <i className="jp-CellMonitor-dot" data-tone={tone} aria-hidden="true" />
      {label}
    </button>
  );
}

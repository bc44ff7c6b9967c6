/** The connection: a section when there is something to say, and the footer. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ISendingState } from '../delivery';
import { sendingText } from '../sending_texts';

interface ISendingProps {
  sending: ISendingState;
  send: () => Promise<void>;
  trans: TranslationBundle;
}

export function SendingSection(
  props: ISendingProps & { signIn: () => void }
): React.ReactElement | null {
  const { sending, trans } = props;
  const { advice, label, tone } = sendingText(sending, trans);
  if (sending.state === 'sent' && sending.rejectedCount === 0) {
    return null;
  }
  return (
    <section aria-labelledby="jp-CellMonitor-sending">
      <h2 id="jp-CellMonitor-sending">{trans.__('Sending')}</h2>
      {sending.state !== 'sent' && (
        <div className="jp-CellMonitor-note" data-tone={tone}>
          <b>{label}</b>
          <p>{advice}</p>
          {sending.lastContact && (
            <p className="jp-CellMonitor-soft">
              {trans.__('Last contact: %1', timeOf(sending.lastContact))}
            </p>
          )}
        </div>
      )}
      {sending.rejectedCount > 0 && <Rejected sending={sending} trans={trans} />}
      <Actions {...props} />
    </section>
  );
}

/** Hours and minutes, as the page's language (which JupyterLab sets) writes them. */
function timeOf(date: Date): string {
  const language = document.documentElement.lang.replace('_', '-') || undefined;
  return date.toLocaleTimeString(language, { hour: 'numeric', minute: '2-digit' });
}

/** In another person's server there is nothing to try. */
function canTryAgain({ state }: ISendingState): boolean {
  return state !== 'sent' && state !== 'elsewhere';
}

function Actions(props: ISendingProps & { signIn: () => void }): React.ReactElement {
  const { sending, send, signIn, trans } = props;
  return (
    <>
      {sending.state === 'signed_out' && (
        <button type="button" className="jp-mod-accept" onClick={signIn}>
          {trans.__('Sign in again')}
        </button>
      )}
      {sending.waiting > 0 && (
        <button type="button" onClick={() => void send()}>
          {trans.__('Send now')}
        </button>
      )}
      {sending.waiting === 0 && canTryAgain(sending) && (
        <button type="button" onClick={() => void send()}>
          {trans.__('Try again')}
        </button>
      )}
    </>
  );
}

function Rejected(props: { sending: ISendingState; trans: TranslationBundle }): React.ReactElement {
  const { rejectedCount, lastRejection } = props.sending;
  const { trans } = props;
  return (
    <div className="jp-CellMonitor-note" data-tone="problem">
      <b>{trans._n('%1 record was not accepted', '%1 records were not accepted', rejectedCount)}</b>
      <p>
        {trans.__(
          'Your notebook itself is not affected. Tell your teacher, so that the cause can be found.'
        )}
      </p>
      {lastRejection && (
        <p className="jp-CellMonitor-soft">
          <code>{lastRejection.code}</code> {lastRejection.detail}
        </p>
      )}
    </div>
  );
}

interface IFooterProps extends ISendingProps {
  showRecorded: () => void;
}

export function Footer({ sending, send, showRecorded, trans }: IFooterProps): React.ReactElement {
  const { label, tone } = sendingText(sending, trans);
  return (
    <footer data-state={sending.state} data-waiting={sending.waiting}>
      <i className="jp-CellMonitor-dot" data-tone={tone} aria-hidden="true" />
      <span>{label}</span>
      {canTryAgain(sending) ? (
        <button type="button" onClick={() => void send()}>
          {sending.waiting > 0 ? trans.__('Send now') : trans.__('Try again')}
        </button>
      ) : (
        <button type="button" onClick={showRecorded}>
          {trans.__('What is recorded')}
        </button>
      )}
    </footer>
  );
}

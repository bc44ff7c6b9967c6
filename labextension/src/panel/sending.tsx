/** How sending stands: what waits, what was sent, what is wrong and what to do; and the footer. */

import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ISendingState } from '../delivery';
import { lossTexts, sendingText } from '../sending_texts';
import type { IStorageState } from '../storage';

interface ISendingProps {
  sending: ISendingState;
  send: () => Promise<void>;
  trans: TranslationBundle;
}

interface ISectionProps extends ISendingProps {
  storage: IStorageState;
  signIn: () => void;
  save: () => Promise<void>;
}

export function SendingSection(props: ISectionProps): React.ReactElement {
  const { sending, storage, trans } = props;
  const { advice, label, tone } = sendingText(sending, trans);
  const isRecording = sending.state !== 'elsewhere';
  return (
    <section aria-labelledby="jp-CellMonitor-sending">
      <h2 id="jp-CellMonitor-sending">{trans.__('Sending')}</h2>
      {sending.state !== 'sent' && (
        <div className="jp-CellMonitor-note" data-tone={tone}>
          <b>{label}</b>
          <p>{advice}</p>
        </div>
      )}
      {lossTexts(sending, trans).map(text => (
        <div key={text.label} className="jp-CellMonitor-note" data-tone="problem">
          <b>{text.label}</b>
          <p>{text.advice}</p>
          {text.reason && <p className="jp-CellMonitor-soft">{text.reason}</p>}
        </div>
      ))}
      {isRecording && storage.mayVanish && <MayVanish trans={trans} />}
      {isRecording && <Facts {...props} />}
      {isRecording && <Actions {...props} />}
    </section>
  );
}

function MayVanish({ trans }: { trans: TranslationBundle }): React.ReactElement {
  return (
    <div className="jp-CellMonitor-note" data-tone="waiting">
      <b>{trans.__('This browser may delete what waits')}</b>
      <p>
        {trans.__(
          'This looks like a private window, or there is little room. Do not close the browser before all is sent.'
        )}
      </p>
    </div>
  );
}

/** What is always good to know. */
function Facts({ sending, trans }: ISectionProps): React.ReactElement {
  const { waiting, sentToday, lastContact } = sending;
  const facts: [string, string][] = [
    [trans.__('Waiting'), String(waiting)],
    [trans.__('Sent today'), String(sentToday)],
    [trans.__('Last contact'), lastContact ? momentOf(lastContact) : trans.__('none yet')]
  ];
  return (
    <dl className="jp-CellMonitor-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The time, with the day if that was another one, as the page's language writes them. */
function momentOf(date: Date): string {
  const language = document.documentElement.lang.replace('_', '-') || undefined;
  const isToday = date.toDateString() === new Date().toDateString();
  return formatOf(language, isToday).format(date);
}

/** To make one takes longer than all else that the sidebar draws. */
function formatOf(language: string | undefined, isToday: boolean): Intl.DateTimeFormat {
  const key = `${language} ${isToday}`;
  let format = FORMATS.get(key);
  if (format === undefined) {
    const day = isToday ? {} : ({ month: 'numeric', day: 'numeric' } as const);
    format = new Intl.DateTimeFormat(language, { ...day, hour: 'numeric', minute: '2-digit' });
    FORMATS.set(key, format);
  }
  return format;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** In another person's server there is nothing to try. */
function canTryAgain({ state }: ISendingState): boolean {
  return state !== 'sent' && state !== 'elsewhere';
}

function Actions(props: ISectionProps): React.ReactElement {
  const { sending, send, save, signIn, trans } = props;
  const { waiting, rejectedCount } = sending;
  return (
    <>
      {sending.state === 'signed_out' && (
        <button type="button" className="jp-mod-accept" onClick={signIn}>
          {trans.__('Sign in again')}
        </button>
      )}
      {waiting > 0 && (
        <button type="button" onClick={() => void send()}>
          {trans.__('Send now')}
        </button>
      )}
      {waiting === 0 && canTryAgain(sending) && (
        <button type="button" onClick={() => void send()}>
          {trans.__('Try again')}
        </button>
      )}
      {(waiting > 0 || rejectedCount > 0) && (
        <button type="button" onClick={() => void save()}>
          {trans.__('Save as a file')}
        </button>
      )}
    </>
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

/** What the state of sending means to a student, and what to do. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISendingState } from './delivery';

/** `label` is for a small place; `advice` says what happened, what is safe and what to do. */
export interface ISendingText {
  label: string;
  advice: string;
  tone: 'done' | 'waiting' | 'problem' | 'off';
}

/** The texts for a state. */
export function sendingText(state: ISendingState, trans: TranslationBundle): ISendingText {
  switch (state.state) {
    case 'sent':
      return {
        label: trans.__('All sent'),
        advice: trans.__('Everything that was recorded has been sent.'),
        tone: 'done'
      };
    case 'waiting':
      return waitingText(state, trans);
    case 'signed_out':
      return {
        label: state.waiting > 0 ? signedOutLabel(state, trans) : trans.__('Signed out'),
        advice: trans.__(
          'Your login has ended. Nothing is lost: what waits is sent when you have signed in again.'
        ),
        tone: 'problem'
      };
    case 'refused':
      return {
        label: trans.__('Not recorded here'),
        advice: trans.__(
          'The Cell Monitor takes records from the owner of this Jupyter server only. Work in your own server to have your work recorded.'
        ),
        tone: 'off'
      };
    case 'elsewhere':
      return {
        label: trans.__('Not recorded here'),
        advice: trans.__(
          'This is another person’s Jupyter server. Nothing that you do here is recorded. To have your work recorded, work in your own server.'
        ),
        tone: 'off'
      };
    case 'no_service':
      return {
        label: trans.__('No Cell Monitor service'),
        advice: trans.__(
          'There is no Cell Monitor service here, so nothing reaches a teacher. If you expected one, tell the person who runs this server.'
        ),
        tone: 'off'
      };
  }
}

function waitingText(state: ISendingState, trans: TranslationBundle): ISendingText {
  const { waiting, trouble } = state;
  if (trouble === 'offline') {
    return {
      label: trans._n('%1 waiting (offline)', '%1 waiting (offline)', waiting),
      advice: trans.__(
        'There is no connection. You can go on working: your records are safe in this browser and are sent when the connection is back.'
      ),
      tone: 'waiting'
    };
  }
  return {
    label: trans._n('%1 waiting', '%1 waiting', waiting),
    advice:
      trouble === 'unavailable'
        ? trans.__(
            'The Cell Monitor does not answer at the moment. You can go on working: your records are safe in this browser and are sent by themselves later.'
          )
        : trans.__('Your records are being sent.'),
    tone: 'waiting'
  };
}

function signedOutLabel({ waiting }: ISendingState, trans: TranslationBundle): string {
  return trans._n('Signed out, %1 waiting', 'Signed out, %1 waiting', waiting);
}

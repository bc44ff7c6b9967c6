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
        advice:
          state.memoryCount === 0
            ? trans.__(
                'Your login has ended. Nothing is lost: what waits is sent when you have signed in again.'
              )
            : trans.__('Your login has ended. What waits is sent when you have signed in again.'),
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
  return {
    label:
      trouble === 'offline'
        ? trans._n('%1 waiting (offline)', '%1 waiting (offline)', waiting)
        : trans._n('%1 waiting', '%1 waiting', waiting),
    advice: waitingAdvice(state, trans),
    tone: 'waiting'
  };
}

/** Only what is on the disk is called safe. */
function waitingAdvice({ trouble, memoryCount }: ISendingState, trans: TranslationBundle): string {
  const isSafe = memoryCount === 0;
  switch (trouble) {
    case 'offline':
      return isSafe
        ? trans.__(
            'There is no connection. You can go on working: your records are safe in this browser and are sent when the connection is back.'
          )
        : trans.__(
            'There is no connection. You can go on working: your records are sent when the connection is back.'
          );
    case 'unavailable':
      return isSafe
        ? trans.__(
            'The Cell Monitor does not answer at the moment. You can go on working: your records are safe in this browser and are sent by themselves later.'
          )
        : trans.__(
            'The Cell Monitor does not answer at the moment. You can go on working: your records are sent by themselves later.'
          );
    default:
      return trans.__('Your records are being sent.');
  }
}

function signedOutLabel({ waiting }: ISendingState, trans: TranslationBundle): string {
  return trans._n('Signed out, %1 waiting', 'Signed out, %1 waiting', waiting);
}

/** Records that the service does not get, or may not get, and why. */
export interface ILossText {
  label: string;
  advice: string;
  reason?: string;
}

/** The texts for what is in this tab alone, was refused, given up or could not be kept. */
export function lossTexts(state: ISendingState, trans: TranslationBundle): ILossText[] {
  const { memoryCount, rejectedCount, fullCount, notKeptCount } = state;
  const safe = trans.__('Your notebook itself is not affected.');
  const advice = `${safe} ${trans.__('Your teacher can see how many records are missing.')}`;
  const full = trans._n(
    '%1 record was given up, because too many were waiting',
    '%1 records were given up, because too many were waiting',
    fullCount
  );
  const notKept = trans._n(
    '%1 record could not be kept in this browser',
    '%1 records could not be kept in this browser',
    notKeptCount
  );
  return [
    ...(memoryCount > 0 ? [memoryText(memoryCount, trans)] : []),
    ...(rejectedCount > 0 ? [rejectedText(state, trans)] : []),
    ...(fullCount > 0 ? [{ label: full, advice }] : []),
    ...(notKeptCount > 0 ? [{ label: notKept, advice }] : [])
  ];
}

function memoryText(memoryCount: number, trans: TranslationBundle): ILossText {
  return {
    label: trans._n(
      '%1 record is in this tab alone',
      '%1 records are in this tab alone',
      memoryCount
    ),
    advice: trans.__(
      'This browser cannot save them, for example because the disk is full. Keep this tab open until all are sent, and free some disk space.'
    )
  };
}

function rejectedText(state: ISendingState, trans: TranslationBundle): ILossText {
  const { rejectedCount, lastRejection } = state;
  return {
    label: trans._n('%1 record was not accepted', '%1 records were not accepted', rejectedCount),
    advice: trans.__(
      'Your notebook itself is not affected. Tell your teacher, so that the cause can be found.'
    ),
    reason: lastRejection ? `${lastRejection.code}: ${lastRejection.detail}` : undefined
  };
}

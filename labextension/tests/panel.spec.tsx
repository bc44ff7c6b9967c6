import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import React, { useEffect, useReducer } from 'react';

import type { PanelModel } from '../src/panel/model';
import { PanelView } from '../src/panel/view';
import { FakePanel, RECORDED } from './fakes/panel';

const trans = nullTranslator.load('test');

/** As the widget does: render again when the model changes. */
function Follow({ model, showRecorded }: { model: PanelModel; showRecorded: () => void }) {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    model.stateChanged.connect(again);
    return () => void model.stateChanged.disconnect(again);
  }, [model]);
  return <PanelView {...{ model, trans, showRecorded }} />;
}

describe('the sidebar', () => {
  let panel: FakePanel;
  let shown: number;

  beforeEach(() => {
    jest.useFakeTimers();
    panel = new FakePanel();
    shown = 0;
    render(<Follow model={panel.model} showRecorded={() => void (shown += 1)} />);
  });

  afterEach(() => jest.useRealTimers());

  const send = (state: Parameters<FakePanel['sender']['show']>[0]): void =>
    act(() => panel.sender.show(state));

  it('says for which class the notebook in front is recorded', () => {
    expect(screen.getByText('Recorded for Python 入門')).toBeTruthy();
    expect(screen.getByText('02-条件分岐')).toBeTruthy();
    expect(within(screen.getByRole('banner')).getByText('Python 入門')).toBeTruthy();
  });

  it('moves the bar as cells are done, and tells a screen reader the numbers', () => {
    const bar = screen.getByRole('progressbar', { name: 'Cells done' });
    expect(bar.getAttribute('aria-valuenow')).toBe('8');
    act(() => {
      panel.progress.current = { completed: 13, total: 14 };
      panel.progress.changed.emit();
    });
    expect(bar.getAttribute('aria-valuenow')).toBe('13');
    expect(bar.getAttribute('aria-valuetext')).toBe('13 of 14 cells done');
    expect(screen.getByText('1 cell to go')).toBeTruthy();
  });

  it('shows how many cells are running', () => {
    act(() => panel.recorder.show({ ...RECORDED, runningCells: 2 }));
    expect(screen.getByText('6 cells to go · 2 cells running')).toBeTruthy();
  });

  it('shows no bar where nothing is known of the progress', () => {
    act(() => {
      panel.progress.current = null;
      panel.progress.changed.emit();
    });
    expect(screen.queryByRole('progressbar')).toBeNull();
  });

  it('lets a student choose a class for a notebook of none', () => {
    act(() => panel.recorder.show({ ...RECORDED, classId: null, reason: 'none' }));
    expect(screen.getByText('Not recorded')).toBeTruthy();
    expect(screen.queryByRole('progressbar')).toBeNull();
    fireEvent.change(screen.getByRole('combobox', { name: 'Class' }), {
      target: { value: 'statistics' }
    });
    fireEvent.click(screen.getByRole('button', { name: 'Record for this class' }));
    expect(panel.recorder.chosen).toEqual([[RECORDED.path, 'statistics']]);
  });

  it('lets a student take back their own choice, and only that', () => {
    expect(screen.queryByRole('button', { name: /Stop/ })).toBeNull();
    act(() => panel.recorder.show({ ...RECORDED, reason: 'choice' }));
    fireEvent.click(screen.getByRole('button', { name: 'Stop recording this notebook' }));
    expect(panel.recorder.chosen).toEqual([[RECORDED.path, null]]);
  });

  it('tells a student of no class what to do', () => {
    const recording = { ...RECORDED, classId: null, reason: 'none' as const, classes: [] };
    act(() => panel.recorder.show(recording));
    expect(screen.getByText(/ask your teacher/)).toBeTruthy();
  });

  it('does not call a notebook unrecorded before it knows', () => {
    act(() => panel.recorder.show({ ...RECORDED, classId: null, reason: 'unknown' }));
    expect(screen.queryByText('Not recorded')).toBeNull();
  });

  it('says what to do where no notebook is open', () => {
    act(() => panel.recorder.show(null));
    expect(screen.getByText(/Open a notebook of your class/)).toBeTruthy();
  });

  it('stays calm while records are sent within a moment, and speaks up after it', () => {
    send({ state: 'waiting', waiting: 3 });
    expect(screen.getByText('All sent')).toBeTruthy();
    act(() => jest.advanceTimersByTime(1_500));
    expect(screen.getAllByText('3 waiting').length).toBeGreaterThan(0);
    send({ state: 'sent' });
    send({ state: 'waiting', waiting: 1 });
    expect(screen.getByText('All sent')).toBeTruthy();
  });

  it('says at once that it is offline, that nothing is lost, and sends on request', () => {
    send({ state: 'waiting', waiting: 12, trouble: 'offline' });
    expect(screen.getAllByText('12 waiting (offline)')).toHaveLength(2);
    expect(screen.getByRole('status').textContent).toMatch(/safe in this browser/);
    screen.getAllByRole('button', { name: 'Send now' }).forEach(button => fireEvent.click(button));
    expect(panel.sender.flushes).toBe(2);
  });

  it('offers the login where it is lost', () => {
    send({ state: 'signed_out', waiting: 2, trouble: 'signed_out' });
    expect(screen.getByRole('status').textContent).toMatch(/Nothing is lost/);
    fireEvent.click(screen.getByRole('button', { name: 'Sign in again' }));
    expect(panel.signIns).toBe(1);
  });

  it.each([
    ['no_service', /There is no Cell Monitor service here/],
    ['refused', /from the owner of this Jupyter server only/]
  ] as const)('says of %s what it means', (state, sentence) => {
    send({ state, trouble: state });
    expect(screen.getAllByText(sentence).length).toBeGreaterThan(0);
    expect(screen.getByText('Not recorded')).toBeTruthy();
    expect(screen.queryByText(/Recorded for/)).toBeNull();
  });

  it('shows what was not accepted, and why', () => {
    const lastRejection = {
      eventId: 'e',
      code: 'too_large',
      detail: 'An event holds at most 1 byte.',
      field: null,
      rejectedAt: '',
      body: ''
    };
    send({ rejectedCount: 1, lastRejection });
    expect(screen.getByText('1 record was not accepted')).toBeTruthy();
    expect(screen.getByText(/An event holds at most/)).toBeTruthy();
  });

  it('shows how many were given up and why, and tells a screen reader', () => {
    send({ fullCount: 2, notKeptCount: 1 });
    expect(screen.getByText('2 records were given up, because too many were waiting')).toBeTruthy();
    expect(screen.getByText('1 record could not be kept in this browser')).toBeTruthy();
    expect(screen.getByRole('status').textContent).toMatch(/2 records were given up/);
  });

  it('says which records the tab must stay open for, and calls none of them safe', () => {
    send({ state: 'waiting', waiting: 3, memoryCount: 2, trouble: 'offline' });
    expect(screen.getByText('2 records are in this tab alone')).toBeTruthy();
    expect(screen.getByText(/Keep this tab open until all are sent/)).toBeTruthy();
    expect(screen.getByRole('status').textContent).not.toMatch(/safe in this browser/);
  });

  it('does not warn of what is in this tab alone for a moment only', () => {
    send({ state: 'waiting', waiting: 1, memoryCount: 1 });
    expect(screen.queryByText(/in this tab alone/)).toBeNull();
    act(() => jest.advanceTimersByTime(1_500));
    expect(screen.getByText('1 record is in this tab alone')).toBeTruthy();
  });

  it('always shows what waits, what was sent today, and the last contact', () => {
    const lastContact = new Date();
    lastContact.setHours(9, 41);
    send({ sentToday: 57, lastContact });
    const facts = screen
      .getAllByRole('term')
      .map(term => [term.textContent, term.nextElementSibling?.textContent?.replace(/\s/g, ' ')]);
    expect(facts).toEqual([
      ['Waiting', '0'],
      ['Sent today', '57'],
      ['Last contact', expect.stringMatching(/^0?9:41( AM)?$/)]
    ]);
    expect(screen.queryByRole('button', { name: 'Save as a file' })).toBeNull();
  });

  it('tells the day of a contact that was not today', () => {
    send({ lastContact: new Date('2026-04-01T09:41:00') });
    expect(screen.getByText('Last contact').nextElementSibling?.textContent).toMatch(/4\/1/);
  });

  it('saves what waits as a file', () => {
    send({ state: 'waiting', waiting: 2, trouble: 'offline' });
    fireEvent.click(screen.getByRole('button', { name: 'Save as a file' }));
    expect(panel.saves).toBe(1);
  });

  it('warns where the browser may delete what waits', () => {
    expect(screen.queryByText(/may delete/)).toBeNull();
    expect(screen.getByText(/has agreed to keep it/)).toBeTruthy();
    act(() => {
      panel.storage.state = { isPersisted: false, mayVanish: true };
      panel.storage.changed.emit();
    });
    expect(screen.getByText('This browser may delete what waits')).toBeTruthy();
    expect(screen.getByText(/a private window forgets it/)).toBeTruthy();
  });

  it('says what is recorded, folded until it is asked for', () => {
    const details = screen.getByText(/the code of the cells/).closest('details');
    expect(details?.open).toBe(false);
    act(() => panel.model.openRecorded(true));
    expect(details?.open).toBe(true);
    const footer = within(screen.getByRole('contentinfo'));
    fireEvent.click(footer.getByRole('button', { name: 'What is recorded' }));
    expect(shown).toBe(1);
  });

  it('says that nothing is recorded in another person’s server, and offers nothing to try', () => {
    act(() => panel.recorder.show({ ...RECORDED, classId: null, reason: 'none', classes: [] }));
    send({ state: 'elsewhere' });
    act(() => void jest.runAllTimers());
    expect(screen.getAllByText(/Nothing that you do here is recorded/)).not.toHaveLength(0);
    expect(screen.getByText('Not recorded')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
  });
});

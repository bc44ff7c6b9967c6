/** @jest-environment node */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import type { IWritten } from '../src/journal';
import { Leaving } from '../src/leaving';
import { Notifications, tellOfEarlierTab } from '../src/notifications';
import { FakePanel } from './fakes/panel';

jest.mock('@jupyterlab/apputils', () => ({
  Notification: { warning: jest.fn(() => 'id-1'), error: jest.fn(), dismiss: jest.fn() }
}));

const trans = { __: (text: string) => text } as unknown as TranslationBundle;

describe('Notifications', () => {
  let panel: FakePanel;
  let failed: Signal<object, Error>;
  let added: Signal<object, IWritten>;
  let notifications: Notifications;

  beforeEach(() => {
    jest.clearAllMocks();
    panel = new FakePanel();
    failed = new Signal<object, Error>({});
    added = new Signal<object, IWritten>({});
    notifications = new Notifications(panel.model, { failed, added }, trans);
  });

  afterEach(() => notifications.dispose());

  it('tells once that the login has ended while records wait', () => {
    panel.sender.show({ state: 'signed_out', waiting: 1 });
    panel.sender.show({ state: 'signed_out', waiting: 2 });
    expect(Notification.warning).toHaveBeenCalledTimes(1);
  });

  it('says nothing of a lost login while nothing waits', () => {
    panel.sender.show({ state: 'signed_out', waiting: 0 });
    expect(Notification.warning).not.toHaveBeenCalled();
  });

  it('offers the login', () => {
    panel.sender.show({ state: 'signed_out', waiting: 1 });
    const [[, options]] = jest.mocked(Notification.warning).mock.calls;
    options?.actions?.[0].callback({} as MouseEvent);
    expect(panel.signIns).toBe(1);
  });

  it('takes itself back when the student has signed in, and tells again the next time', () => {
    panel.sender.show({ state: 'signed_out', waiting: 1 });
    panel.sender.show({ state: 'sent' });
    expect(Notification.dismiss).toHaveBeenCalledWith('id-1');
    panel.sender.show({ state: 'signed_out', waiting: 1 });
    expect(Notification.warning).toHaveBeenCalledTimes(2);
  });

  it('tells once in a while that the browser keeps no records', () => {
    failed.emit(new Error('full'));
    failed.emit(new Error('full'));
    expect(Notification.error).toHaveBeenCalledTimes(1);
  });

  it('takes that back when the browser keeps records again, and none is in this tab alone', () => {
    jest.mocked(Notification.error).mockReturnValue('id-2');
    const written = (key: number): void => {
      const events = [{ key, eventId: 'e', body: '{}', bytes: 2 }];
      added.emit({ events, isMoreToCome: false });
    };
    failed.emit(new Error('full'));
    written(-1);
    panel.sender.show({ state: 'waiting', waiting: 1, memoryCount: 1 });
    written(1);
    expect(Notification.dismiss).not.toHaveBeenCalled();
    panel.sender.show({ state: 'sent', waiting: 0, memoryCount: 0 });
    written(2);
    expect(Notification.dismiss).toHaveBeenCalledWith('id-2');
  });

  it('does not say that nothing is lost where that depends on this tab', () => {
    panel.sender.show({ state: 'signed_out', waiting: 1, memoryCount: 1 });
    const [[text]] = jest.mocked(Notification.warning).mock.calls;
    expect(text).toMatch(/Keep this tab open/);
  });

  it('lets JupyterLab ask before the page goes while records are in this tab alone', () => {
    let marks = 0;
    const mark = { isDisposed: false, dispose: (): void => void (marks -= 1) };
    const leaving = new Leaving(panel.model, { setDirty: () => ((marks += 1), mark) });
    expect(marks).toBe(0);
    panel.sender.show({ state: 'waiting', waiting: 2, memoryCount: 1 });
    panel.sender.show({ state: 'waiting', waiting: 2, memoryCount: 2 });
    expect(marks).toBe(1);
    panel.sender.show({ state: 'sent', waiting: 0, memoryCount: 0 });
    expect(marks).toBe(0);
    panel.sender.show({ state: 'waiting', waiting: 1, memoryCount: 1 });
    leaving.dispose();
    expect(marks).toBe(0);
  });

  it('fits into the 140 characters that JupyterLab shows', () => {
    panel.sender.show({ state: 'signed_out', waiting: 1 });
    failed.emit(new Error('full'));
    tellOfEarlierTab(trans);
    const texts = [Notification.warning, Notification.error].flatMap(tell =>
      jest.mocked(tell).mock.calls.map(([text]) => text)
    );
    expect(texts).toHaveLength(3);
    texts.forEach(text => expect(text.length).toBeLessThanOrEqual(140));
  });
});

import 'fake-indexeddb/auto';

import { Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import { IDBFactory } from 'fake-indexeddb';

import { databaseName } from '../src/interfaces';
import type { CellMonitorPanel } from '../src/panel/panel';
import { Settings } from '../src/settings';
import { type IStartOptions, start } from '../src/start';
import { FakeContext, FakeKernel, FakeTracker } from './fakes/notebook';
import { cells, PATH } from './fakes/recording';

class FakeChannel {
  postMessage = jest.fn();
  close = jest.fn();
  addEventListener = jest.fn();
}

/** A database as a tab has it that does not let go. */
async function openAt(name: string, version: number): Promise<IDBDatabase> {
  return new Promise(resolve => {
    const opening = indexedDB.open(name, version);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('events', { autoIncrement: true });
      ['rejected', 'counts', 'leases'].forEach(store => opening.result.createObjectStore(store));
    };
    opening.onsuccess = () => resolve(opening.result);
  });
}

describe('In a server', () => {
  let tracker: FakeTracker;
  let sidebar: CellMonitorPanel;
  let running: IDisposable | null = null;
  let older: IDBDatabase | null = null;
  const fetched = jest.fn(() => Promise.reject(new TypeError('no network')));
  const connected = jest.fn();

  const startAs = async (user: string, owner: string): Promise<void> => {
    PageConfig.setOption('hubUser', user);
    PageConfig.setOption('hubServerUser', owner);
    const add = (panel: CellMonitorPanel): void => void (sidebar = panel);
    const shell = { add, activateById: jest.fn() };
    const serviceManager = { serverSettings: { WebSocket } };
    const commands = new CommandRegistry();
    const app = { shell, commands, serviceManager, restored: Promise.resolve() };
    running = await start({
      app,
      tracker: tracker.asTracker(),
      settings: await Settings.load(null, ''),
      trans: nullTranslator.load('test'),
      palette: null,
      statusBar: null
    } as unknown as IStartOptions);
  };

  beforeEach(() => {
    globalThis.indexedDB = new IDBFactory();
    globalThis.fetch = fetched;
    const absent = jest.fn();
    Object.assign(globalThis, { Request: absent, Headers: absent });
    globalThis.requestIdleCallback = jest.fn();
    globalThis.BroadcastChannel = FakeChannel as unknown as typeof BroadcastChannel;
    globalThis.WebSocket = connected as unknown as typeof WebSocket;
    [fetched, connected].forEach(mock => mock.mockClear());
    tracker = new FakeTracker();
  });

  afterEach(() => {
    older?.close();
    running?.dispose();
    running = null;
    ['hubUser', 'hubServerUser'].forEach(name => PageConfig.setOption(name, ''));
  });

  it('of somebody else nothing is kept, sent or asked, and the sidebar says so', async () => {
    await startAs('student-01', 'student-02');
    const kernel = new FakeKernel('kernel-1');
    tracker.open(new FakeContext(PATH, cells, kernel));
    kernel.run('cell-1');
    expect(sidebar.model.sending.state).toBe('elsewhere');
    expect(sidebar.model.recording).toMatchObject({ path: PATH, classId: null, reason: 'none' });
    await sidebar.model.send();
    expect(await indexedDB.databases()).toEqual([]);
    expect(fetched).not.toHaveBeenCalled();
    expect(connected).not.toHaveBeenCalled();
  });

  it('whose browser keeps no data the student is told that nothing is recorded', async () => {
    const told = jest.spyOn(Notification, 'error').mockReturnValue('');
    const refused = new DOMException('A private window.', 'InvalidStateError');
    jest.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw refused;
    });
    await expect(startAs('student-01', 'student-01')).rejects.toBe(refused);
    expect(told).toHaveBeenCalledWith(expect.stringMatching(/cannot keep/), { autoClose: false });
    told.mockRestore();
  });

  it('a database that a tab of an earlier release holds is waited for, and the student told', async () => {
    const told = jest.spyOn(Notification, 'warning');
    const isTold = new Promise<void>(resolve => {
      told.mockImplementation(() => (resolve(), 'id-1'));
    });
    const withdrawn = jest.spyOn(Notification, 'dismiss').mockReturnValue(undefined);
    older = await openAt(databaseName(PageConfig.getBaseUrl(), 'student-01'), 1);
    const started = startAs('student-01', 'student-01');
    await isTold;
    expect(told).toHaveBeenCalledWith(expect.stringMatching(/another tab/), { autoClose: false });
    older?.close();
    await started;
    expect(withdrawn).toHaveBeenCalledWith('id-1');
    [told, withdrawn].forEach(spy => spy.mockRestore());
  });

  it.each([
    ['of one’s own', 'student-01'],
    ['whose owner is not known', '']
  ])('%s the records have their database', async (_, owner) => {
    await startAs('student-01', owner);
    expect(await indexedDB.databases()).not.toEqual([]);
  });
});

/** Builds the parts of the extension and joins them. */

import type { ILabStatus, JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { ServiceManager } from '@jupyterlab/services';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, DisposableSet, type IDisposable } from '@lumino/disposable';

import { MEGABYTE } from './bounds';
import { atMost, systemClock } from './clock';
import type { Me } from './contract';
import { isElsewhere, partsElsewhere } from './elsewhere';
import { idSource } from './ids';
import { databaseName } from './interfaces';
import { Listener } from './listening';
import { Notice, notifyNotKept, tellOfEarlierTab } from './notifications';
import { OpenPages } from './pages';
import { EventQueue } from './queue';
import { Recorder } from './recorder';
import { request } from './request';
import type { ILoad } from './room';
import { Sender } from './sender';
import type { Settings } from './settings';
import { UpdateSocket } from './socket';
import { StorageCare } from './storage';
import { RecorderStore } from './store';
import { addUi } from './ui';
import { startWorker } from './worker';

// With code, error and ids it stays below the 256 KiB of an event.
const MAX_OUTPUT_BYTES = 128 * 1024;

// The notebook that the page's address names may be opened after the others are back.
const OPENED_MS = 10_000;

// For so long JupyterLab waits with its notebooks, where a run was going on as the page was left.
const LISTENING_MS = 2_000;
const NEVER = new AbortController().signal;

// The server extension gives up on the service after 20 s.
const ME_TIMEOUT_MS = 30_000;

/** What JupyterLab gives. */
export interface IStartOptions {
  app: JupyterFrontEnd;
  tracker: INotebookTracker;
  settings: Settings;
  trans: TranslationBundle;
  palette: ICommandPalette | null;
  statusBar: IStatusBar | null;
  labStatus: ILabStatus | null;
}

/** Record, send and show, until the returned object is disposed; elsewhere only show. */
export async function start(options: IStartOptions): Promise<IDisposable> {
  if (isElsewhere()) {
    const parts = partsElsewhere(options.tracker);
    const shown = addUi({ ...options, ...parts });
    return DisposableSet.from([shown, asDisposable(parts.recorder), asDisposable(parts.sender)]);
  }
  return record(options);
}

async function record(options: IStartOptions): Promise<IDisposable> {
  const { app, settings } = options;
  const name = databaseName(hubUrl(), await userName(app.serviceManager));
  const { queue, store } = await openStores(name, options.trans);
  const server = app.serviceManager.serverSettings;
  const newId = idSource();
  const pages = new OpenPages(`${name}:pages`, newId());
  const recorder = await Recorder.create({
    tracker: options.tracker,
    sink: queue,
    runs: queue.runs,
    listen: (...given) => new Listener(...given, { settings: server, clock: systemClock }),
    store,
    pages,
    source: { newId, now: () => new Date() },
    sizes: () => ({ mimeBytes: settings.maxOutputBytes, outputBytes: MAX_OUTPUT_BYTES }),
    restored: app.restored.then(() => systemClock.sleep(OPENED_MS, NEVER))
  });
  // The first to connect gets what the server has kept for the client that is gone.
  await atMost(LISTENING_MS, recorder.listening);
  const connect = async (): Promise<string> => {
    const me = await request<Me>('me', { signal: AbortSignal.timeout(ME_TIMEOUT_MS) });
    recorder.setMe(me);
    return me.name;
  };
  const sender = new Sender({ queue, connect, intervalMs: settings.batchIntervalMs });
  const takeSettings = (): void => {
    sender.intervalMs = settings.batchIntervalMs;
    queue.limits = limitsOf(settings);
  };
  takeSettings();
  settings.changed.connect(takeSettings);
  const storage = new StorageCare(navigator.storage, queue.leases, pages.id);
  queue.added.connect(() => void storage.ask());
  const socket = new UpdateSocket();
  const ui = addUi({ ...options, recorder, queue, sender, socket, storage });
  const disconnect = new DisposableDelegate(() => settings.changed.disconnect(takeSettings));
  const parts = [ui, disconnect, socket, sender, asDisposable(recorder), pages];
  const stores = [storage, store, queue].map(asDisposable);
  return DisposableSet.from([...parts, ...stores]);
}

async function openStores(
  name: string,
  trans: TranslationBundle
): Promise<{ queue: EventQueue; store: RecorderStore }> {
  const waiting = new Notice();
  const onBlocked = (): void => waiting.show(() => tellOfEarlierTab(trans));
  try {
    const [queue, store] = await Promise.all([
      EventQueue.open(name, startWorker, onBlocked),
      RecorderStore.open(name, onBlocked)
    ]);
    return { queue, store };
  } catch (error) {
    notifyNotKept(trans);
    throw error;
  } finally {
    waiting.withdraw();
  }
}

function limitsOf({ maxQueuedEvents, maxQueuedMegabytes }: Settings): ILoad {
  return { count: maxQueuedEvents, bytes: maxQueuedMegabytes * MEGABYTE };
}

/** The Hub's address, or the server's own where there is no Hub. */
function hubUrl(): string {
  const prefix = PageConfig.getOption('hubPrefix');
  return prefix === '' ? PageConfig.getBaseUrl() : PageConfig.getOption('hubHost') + prefix;
}

async function userName(services: ServiceManager.IManager): Promise<string> {
  const hubUser = PageConfig.getOption('hubUser');
  if (hubUser !== '') {
    return hubUser;
  }
  await services.user.ready;
  return services.user.identity?.username ?? '';
}

function asDisposable(part: { dispose(): void }): IDisposable {
  return new DisposableDelegate(() => part.dispose());
}

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IDisposable } from '@lumino/disposable';

import plugin from '../src/index';
import { start } from '../src/start';

// What jsdom cannot load.
jest.mock('@jupyterlab/notebook', () => ({ INotebookTracker: {} }));
jest.mock('../src/start', () => ({ start: jest.fn() }));
jest.mock('../src/settings', () => ({ Settings: { load: async () => ({}) } }));

describe('The plugin', () => {
  const { activate, deactivate } = plugin as unknown as {
    activate: () => Promise<void>;
    deactivate: NonNullable<JupyterFrontEndPlugin<void>['deactivate']>;
  };
  const stop = (): Promise<void> => Promise.resolve(deactivate(null as never));
  const parts = { dispose: jest.fn() } as unknown as IDisposable;

  beforeEach(() => jest.useFakeTimers());

  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('is ready when its parts have started, and takes them away again', async () => {
    jest.mocked(start).mockResolvedValue(parts);
    await activate();
    await stop();
    expect(parts.dispose).toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('lets JupyterLab open where they take long', async () => {
    jest.mocked(start).mockReturnValue(new Promise(() => undefined));
    const activated = activate();
    await jest.advanceTimersByTimeAsync(3_000);
    await activated;
  });

  it('says so where they fail, also later', async () => {
    const logged = jest.spyOn(console, 'error').mockImplementation();
    const error = new Error('no database');
    jest.mocked(start).mockRejectedValue(error);
    await expect(activate()).rejects.toBe(error);
    let fail: (error: Error) => void = () => undefined;
    jest.mocked(start).mockReturnValue(new Promise((_, reject) => (fail = reject)));
    const activated = activate();
    await jest.advanceTimersByTimeAsync(3_000);
    await activated;
    fail(error);
    await stop();
    expect(logged).toHaveBeenCalledWith('Cell Monitor could not start.', error);
  });
});

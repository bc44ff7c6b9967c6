import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

import schema from '../schema/plugin.json';
import { Settings } from '../src/settings';

/** What JupyterLab gives. */
class Stored {
  readonly changed = new Signal<this, void>(this);
  composite: Record<string, unknown> = {};
}

describe('Settings', () => {
  const load = async (stored: Stored): Promise<Settings> => {
    const registry = { load: async () => stored } as unknown as ISettingRegistry;
    return Settings.load(registry, 'plugin');
  };

  it('has the defaults of the schema where JupyterLab keeps no settings', async () => {
    const settings = await Settings.load(null, 'plugin');
    expect({
      batchIntervalMs: settings.batchIntervalMs,
      maxOutputBytes: settings.maxOutputBytes,
      maxQueuedEvents: settings.maxQueuedEvents,
      maxQueuedMegabytes: settings.maxQueuedMegabytes
    }).toEqual(
      Object.fromEntries(
        Object.entries(schema.properties).map(([name, property]) => [name, property.default])
      )
    );
  });

  it('takes what the user has set, and tells when it changes', async () => {
    const stored = new Stored();
    const settings = await load(stored);
    let changes = 0;
    settings.changed.connect(() => (changes += 1));
    stored.composite = { batchIntervalMs: 1_000 };
    stored.changed.emit();
    expect([changes, settings.batchIntervalMs]).toEqual([1, 1_000]);
  });

  it('follows nothing any more when it is disposed', async () => {
    const stored = new Stored();
    const settings = await load(stored);
    let changes = 0;
    settings.changed.connect(() => (changes += 1));
    settings.dispose();
    stored.changed.emit();
    expect(changes).toBe(0);
  });
});

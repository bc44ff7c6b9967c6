/** Leases in the queue's database: what one tab at a time may do. */

import type { QueueConnection } from './database';

/** All tabs of a user share them. Times are in ms since 1970. */
export class Leases {
  constructor(private readonly _connection: QueueConnection) {}

  /** Take or prolong the lease `name` until `until`, unless another owner's still holds. */
  async take(name: string, owner: string, now: number, until: number): Promise<boolean> {
    return this._connection.run(async db => {
      const { store, done } = db.transaction('leases', 'readwrite');
      const take = async (): Promise<boolean> => {
        const held = await store.get(name);
        // One that ends later than a new one would was taken before the clock was put back.
        const free = !held || held.owner === owner || held.until <= now || held.until > until;
        if (free) {
          await store.put({ owner, until }, name);
        }
        return free;
      };
      const [free] = await Promise.all([take(), done]);
      return free;
    });
  }

  /** Give the lease `name` back, if it is still this owner's. */
  async release(name: string, owner: string): Promise<void> {
    await this._connection.run(async db => {
      const { store, done } = db.transaction('leases', 'readwrite');
      const release = async (): Promise<void> => {
        if ((await store.get(name))?.owner === owner) {
          await store.delete(name);
        }
      };
      await Promise.all([release(), done]);
    });
  }
}

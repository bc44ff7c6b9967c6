/** Lets one tab send at a time: duplicates would do no harm, but cost requests. */

import type { IClock } from './clock';
import { isFull } from './connection';
import type { EventQueue } from './queue';

const LEASE_NAME = 'send';
// Longer than one request may take: a tab that still works prolongs its lease before each.
const LEASE_MS = 45_000;
const ASK_AGAIN_MS = 250;

/** What is done in turn; it calls `prolong` before each request. */
export type Work = (prolong: () => Promise<void>) => Promise<void>;

/** Runs `work` when no other tab runs its own; rejects as `work` does, or when aborted. */
export interface ITurns {
  inTurn(work: Work, signal: AbortSignal): Promise<void>;
}

/** Web Locks where the browser has them: on https and localhost only. Else a lease. */
export function chooseTurns(
  queue: EventQueue,
  clock: IClock,
  locks: LockManager | undefined
): ITurns {
  return locks ? new LockTurns(queue.name, locks) : new LeaseTurns(queue, clock);
}

class LockTurns implements ITurns {
  constructor(
    private readonly _name: string,
    private readonly _locks: LockManager
  ) {}

  async inTurn(work: Work, signal: AbortSignal): Promise<void> {
    const name = `${this._name}:${LEASE_NAME}`;
    // The browser gives the lock on when the tab is gone.
    await this._locks.request(name, { signal }, () => work(async () => undefined));
  }
}

class LeaseTurns implements ITurns {
  constructor(
    private readonly _queue: EventQueue,
    private readonly _clock: IClock
  ) {}

  async inTurn(work: Work, signal: AbortSignal): Promise<void> {
    while (!(await this._lease())) {
      await this._clock.sleep(ASK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
    try {
      await work(async () => void (await this._lease()));
    } finally {
      // A tab that was frozen meanwhile finds the lease another's, and leaves it alone.
      // One that a broken disk does not give back ends by itself.
      await this._queue.leases.release(LEASE_NAME, this._owner).catch(() => undefined);
    }
  }

  private async _lease(): Promise<boolean> {
    const now = this._clock.now();
    try {
      return await this._queue.leases.take(LEASE_NAME, this._owner, now, now + LEASE_MS);
    } catch (error) {
      if (!isFull(error) && this._queue.memoryCount === 0) {
        throw error;
      }
      // A disk that takes nothing must not keep the rest waiting; what two tabs send counts once.
      return true;
    }
  }

  private readonly _owner = `${Date.now()}-${Math.random()}`;
}

/** Lets one tab send at a time: duplicates would do no harm, but cost requests. */

import type { IClock } from './clock';
import type { EventQueue } from './queue';

const LEASE_NAME = 'send';
// Longer than a request may take, so that a lease outlives every tab that still works.
const LEASE_MS = 45_000;
const ASK_AGAIN_MS = 250;

/** Runs `work` when no other tab runs its own; rejects as `work` does, or when aborted. */
export interface ITurns {
  inTurn(work: () => Promise<void>, signal: AbortSignal): Promise<void>;
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

  async inTurn(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await this._locks.request(`${this._name}:${LEASE_NAME}`, { signal }, work);
  }
}

class LeaseTurns implements ITurns {
  constructor(
    private readonly _queue: EventQueue,
    private readonly _clock: IClock
  ) {}

  async inTurn(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!(await this._lease(LEASE_MS))) {
      await this._clock.sleep(ASK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
    try {
      await work();
    } finally {
      await this._lease(0);
    }
  }

  private async _lease(forMs: number): Promise<boolean> {
    const now = this._clock.now();
    return this._queue.lease(LEASE_NAME, this._owner, now, now + forMs);
  }

  private readonly _owner = `${Date.now()}-${Math.random()}`;
}

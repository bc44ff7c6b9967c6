import type { IClock } from '../../src/clock';

/** A clock that a test moves. */
export class FakeClock implements IClock {
  time = Date.UTC(2026, 3, 1, 9);
  /** How far somebody has put the clock forward (back, if negative), in ms. */
  jump = 0;

  now(): number {
    return this.time + this.jump;
  }

  elapsed(): number {
    return this.time;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const sleeper = {
        until: this.time + ms,
        wake: (): void => {
          this._sleepers.delete(sleeper);
          signal.removeEventListener('abort', sleeper.wake);
          resolve();
        }
      };
      this._sleepers.add(sleeper);
      signal.addEventListener('abort', sleeper.wake);
      if (signal.aborted) {
        sleeper.wake();
      }
    });
  }

  get sleepers(): number {
    return this._sleepers.size;
  }

  /** ms until the next sleeper wakes. */
  get nextMs(): number {
    return Math.min(...[...this._sleepers].map(({ until }) => until)) - this.time;
  }

  advance(ms: number): void {
    this.time += ms;
    this._sleepers.forEach(({ until, wake }) => until <= this.time && wake());
  }

  private readonly _sleepers = new Set<{ until: number; wake: () => void }>();
}

/** Resolves when `condition` holds; fails after half a minute of the computer's own work. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > end) {
      throw new Error(`never true: ${condition}`);
    }
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** What happens when a login ends: the page loads again, and the service asks for a login. */

const STORED = 'cell-monitor-reloaded-at';
const SPACING_MS = 30_000;

export class Login {
  constructor(
    private readonly storage: Storage,
    private readonly reload: () => void,
    private readonly now: () => number = Date.now
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Whether the login is gone and loading the page again did not help. */
  readonly isGone = (): boolean => this.gone;

  /** An answer was 401. Never reloads twice within half a minute. */
  readonly lose = (): void => {
    const last = Number(this.storage.getItem(STORED) ?? 0);
    if (this.now() - last > SPACING_MS) {
      this.storage.setItem(STORED, String(this.now()));
      this.reload();
      return;
    }
    this.gone = true;
    for (const listener of [...this.listeners]) {
      listener();
    }
  };

  private gone = false;
  private readonly listeners = new Set<() => void>();
}

/** The service's clock: a computer in a classroom may be minutes off. */

export class Clock {
  constructor(private readonly local: () => number = Date.now) {}

  /** Milliseconds since 1970, as the service would say. */
  now(): number {
    return this.local() + this.offset_ms;
  }

  /** Learn from an answer's `Date` header; differences of seconds are its rounding. */
  observe(date: string | null): void {
    const at = date === null ? NaN : Date.parse(date);
    if (!Number.isNaN(at)) {
      const offset_ms = at - this.local();
      this.offset_ms = Math.abs(offset_ms) > 5_000 ? offset_ms : 0;
    }
  }

  private offset_ms = 0;
}

/** Wakes its listeners each second while there are any. */
export class Ticker {
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    this.timer ??= setInterval(() => this.tick(), 1000);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
    };
  };

  private tick(): void {
    for (const listener of [...this.listeners]) {
      listener();
    }
  }

  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;
}

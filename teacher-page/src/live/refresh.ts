/** When a snapshot is read: as early as asked for, never two within two seconds. */

const SPACING_MS = 2_000;

export class Refresh {
  constructor(private readonly read: () => Promise<void>) {}

  get isReading(): boolean {
    return this.reading;
  }

  /** Read at once; the returned function ends all reading. */
  start(): () => void {
    this.stopped = false;
    void this.run();
    return () => {
      this.stopped = true;
      this.due_at = Infinity;
      clearTimeout(this.timer);
    };
  }

  /** Read again after `wait_ms`, or earlier where that is planned already. */
  plan(wait_ms: number): void {
    if (this.reading) {
      this.next_wait_ms = Math.min(this.next_wait_ms, wait_ms);
      return;
    }
    const now = performance.now();
    const due_at = Math.max(now + wait_ms, this.read_at + SPACING_MS);
    if (due_at < this.due_at && !this.stopped) {
      this.due_at = due_at;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.run(), due_at - now);
    }
  }

  private async run(): Promise<void> {
    this.due_at = Infinity;
    this.next_wait_ms = Infinity;
    this.reading = true;
    await this.read();
    this.reading = false;
    this.read_at = performance.now();
    if (this.next_wait_ms < Infinity) {
      this.plan(this.next_wait_ms);
    }
  }

  private reading = false;
  private stopped = true;
  private due_at = Infinity;
  private read_at = -Infinity;
  private next_wait_ms = Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
}

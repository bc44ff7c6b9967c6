/** What the compression can refer to: contents in the dictionary, and in the batch so far. */

// DEFLATE looks back 32 KiB.
const WINDOW_BYTES = 30_000;

/** The contents of the last texts, each by where it ends. */
export class Reach {
  /** The same, to go on from. */
  copy(): Reach {
    const copy = new Reach();
    this._ends.forEach((end, text) => copy._ends.set(text, end));
    copy._length = this._length;
    return copy;
  }

  has(text: string): boolean {
    return this._ends.has(text);
  }

  /** So many characters are added, and these contents in them. */
  add(length: number, contents: Iterable<string>): void {
    this._length += length;
    for (const text of contents) {
      this._ends.delete(text);
      this._ends.set(text, this._length);
    }
    for (const [text, end] of this._ends) {
      if (end > this._length - WINDOW_BYTES) {
        return;
      }
      this._ends.delete(text);
    }
  }

  /** The last that was added is the last here. */
  private readonly _ends = new Map<string, number>();
  private _length = 0;
}

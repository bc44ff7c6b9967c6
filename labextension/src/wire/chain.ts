/** Which dictionary the service has: batch after batch of one student in one page. */

import { dictionaryAfter, type IDictionary } from './dictionary';
import type { IPacked } from './pack';
import type { Reach } from './reach';

// Somebody on the way, or every service in turn, takes none: then it only costs requests.
const MAX_REFUSALS = 2;

/** Goes on with each batch that was answered, ends with one that was refused. */
export class Chain {
  /** What the next batch may refer to; null before the first one. */
  get dictionary(): IDictionary | null {
    return this._dictionary;
  }

  /** A batch was answered with 200. `reach`: the contents that can be referred to after it. */
  async goOn({ dictionary, text }: IPacked, reach: Reach): Promise<void> {
    if (dictionary !== null) {
      this._refusals = 0;
    }
    if (this._refusals < MAX_REFUSALS) {
      this._dictionary = await dictionaryAfter(dictionary, text, reach);
    }
  }

  /** A batch was refused that could not be read without its dictionary. */
  refuse(): void {
    this._refusals += 1;
    this.end();
  }

  /** The next batch refers to nothing: perhaps it is another student's. */
  end(): void {
    this._dictionary = null;
  }

  private _dictionary: IDictionary | null = null;
  private _refusals = 0;
}

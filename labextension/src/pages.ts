/** Which other pages of the same user are open in this browser. */

import type { IDisposable } from '@lumino/disposable';

import { atMost } from './clock';

type Message = { ask: string } | { answer: string };

/**
 * Answers other pages, and asks them.
 *
 * Web Locks would tell it without asking, but only over HTTPS; many school hubs have none.
 */
export class OpenPages implements IDisposable {
  constructor(
    name: string,
    readonly id: string
  ) {
    this._channel = new BroadcastChannel(name);
    this._channel.onmessage = (event: MessageEvent<Message>) => this._onMessage(event.data);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Those of the pages `ids` that do not answer within `waitMs`; sooner, where all do. */
  async silent(ids: ReadonlySet<string>, waitMs: number): Promise<ReadonlySet<string>> {
    const silent = new Set(ids);
    const answered = new Promise<void>(resolve => {
      this._onAnswer = id => {
        silent.delete(id);
        if (silent.size === 0) {
          resolve();
        }
      };
    });
    this._channel.postMessage({ ask: this.id } satisfies Message);
    await atMost(waitMs, answered);
    return new Set(silent);
  }

  dispose(): void {
    this._isDisposed = true;
    this._channel.onmessage = null;
    this._channel.close();
  }

  private _onMessage(message: Message): void {
    if ('ask' in message) {
      this._channel.postMessage({ answer: this.id } satisfies Message);
    } else {
      this._onAnswer(message.answer);
    }
  }

  private _channel: BroadcastChannel;
  private _onAnswer: (id: string) => void = () => undefined;
  private _isDisposed = false;
}

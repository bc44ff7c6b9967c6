/** Which other pages of the same user are open in this browser. */

import type { IDisposable } from '@lumino/disposable';

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

  /** The ids of the pages that answer within `waitMs`. */
  async living(waitMs: number): Promise<ReadonlySet<string>> {
    this._answers.clear();
    this._channel.postMessage({ ask: this.id } satisfies Message);
    await new Promise(resolve => setTimeout(resolve, waitMs));
    return new Set(this._answers);
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
      this._answers.add(message.answer);
    }
  }

  private _channel: BroadcastChannel;
  private _answers = new Set<string>();
  private _isDisposed = false;
}

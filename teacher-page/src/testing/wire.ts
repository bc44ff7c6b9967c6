import type { Wire } from '../api/socket';
import type { ServerMessage } from '../contract';

/** A socket without a network. */
export class FakeWire implements Wire {
  readonly sent: unknown[] = [];
  closed = false;
  onmessage: Wire['onmessage'] = null;
  onclose: Wire['onclose'] = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  says(message: ServerMessage): void {
    this.onmessage?.(new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  breaks(code: number): void {
    this.onclose?.(new CloseEvent('close', { code }));
  }
}

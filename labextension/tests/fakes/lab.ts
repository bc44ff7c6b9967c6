import { ServerConnection } from '@jupyterlab/services';

import type { IQueuedEvent } from '../../src/queue';
import { Transport } from '../../src/transport';
import { Opener } from './opening';
import { makeEvent } from './sending';

export interface IAsked {
  request: Request;
  body: Buffer;
}

export const SENT_AT = '2026-04-01T09:00:00.000Z';
export const PRIMED = 'dictionary-deflate';

export const queued = (id: number, code?: string): IQueuedEvent => {
  const body = JSON.stringify(makeEvent(id, code));
  return { key: id, eventId: `event-${id}`, body, bytes: Buffer.byteLength(body) };
};

/** Refuse what refers to a dictionary. */
export const notPrimed =
  (status: number, code = 'invalid') =>
  ({ request }: IAsked): { status: number; code: string } | null =>
    request.headers.get('Content-Encoding') === PRIMED ? { status, code } : null;

/** A Jupyter server that remembers what it was asked, and answers as it is told. */
export class FakeLab {
  readonly asked: IAsked[] = [];
  results: unknown;
  status = 200;
  /** What it refuses a request with, though it would answer another one. */
  refusal: (asked: IAsked) => { status: number; code: string } | null = () => null;
  readonly opener = new Opener();

  transport(): Transport {
    const fetch = async (request: RequestInfo | URL): Promise<Response> => {
      const body = Buffer.from(await (request as Request).clone().arrayBuffer());
      const asked = { request: request as Request, body };
      this.asked.push(asked);
      const refused = this.refusal(asked);
      return refused
        ? Response.json(refused, { status: refused.status })
        : Response.json({ results: this.results }, { status: this.status });
    };
    const settings = ServerConnection.makeSettings({ baseUrl: 'http://lab/', fetch });
    return new Transport(settings, () => new Date(SENT_AT));
  }

  encodings(): (string | null)[] {
    return this.asked.map(({ request }) => request.headers.get('Content-Encoding'));
  }
}

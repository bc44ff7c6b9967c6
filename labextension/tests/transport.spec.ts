/** @jest-environment node */
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { ServerConnection } from '@jupyterlab/services';

import { MAX_BODY_BYTES } from '../src/contract';
import type { IQueuedEvent } from '../src/queue';
import { Transport } from '../src/transport';
import { until } from './fakes/clock';
import { makeEvent } from './fakes/sending';

interface IAsked {
  request: Request;
  body: Buffer;
}

const queued = (id: number, code?: string): IQueuedEvent => {
  const body = JSON.stringify(makeEvent(id, code));
  return { key: id, eventId: `event-${id}`, body, bytes: Buffer.byteLength(body) };
};

describe('Transport', () => {
  let asked: IAsked[];
  let results: unknown;

  const transport = (): Transport => {
    const fetch = async (request: RequestInfo | URL): Promise<Response> => {
      const body = Buffer.from(await (request as Request).clone().arrayBuffer());
      asked.push({ request: request as Request, body });
      return Response.json({ results });
    };
    return new Transport(ServerConnection.makeSettings({ baseUrl: 'http://lab/', fetch }));
  };

  beforeEach(() => {
    asked = [];
    results = [{ event_id: 'event-1', status: 'stored' }];
  });

  it('posts a gzip batch that holds the events as they are', async () => {
    expect(await transport().post([queued(1, '日本語')])).toEqual(results);
    const [{ request, body }] = asked;
    expect([request.method, new URL(request.url).pathname]).toEqual(['POST', '/api/v1/events']);
    expect(request.headers.get('Content-Type')).toBe('application/json');
    expect(request.headers.get('Content-Encoding')).toBe('gzip');
    expect(JSON.parse(gunzipSync(body).toString())).toEqual({ events: [makeEvent(1, '日本語')] });
  });

  it('posts plain JSON, and less of it, where the browser cannot compress', async () => {
    const { CompressionStream } = globalThis;
    Object.assign(globalThis, { CompressionStream: undefined });
    const plain = transport();
    expect(plain.maxBytes).toBeLessThan(MAX_BODY_BYTES);
    await plain.post([queued(1)]);
    Object.assign(globalThis, { CompressionStream });
    expect(asked[0].request.headers.has('Content-Encoding')).toBe(false);
    expect(JSON.parse(asked[0].body.toString())).toEqual({ events: [makeEvent(1)] });
  });

  it('does not even send a body that is over the limit', async () => {
    const noise = (): string => randomBytes(180_000).toString('base64');
    const batch = [1, 2, 3, 4, 5, 6].map(id => queued(id, noise()));
    await expect(transport().post(batch)).rejects.toMatchObject({ status: 413 });
    expect(asked).toEqual([]);
  });

  it('takes an answer that has not one result for each event for none', async () => {
    await expect(transport().post([queued(1), queued(2)])).rejects.toMatchObject({ status: 502 });
    results = undefined;
    await expect(transport().post([queued(1)])).rejects.toMatchObject({ status: 502 });
  });

  it('sends at most 60 KiB with a page that goes, as a request that outlives it', async () => {
    const codes = [30_000, 40_000, 10].map(length => 'x'.repeat(length));
    transport().postLast(codes.map((code, index) => queued(index + 1, code)));
    await until(() => asked.length === 1);
    const [{ request, body }] = asked;
    expect(request.keepalive).toBe(true);
    expect(JSON.parse(body.toString())).toEqual({
      events: [makeEvent(1, codes[0]), makeEvent(3, codes[2])]
    });
  });

  it('sends nothing with a page that goes and has nothing to send', async () => {
    transport().postLast([]);
    await transport().post([queued(1)]);
    expect(asked).toHaveLength(1);
  });
});

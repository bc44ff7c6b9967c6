/** @jest-environment node */
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { ServerConnection } from '@jupyterlab/services';

import { type EventResult, MAX_BODY_BYTES } from '../src/contract';
import type { IQueuedEvent } from '../src/queue';
import { Transport } from '../src/transport';
import { until } from './fakes/clock';
import { Opener } from './fakes/opening';
import { makeEvent } from './fakes/sending';

interface IAsked {
  request: Request;
  body: Buffer;
}

const queued = (id: number, code?: string): IQueuedEvent => {
  const body = JSON.stringify(makeEvent(id, code));
  return { key: id, eventId: `event-${id}`, body, bytes: Buffer.byteLength(body) };
};

const PRIMED = 'dictionary-deflate';
/** Refuse what refers to a dictionary. */
const notPrimed =
  (status: number, code = 'invalid') =>
  ({ request }: IAsked): { status: number; code: string } | null =>
    request.headers.get('Content-Encoding') === PRIMED ? { status, code } : null;
const SENT_AT = '2026-04-01T09:00:00.000Z';
const CODE = randomBytes(600).toString('base64');

describe('Transport', () => {
  let asked: IAsked[];
  let results: unknown;
  let status: number;
  /** What the service refuses a request with, though it would answer another one. */
  let refusal: (asked: IAsked) => { status: number; code: string } | null;
  let service: Opener;

  const encodings = (): (string | null)[] =>
    asked.map(({ request }) => request.headers.get('Content-Encoding'));

  const transport = (): Transport => {
    const fetch = async (request: RequestInfo | URL): Promise<Response> => {
      const body = Buffer.from(await (request as Request).clone().arrayBuffer());
      const made = { request: request as Request, body };
      asked.push(made);
      const refused = refusal(made);
      if (refused) {
        return Response.json(refused, { status: refused.status });
      }
      return Response.json({ results }, { status });
    };
    const settings = ServerConnection.makeSettings({ baseUrl: 'http://lab/', fetch });
    return new Transport(settings, () => new Date(SENT_AT));
  };

  beforeEach(() => {
    asked = [];
    refusal = () => null;
    service = new Opener();
    status = 200;
    results = [{ event_id: 'event-1', status: 'stored' }];
  });

  it('posts a gzip batch that holds the events as they are', async () => {
    expect(await transport().post([queued(1, '日本語')])).toEqual(results);
    const [{ request, body }] = asked;
    expect([request.method, new URL(request.url).pathname]).toEqual(['POST', '/api/v1/events']);
    expect(request.headers.get('Content-Type')).toBe('application/json');
    expect(request.headers.get('Content-Encoding')).toBe('gzip');
    expect(JSON.parse(gunzipSync(body).toString())).toEqual({
      events: [makeEvent(1, '日本語')],
      sent_at: SENT_AT,
      contents: true
    });
  });

  it('posts plain JSON, and less of it, where the browser cannot compress', async () => {
    const { CompressionStream } = globalThis;
    Object.assign(globalThis, { CompressionStream: undefined });
    const plain = transport();
    expect(plain.maxBytes).toBeLessThan(MAX_BODY_BYTES);
    await plain.post([queued(1)]);
    Object.assign(globalThis, { CompressionStream });
    expect(asked[0].request.headers.has('Content-Encoding')).toBe(false);
    expect(JSON.parse(asked[0].body.toString())).toMatchObject({ events: [makeEvent(1)] });
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
      events: [makeEvent(1, codes[0]), makeEvent(3, codes[2])],
      sent_at: SENT_AT
    });
  });

  it('sends nothing with a page that goes and has nothing to send', async () => {
    transport().postLast([]);
    await transport().post([queued(1)]);
    expect(asked).toHaveLength(1);
  });

  describe('to a service that has the code', () => {
    let known: Transport;

    /** Send event `id` with the same code; what travels, and what is said of it. */
    const post = async (
      id: number,
      answer: Partial<EventResult>
    ): Promise<{ sent: { code?: string; pieces?: unknown[] }; result: EventResult }> => {
      results = [{ event_id: `event-${id}`, ...answer }];
      const [result] = await known.post([queued(id, CODE)]);
      const { request, body } = asked[asked.length - 1];
      const text = service.open(body, request.headers.get('Content-Encoding'));
      const { events } = JSON.parse(String(text)) as {
        events: { code?: string; pieces?: unknown[] }[];
      };
      return { sent: events[0], result };
    };

    beforeEach(async () => {
      known = transport();
      await post(1, { status: 'stored' });
    });

    it('sends its hash', async () => {
      const { sent } = await post(2, { status: 'stored' });
      const sha256 = createHash('sha256').update(JSON.stringify(CODE)).digest('hex');
      expect(sent.code).toBeUndefined();
      expect(sent.pieces).toEqual([expect.any(String), { sha256 }, expect.any(String)]);
      expect(asked[1].body.length).toBeLessThan(asked[0].body.length / 2);
    });

    it.each<Partial<EventResult>>([
      { status: 'retry', code: 'content_needed' },
      { status: 'rejected', code: 'invalid' }
    ])('sends all of it after %p, and refers to nothing of its session', async answer => {
      const { result } = await post(2, answer);
      expect(result).toEqual({ event_id: 'event-2', status: 'retry', code: 'content_needed' });
      expect((await post(3, { status: 'retry' })).sent.code).toBe(CODE);
      expect((await post(2, { status: 'stored' })).sent.code).toBe(CODE);
      expect((await post(3, { status: 'stored' })).sent.pieces).toBeDefined();
    });

    it('sends all of it the next time after a 413 for the whole batch', async () => {
      status = 413;
      const { result } = await post(2, {});
      expect(result).toMatchObject({ status: 'retry', code: 'content_needed' });
      await expect(post(2, {})).rejects.toMatchObject({ status: 413 });
      expect(asked).toHaveLength(3);
    });

    it.each([400, 413, 500])('does so after a %d where no dictionary is taken', async code => {
      refusal = notPrimed(400);
      for (const id of [2, 3, 4]) {
        await post(id, { status: 'stored' });
      }
      status = code;
      const { result } = await post(5, {});
      expect(result).toMatchObject({ status: 'retry', code: 'content_needed' });
      await expect(post(5, {})).rejects.toMatchObject({ status: code });
    });

    it('believes a refusal of the whole event', async () => {
      await post(2, { status: 'rejected', code: 'invalid' });
      const { result } = await post(2, { status: 'rejected', code: 'invalid' });
      expect(result).toMatchObject({ status: 'rejected', code: 'invalid' });
    });

    it('is in no haste where even the whole event is said to lack something', async () => {
      await post(2, { status: 'retry', code: 'content_needed' });
      const { result } = await post(2, { status: 'retry', code: 'content_needed' });
      expect(result).toMatchObject({ status: 'retry', code: undefined });
    });

    it('keeps what it knows while the service is away', async () => {
      status = 503;
      await expect(post(2, {})).rejects.toMatchObject({ status: 503 });
      status = 200;
      expect((await post(2, { status: 'stored' })).sent.pieces).toBeDefined();
    });
  });

  describe('after its first batch', () => {
    let known: Transport;

    const post = async (id: number, code?: string): Promise<string | undefined> => {
      results = [{ event_id: `event-${id}`, status: 'stored' }];
      return (await known.post([queued(id, code)]))[0].status;
    };
    /** The events of each request that the service could read. */
    const read = (): (string | null)[] =>
      asked.map(({ request, body }) => {
        const text = service.open(body, request.headers.get('Content-Encoding'));
        return text && JSON.stringify((JSON.parse(text) as { events: unknown }).events);
      });
    const bodies = (...ids: number[]): string[] => ids.map(id => `[${queued(id).body}]`);

    beforeEach(async () => {
      known = transport();
      await post(1);
    });

    it('refers to all that was acknowledged, in a tenth of the bytes', async () => {
      await post(2);
      await post(3);
      expect(encodings()).toEqual(['gzip', PRIMED, PRIMED]);
      expect(read()).toEqual(bodies(1, 2, 3));
      expect(asked[2].body.length).toBeLessThan(50);
    });

    it.each([
      [500, 'internal'],
      [503, 'unavailable'],
      [413, 'too_large']
    ])('does not refer to what was answered with %d', async (code, word) => {
      refusal = () => ({ status: code, code: word });
      await post(2).catch(() => undefined);
      asked.pop();
      refusal = () => null;
      await post(3);
      expect(read().at(-1)).toBe(bodies(3)[0]);
    });

    it('does not refer to a batch whose answer was lost', async () => {
      results = undefined;
      await expect(known.post([queued(2)])).rejects.toMatchObject({ status: 502 });
      asked.pop();
      await post(2);
      await post(3);
      expect(read()).toEqual(bodies(1, 2, 3));
    });

    it.each([
      [409, 'content_needed'],
      [400, 'invalid'],
      [415, ''],
      [500, 'internal']
    ])('sends the same at once by itself after a %d, and goes on from it', async (code, word) => {
      refusal = notPrimed(code, word);
      expect(await post(2)).toBe('stored');
      expect(encodings()).toEqual(['gzip', PRIMED, 'gzip']);
      refusal = () => null;
      await post(3);
      expect(read()).toEqual(bodies(1, 2, 2, 3));
      expect(encodings()[3]).toBe(PRIMED);
    });

    it('sends as text what stands within reach', async () => {
      const code = Array.from({ length: 60 }, (_, line) => `row_${line} = ${line * 7919}\n`).join(
        ''
      );
      await post(2, code);
      await post(3, code);
      expect(read().at(-1)).toBe(`[${queued(3, code).body}]`);
    });

    it('sends whole what a service that has begun anew cannot know either', async () => {
      await post(2, CODE);
      await post(3, CODE);
      refusal = notPrimed(409, 'content_needed');
      await post(4, CODE);
      expect(read()[2]).toContain('pieces');
      expect(read().at(-1)).toBe(`[${queued(4, CODE).body}]`);
    });

    it('says so where the batch is refused by itself too', async () => {
      status = 400;
      await expect(post(2)).rejects.toMatchObject({ status: 400 });
      expect(encodings()).toEqual(['gzip', PRIMED, 'gzip']);
    });

    it('refers to nothing any more after the second refusal in a row', async () => {
      refusal = notPrimed(409, 'content_needed');
      for (const id of [2, 3, 4, 5]) {
        expect(await post(id)).toBe('stored');
      }
      expect(encodings()).toEqual(['gzip', PRIMED, 'gzip', PRIMED, 'gzip', 'gzip', 'gzip']);
    });

    it.each([401, 403])('refers to nothing of before after a %d: it may be another', async code => {
      refusal = () => ({ status: code, code: 'not_signed_in' });
      await expect(post(2)).rejects.toMatchObject({ status: code });
      refusal = () => null;
      await post(2);
      expect(encodings().at(-1)).toBe('gzip');
    });
  });
});

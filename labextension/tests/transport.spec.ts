/** @jest-environment node */
import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { type EventResult, MAX_BODY_BYTES } from '../src/contract';
import type { Transport } from '../src/transport';
import { until } from './fakes/clock';
import { FakeLab, notPrimed, queued, SENT_AT } from './fakes/lab';
import { makeEvent } from './fakes/sending';

const CODE = randomBytes(600).toString('base64');

describe('Transport', () => {
  let lab: FakeLab;

  beforeEach(() => {
    lab = new FakeLab();
    lab.results = [{ event_id: 'event-1', status: 'stored' }];
  });

  it('posts a gzip batch that holds the events as they are', async () => {
    expect(await lab.transport().post([queued(1, '日本語')])).toEqual(lab.results);
    const [{ request, body }] = lab.asked;
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
    const plain = lab.transport();
    expect(plain.maxBytes).toBeLessThan(MAX_BODY_BYTES);
    await plain.post([queued(1)]);
    Object.assign(globalThis, { CompressionStream });
    expect(lab.asked[0].request.headers.has('Content-Encoding')).toBe(false);
    expect(JSON.parse(lab.asked[0].body.toString())).toMatchObject({ events: [makeEvent(1)] });
  });

  it('does not even send a body that is over the limit', async () => {
    const noise = (): string => randomBytes(180_000).toString('base64');
    const batch = [1, 2, 3, 4, 5, 6].map(id => queued(id, noise()));
    await expect(lab.transport().post(batch)).rejects.toMatchObject({ status: 413 });
    expect(lab.asked).toEqual([]);
  });

  it('takes an answer that has not one result for each event for none', async () => {
    await expect(lab.transport().post([queued(1), queued(2)])).rejects.toMatchObject({
      status: 502
    });
    lab.results = undefined;
    await expect(lab.transport().post([queued(1)])).rejects.toMatchObject({ status: 502 });
  });

  it('sends at most 60 KiB with a page that goes, as a request that outlives it', async () => {
    const codes = [30_000, 40_000, 10].map(length => 'x'.repeat(length));
    lab.transport().postLast(codes.map((code, index) => queued(index + 1, code)));
    await until(() => lab.asked.length === 1);
    const [{ request, body }] = lab.asked;
    expect(request.keepalive).toBe(true);
    expect(JSON.parse(body.toString())).toEqual({
      events: [makeEvent(1, codes[0]), makeEvent(3, codes[2])],
      sent_at: SENT_AT
    });
  });

  it('sends nothing with a page that goes and has nothing to send', async () => {
    lab.transport().postLast([]);
    await lab.transport().post([queued(1)]);
    expect(lab.asked).toHaveLength(1);
  });

  describe('to a service that has the code', () => {
    let known: Transport;

    /** Send event `id` with the same code; what travels, and what is said of it. */
    const post = async (
      id: number,
      answer: Partial<EventResult>
    ): Promise<{ sent: { code?: string; pieces?: unknown[] }; result: EventResult }> => {
      lab.results = [{ event_id: `event-${id}`, ...answer }];
      const [result] = await known.post([queued(id, CODE)]);
      const { request, body } = lab.asked[lab.asked.length - 1];
      const text = lab.opener.open(body, request.headers.get('Content-Encoding'));
      const { events } = JSON.parse(String(text)) as {
        events: { code?: string; pieces?: unknown[] }[];
      };
      return { sent: events[0], result };
    };

    beforeEach(async () => {
      known = lab.transport();
      await post(1, { status: 'stored' });
    });

    it('sends its hash', async () => {
      const { sent } = await post(2, { status: 'stored' });
      const sha256 = createHash('sha256').update(JSON.stringify(CODE)).digest('hex');
      expect(sent.code).toBeUndefined();
      expect(sent.pieces).toEqual([expect.any(String), { sha256 }, expect.any(String)]);
      expect(lab.asked[1].body.length).toBeLessThan(lab.asked[0].body.length / 2);
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
      lab.status = 413;
      const { result } = await post(2, {});
      expect(result).toMatchObject({ status: 'retry', code: 'content_needed' });
      await expect(post(2, {})).rejects.toMatchObject({ status: 413 });
      expect(lab.asked).toHaveLength(3);
    });

    it.each([400, 413, 500])('does so after a %d where no dictionary is taken', async code => {
      lab.refusal = notPrimed(400);
      for (const id of [2, 3, 4]) {
        await post(id, { status: 'stored' });
      }
      lab.status = code;
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
      lab.status = 503;
      await expect(post(2, {})).rejects.toMatchObject({ status: 503 });
      lab.status = 200;
      expect((await post(2, { status: 'stored' })).sent.pieces).toBeDefined();
    });
  });
});

/** @jest-environment node */
import { randomBytes } from 'node:crypto';

import type { Transport } from '../src/transport';
import { FakeLab, notPrimed, PRIMED, queued } from './fakes/lab';

const CODE = randomBytes(600).toString('base64');

describe('Transport after its first batch', () => {
  let lab: FakeLab;
  let known: Transport;

  const post = async (id: number, code?: string): Promise<string | undefined> => {
    lab.results = [{ event_id: `event-${id}`, status: 'stored' }];
    return (await known.post([queued(id, code)]))[0].status;
  };
  /** The events of each request that the service could read. */
  const read = (): (string | null)[] =>
    lab.asked.map(({ request, body }) => {
      const text = lab.opener.open(body, request.headers.get('Content-Encoding'));
      return text && JSON.stringify((JSON.parse(text) as { events: unknown }).events);
    });
  const bodies = (...ids: number[]): string[] => ids.map(id => `[${queued(id).body}]`);

  beforeEach(async () => {
    lab = new FakeLab();
    known = lab.transport();
    await post(1);
  });

  it('refers to all that was acknowledged, in a tenth of the bytes', async () => {
    await post(2);
    await post(3);
    expect(lab.encodings()).toEqual(['gzip', PRIMED, PRIMED]);
    expect(read()).toEqual(bodies(1, 2, 3));
    expect(lab.asked[2].body.length).toBeLessThan(50);
  });

  it.each([
    [500, 'internal'],
    [503, 'unavailable'],
    [413, 'too_large']
  ])('does not refer to what was answered with %d', async (code, word) => {
    lab.refusal = () => ({ status: code, code: word });
    await post(2).catch(() => undefined);
    lab.asked.pop();
    lab.refusal = () => null;
    await post(3);
    expect(read().at(-1)).toBe(bodies(3)[0]);
  });

  it('does not refer to a batch whose answer was lost', async () => {
    lab.results = undefined;
    await expect(known.post([queued(2)])).rejects.toMatchObject({ status: 502 });
    lab.asked.pop();
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
    lab.refusal = notPrimed(code, word);
    expect(await post(2)).toBe('stored');
    expect(lab.encodings()).toEqual(['gzip', PRIMED, 'gzip']);
    lab.refusal = () => null;
    await post(3);
    expect(read()).toEqual(bodies(1, 2, 2, 3));
    expect(lab.encodings()[3]).toBe(PRIMED);
  });

  it('sends as text what stands within reach', async () => {
    const code = Array.from({ length: 60 }, (_, line) => `row_${line} = ${line * 7919}\n`).join('');
    await post(2, code);
    await post(3, code);
    expect(read().at(-1)).toBe(`[${queued(3, code).body}]`);
  });

  it('sends whole what a service that has begun anew cannot know either', async () => {
    await post(2, CODE);
    await post(3, CODE);
    lab.refusal = notPrimed(409, 'content_needed');
    await post(4, CODE);
    expect(read()[2]).toContain('pieces');
    expect(read().at(-1)).toBe(`[${queued(4, CODE).body}]`);
  });

  it('says so where the batch is refused by itself too', async () => {
    lab.status = 400;
    await expect(post(2)).rejects.toMatchObject({ status: 400 });
    expect(lab.encodings()).toEqual(['gzip', PRIMED, 'gzip']);
  });

  it('refers to nothing any more after the second refusal in a row', async () => {
    lab.refusal = notPrimed(409, 'content_needed');
    for (const id of [2, 3, 4, 5]) {
      expect(await post(id)).toBe('stored');
    }
    expect(lab.encodings()).toEqual(['gzip', PRIMED, 'gzip', PRIMED, 'gzip', 'gzip', 'gzip']);
  });

  it.each([401, 403])('refers to nothing of before after a %d: it may be another', async code => {
    lab.refusal = () => ({ status: code, code: 'not_signed_in' });
    await expect(post(2)).rejects.toMatchObject({ status: code });
    lab.refusal = () => null;
    await post(2);
    expect(lab.encodings().at(-1)).toBe('gzip');
  });
});

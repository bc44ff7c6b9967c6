/** @jest-environment node */
import contents from '../../tests/contract/contents.json';
import edits from '../../tests/contract/edits.json';
import reducedExamples from '../../tests/contract/reduced.json';
import { editsOf } from '../src/wire/delta';
import { WireEncoder } from '../src/wire/encoder';
import { hashOf } from '../src/wire/contents';
import { sha256Hex } from '../src/wire/utf8';
import { applied, type Edit, type IReduced, Restorer } from './fakes/restoring';

/** What is sent, and what the service makes of it. */
interface IExample {
  name: string;
  before: string[];
  sent: (IReduced | { whole: string })[];
  results: { status: string; body?: string }[];
}

const reduced = reducedExamples as unknown as IExample[];
const NOW = new Date('2026-04-01T09:00:00.000Z');

describe('The examples that the service reads too', () => {
  it.each(contents)('have the contents that the browser finds: $name', async example => {
    const { plans } = await new WireEncoder().encode([example.body], NOW);
    const found = await Promise.all(
      plans[0].contents.map(async content => ({
        sha256: await hashOf(content),
        text: content.text
      }))
    );
    expect(found).toEqual(example.contents);
    expect(await sha256Hex(example.body)).toBe(example.sha256);
  });

  it.each(edits.filter(({ content }) => content !== null))(
    'have edits as these: $name',
    example => {
      const base = Buffer.from(example.base);
      const content = String(example.content);
      expect(applied(base, example.edits as Edit[]).toString()).toBe(content);
      expect(applied(base, editsOf(example.base, content)).toString()).toBe(content);
    }
  );

  it.each(edits.filter(({ content }) => content === null))(
    'refuse edits as these: $name',
    example => {
      const base = Buffer.from(example.base);
      expect(() => applied(base, example.edits as Edit[])).toThrow();
    }
  );

  it.each(reduced.filter(({ results }) => results.every(({ status }) => status === 'stored')))(
    'are put together alike by both: $name',
    ({ before, sent, results }) => {
      const service = new Restorer();
      before.forEach(body => service.take(body));
      const bodies = sent.map(event => service.take('whole' in event ? event.whole : event));
      expect(bodies).toEqual(results.map(({ body }) => body));
    }
  );
});

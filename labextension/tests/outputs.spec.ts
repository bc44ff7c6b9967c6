/** @jest-environment node */
import { fitError, fitOutput } from '../src/fitting';
import { OutputCollector } from '../src/outputs';
import { clip, withoutOverwritten } from '../src/text';

const SIZES = { mimeBytes: 1_000, outputBytes: 10_000 };
const image = { output_type: 'display_data', data: { 'image/png': 'AAAA' }, metadata: {} };

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value), 'utf8');
}

function collected(...messages: [string, Record<string, unknown>][]): unknown[] {
  const collector = new OutputCollector(SIZES);
  messages.forEach(([type, content]) => collector.take(type, content));
  return collector.outputs();
}

describe('The outputs of a run', () => {
  it('join what a stream wrote in pieces, and keep stdout and stderr apart', () => {
    const write = (name: string, text: string): [string, Record<string, unknown>] => [
      'stream',
      { name, text }
    ];
    expect(collected(write('stdout', 'a'), write('stdout', 'b'), write('stderr', 'c'))).toEqual([
      { output_type: 'stream', name: 'stdout', text: 'ab' },
      { output_type: 'stream', name: 'stderr', text: 'c' }
    ]);
  });

  it('are in nbformat’s form, without what is transient', () => {
    const data = { 'text/plain': '2' };
    expect(
      collected(
        ['execute_result', { data, metadata: {}, execution_count: 3, transient: { a: 1 } }],
        ['display_data', { data: { 'image/png': 'AAAA' } }],
        ['error', { ename: 'E', evalue: 'm', traceback: ['t'] }]
      )
    ).toEqual([
      { output_type: 'execute_result', data, metadata: {}, execution_count: 3 },
      image,
      { output_type: 'error', ename: 'E', evalue: 'm', traceback: ['t'] }
    ]);
  });

  it('are gone after clear_output, with wait only when the next one comes', () => {
    const [text, more] = [
      { name: 'stdout', text: 'old' },
      { name: 'stdout', text: 'new' }
    ];
    expect(collected(['stream', text], ['clear_output', { wait: false }])).toEqual([]);
    expect(collected(['stream', text], ['clear_output', { wait: true }])).toHaveLength(1);
    expect(collected(['stream', text], ['clear_output', { wait: true }], ['stream', more])).toEqual(
      [{ output_type: 'stream', ...more }]
    );
  });

  it('change in place by update_display_data', () => {
    const transient = { display_id: 'bar' };
    const at = (text: string): Record<string, unknown> => ({
      data: { 'text/plain': text },
      transient
    });
    expect(
      collected(['display_data', at('10 %')], ['update_display_data', at('20 %')])
    ).toMatchObject([{ output_type: 'display_data', data: { 'text/plain': '20 %' } }]);
    expect(collected(['update_display_data', at('of another run')])).toEqual([]);
  });

  it('of a progress bar are what a terminal shows at the end', () => {
    expect(withoutOverwritten('10 %\r100 %\nx')).toBe('100 %\nx');
    expect(withoutOverwritten('long line\rab')).toBe('abng line');
  });

  it.each([999, 1_000, 1_001])('are cut with a mark above the bound (%d letters)', length => {
    const text = 'a'.repeat(length);
    const [stream] = collected(['stream', { name: 'stdout', text }]);
    const mark = { cell_monitor: { truncated: true, original_lengths: { text: length } } };
    expect(stream).toEqual({
      output_type: 'stream',
      name: 'stdout',
      text: text.slice(0, 1_000),
      ...(length > 1_000 && { metadata: mark })
    });
  });

  it('lose an image that is too large, not a half of it, and keep its other forms', () => {
    const data = { 'image/png': 'A'.repeat(1_001), 'text/plain': '<Figure>', 'a/json': { a: 1 } };
    expect(fitOutput('display_data', { data }, 1_000).output).toEqual({
      output_type: 'display_data',
      data: { 'text/plain': '<Figure>', 'a/json': { a: 1 } },
      metadata: { cell_monitor: { truncated: true, original_lengths: { 'image/png': 1_001 } } }
    });
  });

  it('never take more than the bound of all together, and tell how many were left out', () => {
    const item: [string, Record<string, unknown>] = [
      'display_data',
      { data: { 'text/plain': '日'.repeat(300) } }
    ];
    const outputs = collected(...Array.from({ length: 50 }, () => item));
    expect(bytesOf(outputs)).toBeLessThan(SIZES.outputBytes);
    const kept = outputs.length - 1;
    expect(outputs[kept]).toMatchObject({
      metadata: { cell_monitor: { truncated: true, dropped_outputs: 50 - kept } }
    });
  });

  it('of an endless loop need bounded memory and keep their start', () => {
    const collector = new OutputCollector(SIZES);
    for (let line = 0; line < 10_000; line++) {
      collector.take('stream', { name: 'stdout', text: `${line}\n` });
    }
    const [stream] = collector.outputs() as { text: string; metadata: unknown }[];
    expect(stream.text.startsWith('0\n1\n')).toBe(true);
    expect(stream.metadata).toEqual({
      cell_monitor: { truncated: true, original_lengths: { text: 48_890 } }
    });
  });
});

describe('A text', () => {
  it.each(['a', '日', '😀', '\u001b', '"', '\n', 'é', '\ud800'])(
    'of %j is cut by its bytes in JSON',
    letter => {
      for (const maxBytes of [59, 60, 61]) {
        const { text, bytes } = clip(letter.repeat(100), maxBytes);
        const used = bytesOf(text) - 2;
        expect(bytes).toBe(used);
        expect(used).toBeLessThanOrEqual(maxBytes);
        expect(used).toBeGreaterThan(maxBytes - 7);
      }
    }
  );

  it('keeps half a surrogate pair as it is', () => {
    expect(clip('a\ud800b\udc00😀', 100).text).toBe('a\ud800b\udc00😀');
    const data = { 'a/json': { 'k\ud800': '\\ud800 \ud800' } };
    expect(fitOutput('display_data', { data }, 1_000).output['data']).toEqual(data);
  });
});

it('leaves a value out that is nested deeper than an event may be', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  const data = { 'a/json': nested(50), 'b/json': nested(51), 'text/plain': 'x' };
  const { output } = fitOutput('display_data', { data }, 1_000);
  expect(output['data']).toEqual({ 'a/json': nested(50), 'text/plain': 'x' });
  expect(output['metadata']).toEqual({
    cell_monitor: { truncated: true, original_lengths: { 'b/json': 103 } }
  });
});

describe('A traceback', () => {
  it('is whole up to 30 KiB', () => {
    const traceback = Array.from({ length: 30 }, (_, line) => `${line} `.padEnd(1_000, 'x'));
    expect(fitError({ ename: 'E', evalue: '', traceback }).traceback).toEqual(traceback);
  });

  it('above it keeps its two ends and marks the gap', () => {
    const traceback = Array.from({ length: 300 }, (_, line) => `${line} `.padEnd(1_000, 'x'));
    const fitted = fitError({ ename: '', evalue: 'm'.repeat(99_999), traceback });
    expect(fitted.name).toBe('Error');
    expect(bytesOf(fitted)).toBeLessThan(44 * 1024);
    expect(fitted.traceback).toContain('[…]');
    expect(fitted.traceback[0]).toBe(traceback[0]);
    expect(fitted.traceback.at(-1)).toBe(traceback.at(-1));
  });
});

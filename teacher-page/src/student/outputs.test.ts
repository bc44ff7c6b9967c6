import { describe, expect, it } from 'vitest';
import { outputParts } from './outputs';

const display = (data: unknown) => outputParts([{ output_type: 'display_data', data }]);

describe('an output', () => {
  it('of a stream is joined from its pieces', () => {
    const piece = (text: string | string[]) => ({ output_type: 'stream', name: 'stdout', text });
    expect(outputParts([piece('a\nb'), piece(['c\n', 'd'])])).toEqual([
      { kind: 'text', text: 'a\nbc\nd' }
    ]);
  });

  it('of the original specification is its text', () => {
    expect(outputParts({ data: 'hello', execution_count: 1 })).toEqual([
      { kind: 'text', text: 'hello' }
    ]);
  });

  it('is shown as plain text where there is one', () => {
    expect(display({ 'text/html': '<b>x</b>', 'text/plain': ['x', 'y'] })).toEqual([
      { kind: 'text', text: 'xy\n' }
    ]);
  });

  it('is shown as an image where it is PNG or JPEG in base64', () => {
    expect(display({ 'image/png': 'aGVs\nbG8=\n', 'text/plain': 'fig' })).toEqual([
      { kind: 'image', src: 'data:image/png;base64,aGVsbG8=' }
    ]);
  });

  it('that only calls itself an image is none', () => {
    const bad = '"><script>alert(1)</script>';
    expect(display({ 'image/png': bad })).toEqual([{ kind: 'hidden', mime: 'image/png' }]);
  });

  it.each(['text/html', 'image/svg+xml', 'application/javascript', 'application/vnd.x+json'])(
    'of type %s is named, not shown',
    mime => {
      expect(display({ [mime]: '<script>alert(1)</script>' })).toEqual([{ kind: 'hidden', mime }]);
    }
  );

  it('that is an error is left to the traceback', () => {
    expect(outputParts([{ output_type: 'error', ename: 'x' }])).toEqual([]);
  });

  it.each([[null], [undefined], [42], [[null, [], 7]], [{}], [{ data: null }]])(
    'of a strange shape (%j) is nothing',
    output => {
      expect(outputParts(output)).toEqual([]);
    }
  );
});

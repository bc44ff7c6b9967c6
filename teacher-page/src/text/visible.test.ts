import { describe, expect, it } from 'vitest';
import { stripAnsi, visible, visibleLine, visibleOutput } from './visible';

describe('text of somebody else', () => {
  it.each([
    ['colours', '\u001b[0;31mNameError\u001b[0m: x', 'NameError: x'],
    ['cursor movements', 'a\u001b[2J\u001b[1;1Hb', 'ab'],
    ['links', '\u001b]8;;http://evil\u0007here\u001b]8;;\u0007', 'here'],
    ['titles', '\u001b]0;title\u001b\\text', 'text'],
    ['eight-bit sequences', '\u009b31mred', 'red']
  ])('loses its terminal %s', (_, text, shown) => {
    expect(stripAnsi(text)).toBe(shown);
  });

  it('keeps what follows an unended sequence', () => {
    expect(visible('\u001b]0;all of this stays')).toBe('⟨U+001B⟩]0;all of this stays');
    expect(visible('\u001bP and this')).toBe('⟨U+001B⟩P and this');
  });

  it.each([
    '\u202a',
    '\u202b',
    '\u202c',
    '\u202d',
    '\u202e',
    '\u2066',
    '\u2067',
    '\u2068',
    '\u2069'
  ])('shows the control of direction %j', char => {
    const code = char.charCodeAt(0).toString(16).toUpperCase();
    expect(visible(`a${char}b`)).toBe(`a⟨U+${code}⟩b`);
  });

  it('shows NUL, backspace, escape, other controls and lone surrogates', () => {
    expect(visible('\u0000\b\u001b\u007f\u0085\ud800')).toBe(
      '⟨U+0000⟩⟨U+0008⟩⟨U+001B⟩⟨U+007F⟩⟨U+0085⟩⟨U+D800⟩'
    );
  });

  it('leaves Japanese, emoji, right-to-left letters, tabs and line feeds alone', () => {
    const text = '日本語 👩‍🏫 שלום\tx\ny';
    expect(visible(text)).toBe(text);
  });

  it('has one kind of line end', () => {
    expect(visible('a\r\nb\rc\u2028d')).toBe('a\nb\nc\nd');
  });

  it('fits into one line of bounded length', () => {
    expect(visibleLine(' a\n\n b ')).toBe('a b');
    expect(visibleLine('x'.repeat(1_000), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(visibleLine('👩'.repeat(20), 10)).toBe(`${'👩'.repeat(9)}…`);
  });

  it('is read in linear time, also where it is made to be slow', () => {
    const hostile = '\u001b[1;'.repeat(50_000) + '\u001b]'.repeat(50_000);
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      visible(hostile);
      return performance.now() - began;
    });
    // The best of five: the computer may be busy.
    expect(Math.min(...times)).toBeLessThan(1_000);
  });
});

describe('what a program printed', () => {
  it('shows the last state of a line that was written over', () => {
    expect(visibleOutput('10 %\r50 %\r100 %\ndone\r\n')).toBe('100 %\ndone\n');
    expect(visibleOutput('100 %\r')).toBe('100 %');
  });
});

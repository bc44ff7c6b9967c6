import { describe, expect, it } from 'vitest';
import en from './en.json';
import { createTranslations, preferredLanguage } from './index';
import ja from './ja.json';

type Texts = { [key: string]: string | Texts };

/** Keys with the names of what is filled in; a plural form counts for its word. */
function keysOf(texts: Texts, path = ''): string[] {
  return Object.entries(texts).flatMap(([key, value]) => {
    const name = `${path}${key.replace(/_(one|other)$/, '')}`;
    return typeof value === 'string' ? [name] : keysOf(value, `${name}.`);
  });
}

function blanksOf(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}|<(\d)>/g)].map(match => match[0]).sort();
}

function textsOf(texts: Texts, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value]] : textsOf(value, `${path}${key}.`)
  );
}

describe('the two catalogues', () => {
  it('have the same keys', () => {
    expect(new Set(keysOf(ja))).toEqual(new Set(keysOf(en)));
  });

  it('fill in the same things', () => {
    const english = new Map(textsOf(en));
    for (const [key, text] of textsOf(ja)) {
      expect([key, blanksOf(text)]).toEqual([key, blanksOf(english.get(key) ?? '')]);
    }
  });
});

describe('the language', () => {
  it('is the chosen one, else the browser’s first that there is, else English', () => {
    expect(preferredLanguage('ja', ['en-US'])).toBe('ja');
    expect(preferredLanguage(null, ['fr', 'ja-JP', 'en'])).toBe('ja');
    expect(preferredLanguage('xx', ['fr'])).toBe('en');
  });

  it('is the one of the page', () => {
    createTranslations('ja');
    expect(document.documentElement.lang).toBe('ja');
  });
});

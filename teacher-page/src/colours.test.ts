import styles from './styles.css?raw';
import { describe, expect, it } from 'vitest';

type Colours = Record<string, string>;

function coloursOf(selector: string): Colours {
  const start = styles.indexOf(selector);
  const block = styles.slice(start, styles.indexOf('}', start));
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [
      name,
      value
    ])
  );
}

/** WCAG 2.2: relative luminance of an sRGB colour. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map(place => parseInt(colour.slice(place, place + 2), 16) / 255)
    .map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2: contrast ratio, 1 to 21. */
function contrast(first = '', second = ''): number {
  const [dark = 0, bright = 0] = [luminance(first), luminance(second)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

const light = coloursOf(':root,');
const themes = { light, dark: { ...light, ...coloursOf("[data-bs-theme='dark'] {") } };

const TEXTS = [
  ['ink', ['page', 'card', 'ground', 'error-bg']],
  ['soft', ['page', 'card', 'ground']],
  ['link', ['page', 'card']],
  ['done', ['done-bg', 'card']],
  ['error', ['error-bg', 'card', 'ground']],
  ['running', ['running-bg']],
  ['warn', ['warn-bg', 'card']],
  ['on-accent', ['accent']]
] as const;

describe.each(Object.entries(themes))('in the %s theme', (_, colours: Colours) => {
  it.each(TEXTS)('text in %s has 4.5 : 1 on each of its grounds', (text, grounds) => {
    for (const ground of grounds) {
      expect([ground, contrast(colours[text], colours[ground])]).toEqual([
        ground,
        expect.toSatisfy((ratio: number) => ratio >= 4.5)
      ]);
    }
  });

  it.each(['done-bar', 'error-bar', 'running-bar', 'link'])('the sign %s has 3 : 1', sign => {
    expect(contrast(colours[sign], colours['card'])).toBeGreaterThanOrEqual(3);
  });
});

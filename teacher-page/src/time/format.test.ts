import { describe, expect, it } from 'vitest';
import { Clock } from './clock';
import { parseTime, sayDuration, sayTime } from './format';

const now = new Date(2026, 3, 10, 11, 30, 0).getTime();
const say = (at: Date, language = 'en') => sayTime(at.getTime(), now, language, 'now');

describe('a time', () => {
  it.each([
    ['now', new Date(2026, 3, 10, 11, 29, 51)],
    ['20 sec. ago', new Date(2026, 3, 10, 11, 29, 35)],
    ['6 min. ago', new Date(2026, 3, 10, 11, 23, 10)],
    ['59 min. ago', new Date(2026, 3, 10, 10, 30, 1)],
    ['10:30', new Date(2026, 3, 10, 10, 30)],
    ['00:05', new Date(2026, 3, 10, 0, 5)],
    ['Apr 9', new Date(2026, 3, 9, 23, 59)],
    ['Apr 9, 2025', new Date(2025, 3, 9)]
  ])('is said as %j', (words, at) => {
    expect(say(at)).toBe(words);
  });

  it('is said in Japanese', () => {
    expect(say(new Date(2026, 3, 10, 11, 24), 'ja')).toBe('6 分前');
    expect(say(new Date(2026, 3, 9), 'ja')).toBe('4月9日');
  });

  it('in the future, by a wrong clock, is now', () => {
    expect(say(new Date(2026, 3, 10, 11, 31))).toBe('now');
  });

  it('that cannot be read is none', () => {
    expect(parseTime('soon')).toBeNull();
    expect(parseTime(null)).toBeNull();
  });
});

describe('a duration', () => {
  it.each([
    [4.63, '4.6 ms'],
    [152, '152 ms'],
    [1_520, '1.5 sec'],
    [12_345, '12 sec'],
    [180_000, '3 min']
  ])('of %f ms is said as %j', (duration_ms, words) => {
    expect(sayDuration(duration_ms, 'en')).toBe(words);
  });
});

describe('the service’s clock', () => {
  it('is followed where the viewer’s is minutes off, and not for a second of rounding', () => {
    const clock = new Clock(() => now);
    clock.observe(new Date(now + 600_000).toUTCString());
    expect(clock.now()).toBe(now + 600_000);
    clock.observe(new Date(now - 1_000).toUTCString());
    expect(clock.now()).toBe(now);
    clock.observe('nonsense');
    expect(clock.now()).toBe(now);
  });
});

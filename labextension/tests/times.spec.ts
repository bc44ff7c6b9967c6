/** @jest-environment node */
import { durationMs, type IMoment, later, parseKernelTime } from '../src/times';

const moment = (text: string): IMoment => parseKernelTime(text) as IMoment;

describe('A kernel’s time', () => {
  it.each([
    ['2026-04-01T09:00:00.123456Z', '2026-04-01T09:00:00.123456Z'],
    ['2026-04-01T09:00:00Z', '2026-04-01T09:00:00.000000Z'],
    ['2026-04-01T09:00:00.5', '2026-04-01T09:00:00.500000Z'],
    ['2026-04-01T18:00:00.123456+09:00', '2026-04-01T09:00:00.123456Z'],
    ['2026-04-01T09:00:00.123456789Z', '2026-04-01T09:00:00.123456Z']
  ])('%s is %s', (given, text) => {
    expect(moment(given).text).toBe(text);
  });

  it.each([['yesterday'], [''], [undefined], [5], ['2026-13-01T00:00:00Z']])(
    'is none where the kernel says %j',
    given => {
      expect(parseKernelTime(given)).toBeNull();
    }
  );

  it('makes durations to the microsecond, and 0 where a clock was set back', () => {
    const [a, b] = [moment('2026-04-01T09:00:00.999999Z'), moment('2026-04-01T09:00:01.000001Z')];
    expect(durationMs(a, b)).toBe(0.002);
    expect(durationMs(b, a)).toBe(0);
    expect([later(a, b), later(b, a), later(null, a), later(null, null)]).toEqual([b, b, a, null]);
  });
});

import { dayOf, nextContact, sentOnDayOf } from '../src/contact';

describe('The last exchange with the service', () => {
  const late = new Date(2026, 3, 1, 23, 59).getTime();

  it('is on the day that it is where the browser is', () => {
    expect(dayOf(late)).toBe('2026-04-01');
    expect(dayOf(new Date(2026, 11, 31).getTime())).toBe('2026-12-31');
  });

  it('counts what was sent on its day, and begins again on the next', () => {
    const first = nextContact(undefined, late - 1, 3);
    const second = nextContact(first, late, 2);
    expect([sentOnDayOf(late, second), sentOnDayOf(late + 60_000, second)]).toEqual([5, 0]);
    expect(nextContact(second, late + 60_000, 1).sentOnDay).toBe(1);
  });
});

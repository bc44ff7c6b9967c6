import { describe, expect, it } from 'vitest';
import { chosenNotebook } from './choices';
import { fieldValue, sinceOf } from './range';

const now = new Date(2026, 3, 10, 11, 30).getTime();
const lesson = new Date(2026, 3, 10, 10, 40).toISOString();

describe('the chosen time', () => {
  it.each([
    ['lesson', new Date(2026, 3, 10, 10, 40)],
    ['today', new Date(2026, 3, 10)],
    ['week', new Date(2026, 3, 4)],
    ['custom', new Date(2026, 3, 9, 8, 15)]
  ] as const)('%s begins in the viewer’s zone', (name, since) => {
    expect(sinceOf(name, '2026-04-09T08:15', lesson, now)).toBe(since.toISOString());
  });

  it('is open where there was no lesson, no valid time, or all is wanted', () => {
    expect(sinceOf('lesson', '', null, now)).toBeNull();
    expect(sinceOf('custom', 'yesterday', lesson, now)).toBeNull();
    expect(sinceOf('all', '', lesson, now)).toBeNull();
  });

  it('stands in its field as local time', () => {
    expect(fieldValue(new Date(2026, 3, 9, 8, 15).getTime())).toBe('2026-04-09T08:15');
  });
});

describe('the chosen notebook', () => {
  const notebook = { assignment: null, name: '', student_count: 1 };
  const notebooks = [
    { ...notebook, notebook_key: 'old', last_activity_at: '2026-04-01T00:00:00Z' },
    { ...notebook, notebook_key: 'new', last_activity_at: '2026-04-02T00:00:00Z' },
    { ...notebook, notebook_key: 'unused', last_activity_at: null }
  ];

  it('is the one in which something happened last, unless another was chosen', () => {
    expect(chosenNotebook({ notebooks }, null)).toBe('new');
    expect(chosenNotebook({ notebooks }, 'old')).toBe('old');
    expect(chosenNotebook({ notebooks }, 'gone')).toBe('new');
    expect(chosenNotebook({ notebooks: [] }, null)).toBeNull();
  });
});

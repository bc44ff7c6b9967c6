import { describe, expect, it } from 'vitest';
import { Labels } from './labels';

const students = [
  { student_id: 'sato', name: '佐藤 花子', number: 's24101' },
  { student_id: 's24102', name: 'Ann Lee', number: 's24102' },
  { student_id: 'tanaka', name: null, number: null }
];
const named = new Labels(students, false, n => `No. ${n}`);
const numbered = new Labels(students, true, n => `No. ${n}`);

describe('with names', () => {
  it('a student is called by name, with the number beside it', () => {
    expect(named.of('sato')).toEqual({ main: '佐藤 花子', small: 's24101' });
    expect(named.of('tanaka')).toEqual({ main: 'tanaka', small: null });
  });

  it('a text stays as it is', () => {
    expect(named.mask('佐藤 花子 sato')).toBe('佐藤 花子 sato');
  });
});

describe('with numbers only', () => {
  it('a student is called by the school’s number, or by the place in the list', () => {
    expect(numbered.of('sato')).toEqual({ main: 's24101', small: null });
    expect(numbered.of('tanaka')).toEqual({ main: 'No. 3', small: null });
  });

  it('a number that is the login name is not shown', () => {
    expect(numbered.of('s24102').main).toBe('No. 1');
  });

  it('names, their parts and login names disappear from texts, words of programs stay', () => {
    expect(numbered.mask('# 佐藤花子 by SATO, /home/sato/x.csv')).not.toMatch(/佐藤|花子|sato/i);
    expect(numbered.mask('Annotated sleep ann_lee')).toContain('Annotated sleep');
  });

  it('the search does not find a name', () => {
    expect(numbered.searched('sato')).toEqual(['s24101']);
  });

  it('the address has no name, and leads to the same student', () => {
    for (const { student_id } of students) {
      const path = numbered.pathOf(student_id);
      expect(path).toMatch(/^@\d+$/);
      expect(named.find(path)).toBe(student_id);
    }
    expect(numbered.find('@9')).toBeUndefined();
  });
});

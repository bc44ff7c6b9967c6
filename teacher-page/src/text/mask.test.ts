import { describe, expect, it } from 'vitest';
import { maskOf } from './mask';

describe('a mask', () => {
  it('hides the longest name first', () => {
    const mask = maskOf([
      { student_id: 'student-1', name: null },
      { student_id: 'student-12', name: null }
    ]);
    expect(mask('/home/student-12/x and student-1')).toBe('/home/●●●/x and ●●●');
  });

  it('takes names literally', () => {
    const mask = maskOf([{ student_id: 'a.b+c', name: 'O(n) [x]' }]);
    expect(mask('axbbc a.b+c O(n) [x]')).toBe('axbbc ●●● ●●●');
  });

  it('changes nothing for an empty class', () => {
    expect(maskOf([])('text')).toBe('text');
  });
});

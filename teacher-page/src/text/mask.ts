/** Takes the names out of texts while the page is shown to the whole class. */

import type { Student } from '../contract';

export type Mask = (text: string) => string;

const HIDDEN = '●●●';
const ASCII = /^[\x20-\x7e]+$/;

/** A function that replaces each of the students' ids, names and parts of names. */
export function maskOf(students: readonly Pick<Student, 'student_id' | 'name'>[]): Mask {
  const words = new Set(students.flatMap(wordsOf));
  if (words.size === 0) {
    return text => text;
  }
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(patternOf).join('|'), 'giu');
  return text => text.replace(pattern, HIDDEN);
}

// A part of a name counts where it is written as one: `Sato`, `佐藤`; `print` is none.
function wordsOf({ student_id, name }: Pick<Student, 'student_id' | 'name'>): string[] {
  const whole = [student_id, name ?? ''];
  const parts = (name ?? '').split(/\s+/u).filter(part => /^[^\p{Ll}\p{P}\p{S}]/u.test(part));
  return [...whole, ...parts].filter(word => word.length >= (ASCII.test(word) ? 3 : 2));
}

// "Ann" is not a name within "Annotated"; Japanese has no space to tell words apart.
function patternOf(word: string): string {
  const escaped = word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return ASCII.test(word) ? `(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])` : escaped;
}
